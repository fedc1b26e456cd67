// Topologies for people.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "topology/fabric/description.hpp"
#include "topology/node/distance.hpp"
#include "topology/node/machine.hpp"

namespace tutti::topo {

/// Levels as a tree, outermost first, with their numbers; then the numbers that are assumed, and why.
std::string text_of(const topology::Description& description);

/// Packages, memory and buses as a tree; the distances of ranks, accelerators and NICs; what could be better.
std::string text_of(const topology::Machine& machine);

/// The ranks that a machine is made for: one for each accelerator, near it; without any, this process alone.
std::vector<topology::Seat> seats_of(const topology::Machine& machine);

/// Where two ranks meet, what lies between them, what carries their bytes, and why. Fails with invalid_argument when
/// one of them is no rank.
Result<std::string> why(const topology::Description& description, std::int32_t one, std::int32_t other);
Result<std::string> why(const topology::Machine& machine, std::int32_t one, std::int32_t other);

}  // namespace tutti::topo
