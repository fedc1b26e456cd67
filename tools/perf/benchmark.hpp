// The whole measurement: takes the seats, goes through the cases and sizes, and reports from rank 0.
#pragma once

#include "tools/perf/options.hpp"

namespace tutti::perf {

/// The exit code: 0, or 1 after wrong elements, a bandwidth below NCCL_TESTS_MIN_BW or any failure, which was then
/// printed, or 2 when the options cannot be met by this number of ranks.
int benchmark(const Options& options);

}  // namespace tutti::perf
