// The whole measurement between two ranks; the others sleep meanwhile.
#pragma once

#include "tools/perf/p2p/options.hpp"

namespace tutti::perf::p2p {

/// The exit code: 0, or 1 after wrong bytes or any failure, which was then printed, or 2 when the options cannot be met
/// by this job. The table and the document come from the rank that sends first.
int benchmark(const Options& options);

}  // namespace tutti::perf::p2p
