// The receiving side of a path: the receives that are posted, and what has come before them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "transports/fifo.hpp"
#include "transports/ofi/flow.hpp"
#include "transports/ofi/packet.hpp"
#include "transports/transport.hpp"

namespace tutti::transport::ofi {

class Inbox {
 public:
  /// How the sender has broken the rules.
  struct Fault {
    enum class Kind : std::uint8_t { length, fingerprint, nonsense } kind{};
    std::uint64_t got = 0;
    std::uint64_t expected = 0;
  };

  void post(const Transfer& receive);

  /// Takes a packet: into its receive, or into memory of its own until there is one.
  std::optional<Fault> take(const Header& header, const std::byte* payload, std::vector<Completion>& done);
  /// Gives receives that were posted meanwhile what had come before them.
  std::optional<Fault> serve(std::vector<Completion>& done);

  /// Completes what is posted as failed, or forgets it.
  void fail(std::vector<Completion>& done);
  void forget();

  [[nodiscard]] bool is_waiting() const { return !receives_.empty(); }
  [[nodiscard]] bool holds_early() const { return !early_.empty(); }
  [[nodiscard]] Allowance& allowance() { return allowance_; }

 private:
  struct Receive {
    Transfer transfer;
    std::size_t missing = 0;
    bool has_begun = false;  // of an empty message, too, a packet must come
  };
  struct Early {
    Header header;
    std::vector<std::byte> payload;
  };

  [[nodiscard]] static std::optional<Fault> misfit(const Receive& receive, const Header& header);
  std::optional<Fault> place(const Header& header, const std::byte* payload, std::vector<Completion>& done);

  Fifo<Receive> receives_;                     // some in the middle may be over
  std::uint64_t first_ = 0;                    // the number of the first of them
  std::uint64_t served_ = 0;                   // the number of the first that has not been given early packets
  std::multimap<std::uint64_t, Early> early_;  // by number of the message
  std::uint64_t early_cost_ = 0;
  Allowance allowance_;
};

}  // namespace tutti::transport::ofi
