// What it costs to move bytes between two ranks, per level: the numbers that the planner's cost model runs on.
#pragma once

#include <cstdint>
#include <string_view>

#include "topology/fabric/layout.hpp"

namespace tutti::topology {

/// One level's link as one rank sees it.
struct Link {
  double latency_us = 0;      // from the first byte sent to the first byte seen
  double overhead_us = 0;     // processor time for a message, at each end
  double bandwidth_GBps = 1;  // bytes that one rank can send, and receive at the same time; 1e9 a second
  double uplink_GBps =
      0;         // that all ranks of a unit share towards the level's other units; 0: as much as they can send
  int port = 0;  // levels with the same number share the rank's bandwidth
};

/// Where a number comes from; a report that rests on assumptions says so.
enum class Provenance : std::uint8_t { published, derived, measured, assumed };
std::string_view to_string(Provenance provenance);

/// The two levels that a job sees without any description of its cluster: inside a node, and between nodes.
struct Links {
  Link node{.latency_us = 0.25, .overhead_us = 0.08, .bandwidth_GBps = 6.0};
  Link network{.latency_us = 20.0, .overhead_us = 2.0, .bandwidth_GBps = 2.5, .uplink_GBps = 2.5, .port = 1};
  double wake_up_us = 8.0;   // until a rank that shares its core runs again
  double reduce_GBps = 8.0;  // bytes of one operand
  double copy_GBps = 10.0;
  std::int32_t cores = 1;  // that the ranks of the fullest node may use
  Provenance provenance = Provenance::assumed;
};

/// How many ranks share a core on the fullest node; at least 1.
double ranks_per_core(const Layout& layout, const Links& links);

}  // namespace tutti::topology
