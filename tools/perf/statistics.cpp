#include "tools/perf/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tutti::perf {

Statistics statistics_of(std::vector<double> samples) {
  if (samples.empty()) return {};
  std::sort(samples.begin(), samples.end());
  const auto n = static_cast<double>(samples.size());
  const auto percentile = [&](double p) { return samples[static_cast<std::size_t>(std::ceil(p * n)) - 1]; };
  const double mean = std::accumulate(samples.begin(), samples.end(), 0.0) / n;
  const double squares = std::accumulate(samples.begin(), samples.end(), 0.0, [mean](double sum, double sample) {
    return sum + (sample - mean) * (sample - mean);
  });
  const double variation = mean > 0 ? 100 * std::sqrt(squares / n) / mean : 0;
  return {samples.front(), percentile(0.5), percentile(0.99), samples.back(), mean, variation};
}

double gigabytes_per_second(double bytes, double microseconds) {
  return microseconds > 0 ? bytes / microseconds / 1000 : 0;
}

}  // namespace tutti::perf
