// The worlds of several levels that plans are proven on, and the ways to go through them.
#pragma once

#include <string>
#include <vector>

#include "plan/collective.hpp"
#include "tools/verify/proof.hpp"

namespace tutti::prove {

/// Regular and ragged ones of two to four levels, of at most that many ranks, small ones first.
std::vector<Shape> shapes(std::int32_t max_ranks);

/// Ways of this collective through `depth` levels, two or more: every pair of methods on the two innermost levels,
/// inside out and, `reordered`, outside in; stripes of different ways; for three and more levels methods by turns.
std::vector<std::string> ways(plan::Collective collective, int depth, bool reordered);

/// A few of them, for worlds in which all would take too long.
std::vector<std::string> usual_ways(plan::Collective collective, int depth);

}  // namespace tutti::prove
