// From a plan to what one rank does: sends it down the tiers of every stripe and up again.
#pragma once

#include "plan/phase_builder.hpp"
#include "plan/plan.hpp"

namespace tutti::plan {

/// Writes down what the rank does. In time proportional to that, and to log of the ranks.
void compose(const Plan& plan, const Cut& cut, Rank self, PhaseBuilder& phase);

/// Rounds of a tier on its way down and up: the same at all ranks, whatever the size of their groups.
struct Rounds {
  std::uint32_t down = 0;
  std::uint32_t up = 0;
};
Rounds rounds_of(const Plan& plan, const Tier& tier);

}  // namespace tutti::plan
