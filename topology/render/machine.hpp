// One machine as a picture.
#pragma once

#include <string>
#include <vector>

#include "topology/node/distance.hpp"

namespace tutti::render {

/// An SVG document: packages with their NUMA nodes, below them PCI switches with accelerators and NICs and the speed of
/// each path; where ranks sit; a line from each rank to its NIC, red where it is far.
std::string machine_svg(const topology::Machine& machine, const std::vector<topology::Seat>& seats);

}  // namespace tutti::render
