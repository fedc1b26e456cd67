// What moves on each level over time, in a bounded number of steps of time.
#pragma once

#include <cstddef>
#include <vector>

namespace tutti::sim {

/// The mean in each step of time, which are equally long.
struct LevelUse {
  std::vector<double> at_us;              // when each step begins
  std::vector<std::vector<double>> GBps;  // by level, by step: of all ranks together
};

/// Adds up; steps become twice as long whenever there would be too many.
class UseRecorder {
 public:
  explicit UseRecorder(std::size_t levels) : moved_(levels) {}

  /// From `from_us` to `to_us` so many bytes a microsecond moved on each level.
  void add(double from_us, double to_us, const std::vector<double>& rates);
  /// What was recorded, until `end_us`.
  [[nodiscard]] LevelUse take(double end_us) const;

 private:
  static constexpr std::size_t kMostSteps = 1024;
  void lengthen();

  double step_us_ = 1e-3;
  std::size_t steps_ = 0;
  std::vector<std::vector<double>> moved_;  // bytes, by level, by step
};

}  // namespace tutti::sim
