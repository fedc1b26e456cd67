// What the command is asked to show: this machine, another one, or a fabric.
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "topology/fabric/description.hpp"
#include "topology/node/machine.hpp"

namespace tutti::topo {

struct Words {
  std::string preset;
  std::string fabric;  // a file: tutti.fabric/1
  std::string import;  // a file of another tool's; what it is shows in its first lines
  std::int32_t ranks_per_node = 1;
};

/// One of the two.
struct Source {
  std::optional<topology::Machine> machine;
  std::optional<topology::Description> fabric;
};

/// Fails with invalid_argument when several are asked for, or a file is none that is known; with system when it cannot
/// be read.
Result<Source> find_source(const Words& words);

}  // namespace tutti::topo
