// The rounds of a plan as text: ranks are columns, rounds are lines.
#pragma once

#include <string>
#include <vector>

#include "tools/plan/messages.hpp"
#include "tools/plan/shares.hpp"

namespace tutti::explain {

inline constexpr std::int32_t kMostColumns = 16;

/// What each rank sends in each round: "->3", or "->*7" to so many ranks that their names would not fit.
std::string draw_rounds(const plan::Plan& plan, const std::vector<Leg>& legs);

/// The legs of each stripe in order of time.
std::string draw_legs(const plan::Plan& plan, const std::vector<Leg>& legs);

}  // namespace tutti::explain
