#include "perf/limits/timing.hpp"

#include <algorithm>
#include <chrono>

namespace tutti::limits {
namespace {

constexpr double kSampleSeconds = 1e-3;
constexpr double kMostPasses = 20000;

}  // namespace

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[(values.size() - 1) / 2];
}

Result<double> time_passes(const std::vector<int>& cores, int samples, const Pass& pass) {
  const int members = static_cast<int>(cores.size());
  const Flags start(members);
  std::vector<std::vector<double>> times(cores.size());
  std::uint64_t passes = 1;  // of a sample; member 0 writes it before a meeting
  TUTTI_TRY(run_team(cores, [&](int member) {
    std::uint64_t round = 0;
    std::uint64_t number = 0;
    const auto run = [&](std::uint64_t count) {
      start.meet(member, ++round);
      const double begin = now();
      for (std::uint64_t i = 0; i < count; ++i) pass(member, ++number);
      return (now() - begin) / static_cast<double>(count);
    };
    run(2);  // what was never touched
    const double one = run(3);
    start.meet(member, ++round);
    if (member == 0) passes = static_cast<std::uint64_t>(std::clamp(kSampleSeconds / one, 1.0, kMostPasses));
    start.meet(member, ++round);
    const std::uint64_t count = passes;
    for (int sample = 0; sample < samples; ++sample) times[static_cast<std::size_t>(member)].push_back(run(count));
  }));
  std::vector<double> slowest = times[0];
  for (const auto& own : times) {
    for (std::size_t i = 0; i < slowest.size(); ++i) slowest[i] = std::max(slowest[i], own[i]);
  }
  return median_of(std::move(slowest)) * 1e6;
}

}  // namespace tutti::limits
