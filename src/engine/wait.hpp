// How a rank waits: it spins while every waiting rank has a core, then yields, then sleeps. See docs/waiting.md.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.hpp"

namespace tutti::engine {

struct WaitPolicy {
  Duration spin = std::chrono::microseconds(200);           // polls without pause, if every rank of the node has a core
  Duration yield = std::chrono::microseconds(200);          // then polls and gives the core away in between
  bool crowded = false;                                     // more ranks than cores: never spins
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
    if (idle < spin) return Pause::none;
    return idle < spin + policy_.yield ? Pause::yield : Pause::sleep;
  }

 private:
  WaitPolicy policy_;
  std::optional<TimePoint> idle_since_;
};

}  // namespace tutti::engine
