// A rank in a test: its transport, the paths to its peers, and the books of what it posted and what came of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "transports/transport.hpp"

namespace tutti::transport::conformance {

using Memory = std::vector<std::byte>;

/// Bytes that differ from place to place and from seed to seed.
Memory pattern(std::size_t bytes, std::uint32_t seed);
/// As ==, but fast in a debug build too.
bool same(std::span<const std::byte> left, std::span<const std::byte> right);

/// All waits of the suite end after it: 30 s, or CONFORMANCE_LIMIT seconds, for machines that are slow: emulated ones.
std::chrono::seconds limit_of_waits();

class Party {
 public:
  Party(Rank rank, std::unique_ptr<Transport> transport);

  [[nodiscard]] Rank rank() const { return rank_; }
  [[nodiscard]] Transport& transport() { return *transport_; }
  /// Aborts the test if the transport refuses.
  void connect(Rank peer, std::span<const std::byte> address);

  /// Give the transfer's token. The memory must stay.
  std::uint64_t send(Rank to, std::span<const std::byte> data, std::uint32_t fingerprint = 7);
  std::uint64_t recv(Rank from, std::span<std::byte> data, std::uint32_t fingerprint = 7);
  std::uint64_t recv_combine(Rank from, std::span<std::byte> data, const std::byte* operand, const Combine& combine);

  /// Aborts the test if the transport refuses.
  WindowId open_window(std::span<std::byte> memory);
  std::uint64_t put(Rank to, std::span<const std::byte> data, std::span<const std::byte> key, std::uint64_t offset = 0,
                    std::uint32_t signal = 0);

  /// One call of progress. Fails the test if something completes that was not outstanding.
  void poll();
  /// Polls until nothing is outstanding. False after the limit of all waits.
  bool finish();
  bool poll_until(const std::function<bool()>& condition);

  [[nodiscard]] std::size_t outstanding() const { return outstanding_.size(); }
  [[nodiscard]] bool done(std::uint64_t token) const { return !outstanding_.contains(token); }
  [[nodiscard]] bool failed(std::uint64_t token) const { return failed_.contains(token); }
  [[nodiscard]] std::size_t failures() const { return failed_.size(); }
  [[nodiscard]] Endpoint& endpoint(Rank peer) { return *endpoints_.at(peer); }
  [[nodiscard]] const Error* failure(Rank peer) const { return endpoints_.at(peer)->failure(); }

  /// What cancel() means for the books.
  void cancel();
  /// The transport goes away without a word to anybody.
  void vanish() { transport_.reset(); }

 private:
  std::uint64_t post(Rank peer, Transfer transfer);

  Rank rank_;
  std::unique_ptr<Transport> transport_;
  std::map<Rank, Endpoint*> endpoints_;
  std::set<std::uint64_t> outstanding_;
  std::set<std::uint64_t> failed_;
  std::vector<Completion> completed_;
  std::uint64_t next_token_ = 1;
};

using Parties = std::vector<std::unique_ptr<Party>>;

/// Connects each with all others.
void introduce(Parties& parties);

/// Polls all in turn, from this thread, until the condition holds. False after the limit of all waits.
bool poll_all_until(Parties& parties, const std::function<bool()>& condition);
/// ... until nobody has anything outstanding.
bool finish_all(Parties& parties);

}  // namespace tutti::transport::conformance
