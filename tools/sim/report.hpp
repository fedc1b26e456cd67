// A rehearsal as text.
#pragma once

#include <string>

#include "tools/sim/rehearse.hpp"

namespace tutti::predict {

std::string report(const Question& question, const Rehearsal& rehearsal, double wall_ms);

}  // namespace tutti::predict
