// Levels as JSON: {"runs": [[{"groups": 2, "size": 4}], [{"groups": 1, "size": 2}]], "rank_at": [...]}, innermost
// first.
#pragma once

#include <nlohmann/json.hpp>

#include "plan/exchange/json_reader.hpp"
#include "topology/fabric/levels.hpp"

namespace tutti::plan {

nlohmann::ordered_json levels_json(const topology::Levels& levels);
Result<topology::Levels> read_levels(const JsonValue& value);

}  // namespace tutti::plan
