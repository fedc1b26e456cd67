#include <fmt/format.h>

#include <algorithm>

#include "topology/render/fabric.hpp"

namespace tutti::render {
namespace {

using topology::Description;
using topology::LevelDescription;

constexpr std::int32_t kMostUnits = 4;  // that are drawn of a group

std::string quoted(const std::string& text) {
  std::string safe = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') safe += '\\';
    safe += letter;
  }
  return safe + "\"";
}

class Drawing {
 public:
  explicit Drawing(const Description& description) : description_(description) {}

  std::string draw() {
    text_ =
        fmt::format("graph {} {{\n  rankdir=TB; node [shape=box, style=\"rounded,filled\", fillcolor=\"#cfd8e6\"];\n",
                    quoted(description_.name));
    group(description_.levels.size() - 1, "g");
    return text_ + "}\n";
  }

 private:
  // A network with the first units of the group below it; only the first of them is drawn further.
  void group(std::size_t number, const std::string& id) {
    const LevelDescription& level = description_.levels[number];
    const std::int32_t units = level.runs.front().size;
    const std::string narrow = narrowness(level);
    text_ += fmt::format("  {} [label={}, fillcolor=\"#33415c\", fontcolor=white];\n", id,
                         quoted(fmt::format("{} ({})", level.name, to_string(level.kind))));
    const std::int32_t shown = std::min(units, kMostUnits);
    for (std::int32_t unit = 0; unit < shown; ++unit) {
      const std::string child = fmt::format("{}_{}", id, unit);
      const bool rest = unit == shown - 1 && units > shown;
      const std::string name = unit_of(description_, number);
      const std::string label = rest ? fmt::format("{} more", units - shown + 1) : fmt::format("{} {}", name, unit);
      text_ += fmt::format("  {} -- {} [label={}{}];\n", id, child,
                           quoted(fmt::format("{:g} GB/s, {:g} us{}{}", level.up_GBps.value, level.latency_us.value,
                                              narrow.empty() ? "" : ", ", narrow)),
                           narrow.empty() ? "" : ", color=red, fontcolor=red");
      if (unit == 0 && number > 0) {
        group(number - 1, child);
      } else {
        text_ += fmt::format("  {} [label={}];\n", child, quoted(label));
      }
    }
  }

  const Description& description_;
  std::string text_;
};

}  // namespace

std::string fabric_dot(const Description& description) {
  return Drawing(description).draw();
}

}  // namespace tutti::render
