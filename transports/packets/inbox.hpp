// The receiving side of a path: the receives that are posted, and what has come before them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "transports/fifo.hpp"
#include "transports/packets/flow.hpp"
#include "transports/packets/rail.hpp"
#include "transports/transport.hpp"

namespace tutti::transport::packets {

class Inbox {
 public:
  /// How the sender has broken the rules.
  struct Fault {
    enum class Kind : std::uint8_t { length, fingerprint, nonsense } kind{};
    std::uint64_t got = 0;
    std::uint64_t expected = 0;
  };

  /// Payload that stays with the peer until it is fetched, over the rail that announced it.
  struct Parcel {
    Rail* rail = nullptr;
    void* parcel = nullptr;
    std::uint8_t lane = 0;
  };

  /// What can be fetched now, and where it belongs.
  struct Fetch {
    Parcel from;
    std::uint64_t message = 0;
    std::byte* out = nullptr;
    std::uint32_t bytes = 0;
  };

  void post(const Transfer& receive);

  /// Takes a packet: into its receive, or into memory of its own until there is one.
  std::optional<Fault> take(const Header& header, const std::byte* payload, std::vector<Completion>& done);
  /// Takes what was announced: nothing of it is held here.
  std::optional<Fault> take(const Header& header, const Parcel& parcel);
  /// Gives receives that were posted meanwhile what had come before them.
  std::optional<Fault> serve(std::vector<Completion>& done);

  /// What is to be fetched, each once; after it `fetched` must be called.
  std::vector<Fetch> fetches() { return std::exchange(fetches_, {}); }
  [[nodiscard]] bool has_fetches() const { return !fetches_.empty(); }
  void fetched(std::uint64_t message, std::vector<Completion>& done);

  /// Completes what is posted as failed, those into which something is being fetched when that is over; drops the rest.
  void fail(std::vector<Completion>& done);
  /// Forgets all, without a completion.
  void forget();

  [[nodiscard]] bool is_waiting() const { return !receives_.empty(); }
  [[nodiscard]] bool holds_early() const { return !early_.empty(); }
  [[nodiscard]] Allowance& allowance() { return allowance_; }
  /// Bytes that it holds for what came before its receive.
  [[nodiscard]] std::uint64_t memory() const { return early_cost_; }

 private:
  struct Receive {
    Transfer transfer;
    std::size_t missing = 0;
    std::uint32_t fetching = 0;  // pieces
    bool has_begun = false;      // of an empty message, too, a packet must come
    bool is_over = false;

    [[nodiscard]] bool is_whole() const { return has_begun && missing == 0 && fetching == 0; }
  };
  struct Early {
    Header header;
    std::vector<std::byte> payload;
    std::optional<Parcel> parcel;
  };

  [[nodiscard]] static std::optional<Fault> misfit(const Receive& receive, const Header& header);
  [[nodiscard]] bool has_receive(const Header& header) const;
  std::optional<Fault> place(const Header& header, const std::byte* payload, std::vector<Completion>& done);
  std::optional<Fault> place(const Header& header, const Parcel& parcel);
  void finish(Receive& receive, std::vector<Completion>& done);
  void drop_parcels();

  Fifo<Receive> receives_;                     // some in the middle may be over
  std::uint64_t first_ = 0;                    // the number of the first of them
  std::uint64_t served_ = 0;                   // the number of the first that has not been given early packets
  std::multimap<std::uint64_t, Early> early_;  // by number of the message
  std::uint64_t early_cost_ = 0;
  std::size_t early_parcels_ = 0;
  std::vector<Fetch> fetches_;
  Allowance allowance_;
  bool has_failed_ = false;
};

}  // namespace tutti::transport::packets
