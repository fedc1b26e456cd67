// The whole measurement of dispatch and combine.
#pragma once

#include "tools/perf/moe/options.hpp"

namespace tutti::perf::moe {

/// The exit code: 0, or 1 after wrong results or any failure, which was then printed, or 2 when the options cannot be
/// met. The table and the document come from rank 0.
int benchmark(const Options& options);

}  // namespace tutti::perf::moe
