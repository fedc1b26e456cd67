// Time as a value. Only the edge of the API reads a real clock; everything below is told what time it is.
#pragma once

#include <chrono>

namespace tutti {

using Duration = std::chrono::nanoseconds;

/// A moment on a monotonic clock whose origin means nothing.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual TimePoint now() const = 0;
};

/// The machine's monotonic clock.
class SteadyClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return std::chrono::steady_clock::now(); }
};

/// A clock that stands still until it is told otherwise: for tests and simulation.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return now_; }
  void advance(Duration by) { now_ += by; }

 private:
  TimePoint now_{};
};

/// The moment by which something must have ended.
struct Deadline {
  TimePoint at{};

  [[nodiscard]] bool passed(TimePoint now) const { return now >= at; }
  [[nodiscard]] Duration left(TimePoint now) const { return passed(now) ? Duration::zero() : at - now; }
};

inline Deadline in(Duration duration, TimePoint now) {
  return {now + duration};
}

}  // namespace tutti
