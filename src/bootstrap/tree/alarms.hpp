// A machine's timers: at most one of each kind is set.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "base/clock.hpp"

namespace tutti::bootstrap {

enum class Alarm : std::uint8_t {
  deadline,
  retry,
  seek_limit,
  flush_joins,
  flush_gathers,
  ask_again,
  gather,
  closing,
  count
};

class Alarms {
 public:
  void set(Alarm alarm, TimePoint at) { at_[slot(alarm)] = at; }
  void set_earlier(Alarm alarm, TimePoint at) {
    auto& mine = at_[slot(alarm)];
    mine = mine ? std::min(*mine, at) : at;
  }
  void cancel(Alarm alarm) { at_[slot(alarm)].reset(); }
  [[nodiscard]] bool is_set(Alarm alarm) const { return at_[slot(alarm)].has_value(); }

  /// Whether the alarm is due; if so it is cancelled.
  bool rings(Alarm alarm, TimePoint now) {
    auto& mine = at_[slot(alarm)];
    if (!mine || *mine > now) return false;
    mine.reset();
    return true;
  }
  [[nodiscard]] std::optional<TimePoint> next() const {
    std::optional<TimePoint> first;
    for (const auto& at : at_) {
      if (at && (!first || *at < *first)) first = at;
    }
    return first;
  }

 private:
  static std::size_t slot(Alarm alarm) { return static_cast<std::size_t>(alarm); }
  std::array<std::optional<TimePoint>, static_cast<std::size_t>(Alarm::count)> at_;
};

}  // namespace tutti::bootstrap
