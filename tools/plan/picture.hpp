// A plan as a picture: the messages of every round where ranks are few, the tiers of every stripe where they are many.
#pragma once

#include <string>

#include "tools/plan/answer.hpp"

namespace tutti::explain {

inline constexpr std::int32_t kMostDrawnRanks = 64;

/// An SVG document.
std::string draw(const Answer& answer);

}  // namespace tutti::explain
