// The answer for people.
#pragma once

#include <string>

#include "tools/plan/answer.hpp"

namespace tutti::explain {

/// The choice with its reasons, bounds, the next best candidates and the refused ones, and the rounds: drawn rank by
/// rank in small worlds, tier by tier in large ones.
std::string report(const Answer& answer);

}  // namespace tutti::explain
