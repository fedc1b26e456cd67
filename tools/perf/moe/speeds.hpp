// What the wires of this job give now, measured with plain messages: the denominators of the bounds.
#pragma once

#include "tools/perf/moe/bound.hpp"
#include "tools/perf/seat.hpp"

namespace tutti::perf::moe {

/// Every rank sends to one of its node and receives from another, all at once; then to its like on the next node, and
/// from that of the node before. The greatest rates of a few tries. All ranks get the same numbers.
Result<Speeds> measure_speeds(Seat& seat, const std::vector<int>& node_of_rank);

}  // namespace tutti::perf::moe
