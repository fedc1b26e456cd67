// How a rank waits: it spins while every waiting rank has a core, offers the core, then sleeps. See docs/waiting.md.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/clock.hpp"

namespace tutti::engine {

struct WaitPolicy {
  Duration spin = std::chrono::microseconds(200);   // polls before it sleeps, if every rank of the node has a core
  Duration tight = std::chrono::microseconds(5);    // of that, without a pause, also between two offers of the core
  Duration yield = std::chrono::microseconds(200);  // polls and offers the core after `spin`, or from the start
  bool crowded = false;                             // more ranks than cores: never spins
  Duration longest_sleep = std::chrono::milliseconds(100);  // after which a sleeper looks around all the same
};

enum class Pause : std::uint8_t { none, yield, sleep };

/// Decides, from what time it is, how to pass the time until the next poll. A value; reads no clock itself.
class Waiter {
 public:
  explicit Waiter(const WaitPolicy& policy) : policy_(policy) {}

  /// To be told after each poll whether it moved anything.
  Pause next(bool moved, TimePoint now) {
    if (moved || !idle_since_) {
      idle_since_ = now;
      return policy_.crowded && !moved ? Pause::yield : Pause::none;
    }
    const Duration idle = now - *idle_since_;
    const Duration spin = policy_.crowded ? Duration::zero() : policy_.spin;
    const Duration tight = std::min(spin, policy_.tight);
    if (idle >= spin + policy_.yield) return Pause::sleep;
    if (idle < tight || (idle < spin && now - offered_ < tight)) return Pause::none;
    offered_ = now;
    return Pause::yield;
  }

 private:
  WaitPolicy policy_;
  std::optional<TimePoint> idle_since_;
  TimePoint offered_{};  // the core
};

}  // namespace tutti::engine
