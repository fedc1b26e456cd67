// Ranks in one process, on one thread or several: for tests and simulation. Deterministic when polled from one thread.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>

#include "transports/transport.hpp"

namespace tutti::transport::loopback {

class LoopbackTransport;

struct HubOptions {
  /// Bytes that each direction of each path holds before its receives are posted. 0: a send completes only when its
  /// receive has taken it (rendezvous), the hardest test for deadlocks.
  std::size_t buffer = 0;
  /// What capabilities().combines says.
  bool combines = true;
  /// Whether messages also go by send_now and its like.
  bool goes_straight = true;
};

/// What connects the ranks. Owned by the caller; must outlive their transports. Thread-safe: one lock for everything.
class Hub {
 public:
  explicit Hub(HubOptions options = {}) : options_(options) {}
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  [[nodiscard]] const HubOptions& options() const { return options_; }

 private:
  friend class LoopbackTransport;
  friend class LoopbackEndpoint;
  friend Result<std::unique_ptr<Transport>> create(Hub& hub, Rank rank);

  HubOptions options_;
  std::mutex lock_;                             // guards everything that is reachable from `members_`
  std::map<Rank, LoopbackTransport*> members_;  // those alive now
};

/// The transport of `rank`. Fails with invalid_argument if the hub has that rank already.
Result<std::unique_ptr<Transport>> create(Hub& hub, Rank rank);

}  // namespace tutti::transport::loopback
