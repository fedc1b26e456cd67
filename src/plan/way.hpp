// The way of a plan as text: what people force and what they are shown.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.hpp"
#include "plan/plan.hpp"

namespace tutti::plan {

/// stripe ('|' stripe)*; a stripe is [WEIGHT '*'] tier ('>' tier)*, its way down; a tier is METHOD ['(' RADIX ')'] ['@'
/// LEVEL]. Tiers without a level handle the levels in order, innermost first. Fewer tiers than levels: the outermost
/// tier handles all the rest as one; one tier: all ranks at once. Names of stripes that belong together:
/// bidirectional_ring, double_tree, bucket.
/// Fails with invalid_argument, and names what exists; what `refusal` says about the plan is not asked here.
Result<Plan> parse_way(std::string_view text, Collective collective, std::shared_ptr<const topology::Levels> levels);

/// Whether the text could be a way of this collective, whatever the levels.
Status check_way(std::string_view text, Collective collective);

}  // namespace tutti::plan
