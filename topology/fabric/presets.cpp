#include "topology/fabric/presets.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/config.hpp"

namespace tutti::topology {

Result<Description> read_preset(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Preset& preset : presets()) {
    if (preset.name == name) return read_description(preset.json);
    names.push_back(preset.name);
  }
  return Error{Code::invalid_argument, fmt::format("there is no preset '{}'; the nearest is {}; there are {}",
                                                   name.substr(0, 64), nearest(name, names), fmt::join(names, ", "))};
}

}  // namespace tutti::topology
