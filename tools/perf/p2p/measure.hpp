// Takes the times of a pair.
#pragma once

#include "tools/perf/p2p/pair.hpp"
#include "tools/perf/p2p/row.hpp"

namespace tutti::perf::p2p {

/// All modes for messages of `bytes`, with the other end. The times are right at the pair's first rank only; what is
/// wrong, at both.
Result<Row> measure(const Options& options, Pair& pair, std::size_t bytes);

}  // namespace tutti::perf::p2p
