// What the ranks tell each other about themselves before they choose, and what follows from it for plans.
#pragma once

#include <memory>
#include <vector>

#include "base/log.hpp"
#include "bootstrap/session.hpp"
#include "comm/facts.hpp"
#include "comm/files.hpp"
#include "comm/nic.hpp"
#include "comm/plan_cache.hpp"

namespace tutti::comm {

struct Agreement {
  AllFacts facts;
  topology::Layout machines;  // which ranks share one
  std::shared_ptr<const BroughtPlans> brought;
  BroughtFabric described;
  MeasuredPlans measured;
};

/// Reads the files that settings name into `agreement`, and returns what this rank says of itself. Fails as the reading
/// of files does.
Result<std::vector<std::byte>> own_word(const Config& config, const NicSurvey& survey, Agreement& agreement);

/// Takes in what all said. Fails with invalid_usage when ranks were given different settings.
Status take_in(bootstrap::Contributions said, Agreement& agreement);

/// Fails with invalid_usage when the described fabric does not fit the job.
Result<Choosing> choosing_of(const Agreement& agreement, const topology::Layout& layout, const Config& config,
                             Rank rank, const Log& log);

}  // namespace tutti::comm
