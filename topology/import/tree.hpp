// Hosts that each say which groups they are in, innermost first, become levels.
#pragma once

#include <string>
#include <vector>

#include "topology/fabric/description.hpp"

namespace tutti::topology {

/// What a format knows of a network.
struct Grouping {
  struct Level {
    std::string name;
    LevelKind kind = LevelKind::clos;
    std::vector<std::int32_t> group_of;  // of each host: any numbers
    double oversubscription = 0;         // 0: the format does not say
  };
  std::string tool;  // that wrote it: "Slurm's topology.conf"
  std::vector<std::string> hosts;
  std::vector<Level> levels;  // innermost first; a last one that holds all is added if it is missing
  double host_GBps = 0;       // of one host, all its links together; 0: the format does not say
  std::int32_t rails = 1;
};

/// Hosts are put in the order in which every group is consecutive. Fails with invalid_argument when a host is named
/// twice, when there are none, or when a group lies in two groups of the level above.
Result<Description> describe(const Grouping& grouping, std::int32_t ranks_per_node);

}  // namespace tutti::topology
