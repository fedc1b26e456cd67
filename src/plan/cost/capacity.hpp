// What a cut through a fabric can carry.
#pragma once

#include "topology/fabric/fabric.hpp"

namespace tutti::plan {

/// What leads out of the average unit of a level, at this level and further out, through all its ports, in bytes a
/// nanosecond; or, for `root`, out of one unit while the others rest.
double cut_GBps(const topology::Fabric& fabric, int level, bool root = false);

}  // namespace tutti::plan
