// A dispatch and a combine as text and as data (schema tutti.sim_moe/1).
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tools/sim/moe.hpp"

namespace tutti::predict {

std::string report(const MoeQuestion& question, const Moe& moe);

nlohmann::ordered_json document_of(const MoeQuestion& question, const Moe& moe, double wall_ms);

}  // namespace tutti::predict
