// From a description to what the planner works on: all of it, its first ranks, or the part that a job has.
#pragma once

#include "topology/fabric/description.hpp"
#include "topology/fabric/fabric.hpp"
#include "topology/fabric/layout.hpp"

namespace tutti::topology {

/// All ranks of the description; or, if `ranks` is not 0, its first ones: whole nodes, whole leaves, and a rest.
/// Fails with invalid_argument when it has fewer, or when only some of a placement are asked for.
Result<Fabric> fabric_of(const Description& description, std::int32_t ranks = 0);

/// A job on the described cluster: its nodes are the nodes of these numbers there, in the order of `layout`; how many
/// ranks each has is the job's own affair, and levels inside nodes are kept only where nodes are as described.
/// `cores`: processors that the fullest node's ranks may use; ranks that share one are slower, as without a
/// description. Fails with invalid_usage when the description has fewer nodes, and says so.
struct Job {
  const Layout* layout = nullptr;
  std::vector<std::int32_t> nodes;  // number in the description of each node of the layout; empty: the first ones
  Links links;                      // for what crowding costs
};
Result<Fabric> fabric_of(const Description& description, const Job& job);

/// The level at which two ranks meet: the innermost with a group that holds both. 0 also for a rank and itself.
int meeting_level(const Levels& levels, Rank one, Rank other);

}  // namespace tutti::topology
