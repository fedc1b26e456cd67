// Which machine is this, as far as sharing memory goes?
#pragma once

#include <cstdint>
#include <string>

#include "base/config.hpp"

namespace tutti::bootstrap {

struct Node {
  std::uint64_t key = 0;      // the same for ranks that can meet at one socket of this node
  std::uint64_t machine = 0;  // of its kernel: several nodes may be on one
  std::string name;           // for people: TUTTI_NODE_ID or the host's name
};

/// Of boot id, network namespace (abstract sockets end there), user, and TUTTI_NODE_ID, which can only split further.
Node this_node(const Config& config);

/// As the kernel has it.
std::string host_name();

}  // namespace tutti::bootstrap
