// Who sends what to whom in which round, read from what the plan writes down for each rank.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/plan.hpp"

namespace tutti::explain {

/// What one rank sends to another in one round of one segment.
struct Message {
  std::uint32_t round = 0;
  std::int32_t from = 0;
  std::int32_t to = 0;
  int level = 0;  // of the plan: the innermost on which the two are in one group
  int stripe = 0;
  double share = 0;  // of the vector; 0: a token
};

/// In order of rounds.
std::vector<Message> messages_of(const plan::Plan& plan, std::int32_t rank);
/// All ranks', rank by rank.
std::vector<Message> messages_of(const plan::Plan& plan);

}  // namespace tutti::explain
