// Levels with their links, while they are being cut out of a description.
#pragma once

#include "topology/fabric/description.hpp"
#include "topology/fabric/fabric.hpp"

namespace tutti::topology {

using Runs = std::vector<GroupRun>;

struct Shaped {
  std::vector<Runs> runs;  // innermost first
  std::vector<Link> links;
  std::vector<std::size_t> described;  // which level of the description each one is
};

/// The planner's link of a level; ports get numbers in the order in which levels name them.
Link link_of(const Description& description, std::size_t level);

/// The fabric of the levels that group anything.
Result<Fabric> fabric_from(const Description& description, Shaped shaped, std::vector<std::int32_t> rank_at);

}  // namespace tutti::topology
