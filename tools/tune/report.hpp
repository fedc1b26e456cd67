// What was measured, for people.
#pragma once

#include <string>

#include "plan/select/tuning.hpp"

namespace tutti::tune {

/// `file` is where it was kept.
std::string report(const plan::TunedSite& tuned, const std::string& file);

}  // namespace tutti::tune
