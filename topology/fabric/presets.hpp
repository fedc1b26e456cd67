// Fabrics that come with the library: presets/*.json, compiled in.
#pragma once

#include <span>
#include <string_view>

#include "topology/fabric/description.hpp"

namespace tutti::topology {

struct Preset {
  std::string_view name;
  std::string_view json;  // tutti.fabric/1
};

/// In the order of their names.
std::span<const Preset> presets();

/// Fails with invalid_argument, and names the nearest preset and all of them.
Result<Description> read_preset(std::string_view name);

}  // namespace tutti::topology
