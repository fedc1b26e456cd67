// Probes a job level by level.
#pragma once

#include "tools/job/member.hpp"
#include "topology/fabric/fabric.hpp"
#include "topology/fabric/measured.hpp"

namespace tutti::tune {

constexpr int kMostProbes = 20;
constexpr double kMostSeconds = 3;

/// All ranks call it; rank 0 gets the answer. Each level is probed by one pair alone and by all ranks at once, again
/// and again while there is time; the best look counts, since what else a machine does only makes times longer.
Result<topology::MeasuredLinks> probe(job::Member& member, const topology::Fabric& fabric);

}  // namespace tutti::tune
