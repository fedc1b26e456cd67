#include <fmt/format.h>

#include "tools/text/table.hpp"
#include "tools/topo/text.hpp"
#include "topology/render/fabric.hpp"

namespace tutti::topo {
namespace {

using topology::LevelDescription;
using topology::Provenance;

// Numbers that nobody has published, derived or measured have a question mark.
std::string number(const topology::Quantity& quantity) {
  return fmt::format("{:g}{}", quantity.value, quantity.provenance == Provenance::assumed ? "?" : "");
}

std::string sizes(const LevelDescription& level) {
  std::string text;
  for (const topology::GroupRun& run : level.runs)
    text += fmt::format("{}{} of {}", text.empty() ? "" : ", ", run.groups, run.size);
  return text + (level.arity.provenance == Provenance::assumed ? "?" : "");
}

std::string tree(const topology::Description& description) {
  std::vector<text::Row> rows{
      {"level", "groups", "of", "joined by", "up", "down", "us", "us/message", "oversubscribed", "rails", "planes"}};
  for (std::size_t i = description.levels.size(); i-- > 0;) {
    const LevelDescription& level = description.levels[i];
    const std::string indent(2 * (description.levels.size() - 1 - i), ' ');
    rows.push_back({indent + level.name + (i + 1 == description.node_levels ? " *" : ""), sizes(level),
                    render::unit_of(description, i), std::string(to_string(level.kind)), number(level.up_GBps),
                    number(level.down_GBps), number(level.latency_us), number(level.overhead_us),
                    level.oversubscription.value > 1 ? number(level.oversubscription) + ":1" : "-", number(level.rails),
                    number(level.planes)});
  }
  return text::table(rows, "lrllrrrrrrr");
}

}  // namespace

std::string text_of(const topology::Description& description) {
  std::string text = fmt::format("{}: {} ranks on {} nodes\n  {}\n\n", description.name, description.ranks(),
                                 description.nodes(), description.about);
  text += tree(description);
  text += "\n  * shares memory; up and down are GB/s of one rank (1e9 bytes); ? is assumed\n";
  std::vector<text::Row> rows;
  for (const topology::NamedQuantity& named : quantities_of(description)) {
    rows.push_back({named.where, std::string(named.what), fmt::format("{:g}", named.quantity->value),
                    std::string(to_string(named.quantity->provenance)), named.quantity->source});
  }
  return text + "\nWhere the numbers come from\n" + text::table(rows, "llrll");
}

}  // namespace tutti::topo
