// The answer as data: schema tutti.plan/1.
#pragma once

#include <nlohmann/json.hpp>

#include "tools/plan/answer.hpp"

namespace tutti::explain {

nlohmann::ordered_json document_of(const Answer& answer);

}  // namespace tutti::explain
