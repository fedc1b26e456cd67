// Which ranks exchange with which when a level is probed.
#pragma once

#include <utility>
#include <vector>

#include "topology/fabric/levels.hpp"

namespace tutti::tune {

/// Ranks, the leading one first.
using Pair = std::pair<int, int>;

/// One pair that meets at this level, from the first group that has two units; none if there is no such group.
std::vector<Pair> one_pair(const topology::Levels& levels, int level);

/// All ranks at once, each with the one at its place in the next unit of its group: of an odd number of units the last
/// one rests, and of units that differ the ranks without a partner.
std::vector<Pair> all_pairs(const topology::Levels& levels, int level);

}  // namespace tutti::tune
