// What is told of many times: nearest-rank percentiles, so that every number is one that was measured.
#pragma once

#include <vector>

namespace tutti::perf {

struct Statistics {
  double min = 0;
  double p50 = 0;
  double p99 = 0;
  double max = 0;
  double mean = 0;
  double variation_percent = 0;  // standard deviation / mean * 100
};

/// Of at least one sample.
Statistics statistics_of(std::vector<double> samples);

/// What most values lie between, and the middle one.
struct Spread {
  double p10 = 0;
  double p50 = 0;
  double p90 = 0;
};

/// Of at least one value.
Spread spread_of(std::vector<double> values);

/// Bytes over microseconds as GB/s (1e9); 0 for no time.
double gigabytes_per_second(double bytes, double microseconds);

}  // namespace tutti::perf
