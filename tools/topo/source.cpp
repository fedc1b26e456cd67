#include "tools/topo/source.hpp"

#include <fmt/format.h>

#include "tools/world/world.hpp"
#include "topology/fabric/presets.hpp"
#include "topology/import/import.hpp"

namespace tutti::topo {
namespace {

Result<Source> import(const Words& words) {
  const std::string text = TUTTI_TRY(world::text_of(words.import));
  Source source;
  if (text.find("<topology") != std::string::npos) {
    auto machine = topology::read_foreign(text);
    if (!machine) return std::move(machine).error().within(words.import);
    source.machine = std::move(*machine);
    return source;
  }
  if (text.find("<system") != std::string::npos) {
    auto machine = topology::import_nccl(text);
    if (!machine) return std::move(machine).error().within(words.import);
    source.machine = std::move(*machine);
    return source;
  }
  auto imported = topology::import_fabric(text, words.ranks_per_node);
  if (!imported) return std::move(imported).error().within(words.import);
  source.fabric = std::move(*imported);
  return source;
}

}  // namespace

Result<Source> find_source(const Words& words) {
  const int said = (words.preset.empty() ? 0 : 1) + (words.fabric.empty() ? 0 : 1) + (words.import.empty() ? 0 : 1);
  if (said > 1) return Error{Code::invalid_argument, "--preset, --fabric and --import: give one of them"};
  if (!words.import.empty()) return import(words);
  Source source;
  if (!words.preset.empty()) {
    source.fabric = TUTTI_TRY(topology::read_preset(words.preset));
  } else if (!words.fabric.empty()) {
    auto description = topology::read_description(TUTTI_TRY(world::text_of(words.fabric)));
    if (!description) return std::move(description).error().within(words.fabric);
    source.fabric = std::move(*description);
  } else {
    source.machine = TUTTI_TRY(topology::discover());
  }
  return source;
}

}  // namespace tutti::topo
