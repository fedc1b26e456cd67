#include "tools/perf/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tutti::perf {

namespace {

double percentile(const std::vector<double>& sorted, double p) {
  return sorted[static_cast<std::size_t>(std::ceil(p * static_cast<double>(sorted.size()))) - 1];
}

}  // namespace

Statistics statistics_of(std::vector<double> samples) {
  if (samples.empty()) return {};
  std::sort(samples.begin(), samples.end());
  const auto n = static_cast<double>(samples.size());
  const double mean = std::accumulate(samples.begin(), samples.end(), 0.0) / n;
  const double squares = std::accumulate(samples.begin(), samples.end(), 0.0, [mean](double sum, double sample) {
    return sum + (sample - mean) * (sample - mean);
  });
  const double variation = mean > 0 ? 100 * std::sqrt(squares / n) / mean : 0;
  return {samples.front(), percentile(samples, 0.5), percentile(samples, 0.99), samples.back(), mean, variation};
}

Spread spread_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  return {percentile(values, 0.1), percentile(values, 0.5), percentile(values, 0.9)};
}

double gigabytes_per_second(double bytes, double microseconds) {
  return microseconds > 0 ? bytes / microseconds / 1000 : 0;
}

}  // namespace tutti::perf
