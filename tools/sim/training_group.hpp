// The ranks of a cluster that share the experts, and the parts of them that an exchange goes through.
#pragma once

#include "tools/sim/question.hpp"

namespace tutti::predict {

/// The first `ranks` ranks of a setting with nothing broken: whole groups of its inner levels.
/// Fails with invalid_argument if they are no such groups.
Result<Setting> group_of(const Setting& setting, std::int64_t ranks);

/// Who has experts, and how many tokens choose.
struct ExpertWords {
  std::int64_t experts = 0;
  std::int64_t expert_ranks = 0;  // that share them; 0: as many as there are experts, at most all
  std::int64_t topk = 8;
  std::int64_t hidden = 0;  // elements of a token
};

/// The ranks that share the experts, as `group_of`. Fails with invalid_argument unless experts lie evenly on ranks, and
/// the ranks of the setting are a whole number of such groups.
Result<Setting> group_with_experts(const Setting& setting, const ExpertWords& words);

/// One node of a setting, all nodes of which are alike.
Setting inside_node(const Setting& setting);

/// One rank of each node of such a setting: a rail. It has its share of what leads out of units.
Setting along_rail(const Setting& setting);

/// Ranks of a node; 1 where every rank is a node of its own.
std::int64_t node_ranks(const Setting& setting);

}  // namespace tutti::predict
