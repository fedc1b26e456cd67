// `tutti perf COLL --tune FILE`: measures the ways that the model likes best against each other, and keeps the winners.
#pragma once

#include "tools/perf/seat.hpp"

namespace tutti::perf {

/// For every size: the best few ways are forced by turns, on communicators of the same ranks, each checked first. Rank
/// 0 shows what came of it and takes it into the file (schema tutti.tuning/1), whose other contents stay. The exit
/// code: 1 after wrong elements. Fails with invalid_argument where a choice would not be the model's own, or the file
/// is none.
Result<int> tune(const Options& options, Seat& seat);

}  // namespace tutti::perf
