#include "sim/use.hpp"

#include <algorithm>
#include <cmath>

namespace tutti::sim {
namespace {

constexpr double kGBps = 1e-3;  // of a byte a microsecond

}  // namespace

void UseRecorder::lengthen() {
  step_us_ *= 2;
  for (auto& level : moved_) {
    for (std::size_t i = 0; i < level.size(); ++i) {
      const double bytes = level[i];
      level[i] = 0;
      level[i / 2] += bytes;
    }
    level.resize((level.size() + 1) / 2);
  }
  steps_ = (steps_ + 1) / 2;
}

void UseRecorder::add(double from_us, double to_us, const std::vector<double>& rates) {
  if (to_us <= from_us) return;
  while (to_us > step_us_ * static_cast<double>(kMostSteps)) lengthen();
  const auto first = static_cast<std::size_t>(from_us / step_us_);
  const auto last = std::min(static_cast<std::size_t>(to_us / step_us_), kMostSteps - 1);
  steps_ = std::max(steps_, last + 1);
  for (std::size_t level = 0; level < moved_.size(); ++level) {
    moved_[level].resize(steps_, 0);
    if (rates[level] <= 0) continue;
    for (std::size_t step = first; step <= last; ++step) {
      const double begin = std::max(from_us, step_us_ * static_cast<double>(step));
      const double end = std::min(to_us, step_us_ * static_cast<double>(step + 1));
      if (end > begin) moved_[level][step] += rates[level] * (end - begin);
    }
  }
}

LevelUse UseRecorder::take(double end_us) const {
  LevelUse use;
  use.GBps.resize(moved_.size());
  for (std::size_t step = 0; step < steps_ && step_us_ * static_cast<double>(step) < end_us; ++step) {
    use.at_us.push_back(step_us_ * static_cast<double>(step));
    const double length = std::min(step_us_, end_us - use.at_us.back());
    for (std::size_t level = 0; level < moved_.size(); ++level)
      use.GBps[level].push_back(moved_[level][step] / length * kGBps);
  }
  return use;
}

}  // namespace tutti::sim
