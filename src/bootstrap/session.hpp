// A rank's seat in a meeting: how ranks that found each other stay in touch beside the data path. It carries cards on
// demand, small agreements, and the news that somebody died.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/config.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "bootstrap/tree/contributions.hpp"
#include "bootstrap/unique_id.hpp"
#include "topology/fabric/layout.hpp"

namespace tutti::bootstrap {

struct JoinRequest {
  UniqueId id;
  Rank rank{};
  std::int32_t world_size = 1;
  const Config* config = nullptr;
  Log log;
  Deadline deadline;
};

inline constexpr std::size_t kMaxContribution = 4096;

/// Thread-safe. A thread of its own, asleep unless something arrives, keeps the connections (at most 64 per process's
/// rank). A rank whose connection ends without `leave` is lost, and every other rank learns it within milliseconds.
class Session {
 public:
  /// Blocks until every rank has come, at most until the deadline. Fails with timeout (the text says which ranks have
  /// not come), invalid_argument (the rank is out of range, or a second process claims it: both learn it), transport
  /// (wrong key, another version).
  static Result<std::unique_ptr<Session>> join(const JoinRequest& request);

  /// Leaves, if `leave` was not called, and hands the ranks that hang below this one over to others. That takes some
  /// round trips between threads that always answer, no act of another user, and one second at most.
  virtual ~Session() = default;

  [[nodiscard]] virtual Rank rank() const = 0;
  [[nodiscard]] virtual const topology::Layout& layout() const = 0;
  /// The same of machines: several nodes may be on one, as containers or in tests.
  [[nodiscard]] virtual const topology::Layout& machines() const = 0;
  [[nodiscard]] virtual std::string node_name(Rank peer) const = 0;  // "gpu-07"; "" if it is not known here

  /// Puts down this rank's card. Once; peers that asked earlier get it then.
  virtual void publish(std::vector<std::byte> card) = 0;

  /// The card of `peer`, or nothing yet: the first call asks for it, wait_fd() tells when to look again.
  virtual std::optional<std::vector<std::byte>> find_card(Rank peer) = 0;

  /// Every rank's contribution (at most kMaxContribution bytes). All ranks call it, in the same order. What many say
  /// alike travels once.
  virtual Result<Contributions> all_gather(std::span<const std::byte> mine, Deadline deadline) = 0;

  /// Tells every rank that this communicator has failed. Returns at once; only the first failure counts.
  virtual void fail(const Error& error) = 0;

  /// The failure that this rank knows of, its own or another's. Cheap enough for every poll when there is none.
  [[nodiscard]] virtual std::optional<Error> failure() const = 0;

  /// Readable when a card or a failure has arrived since the last `acknowledge`.
  [[nodiscard]] virtual int wait_fd() const = 0;
  virtual void acknowledge() = 0;

  /// Says goodbye, so that the others do not count this rank as lost. Does not wait for them. While the session exists
  /// it goes on passing on what others need, its own card included.
  virtual void leave() = 0;
};

}  // namespace tutti::bootstrap
