// A rehearsal as data: schema tutti.sim/1.
#pragma once

#include <nlohmann/json.hpp>

#include "tools/sim/rehearse.hpp"

namespace tutti::predict {

struct Spent {
  double wall_ms = 0;
  double peak_rss_MB = 0;
};
nlohmann::ordered_json document_of(const Question& question, const Rehearsal& rehearsal, const Spent& spent);

}  // namespace tutti::predict
