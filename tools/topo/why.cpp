#include <fmt/format.h>

#include <algorithm>

#include "tools/topo/text.hpp"
#include "topology/fabric/described.hpp"
#include "topology/render/fabric.hpp"

namespace tutti::topo {
namespace {

Error no_rank(std::int32_t rank, std::size_t ranks) {
  return {Code::invalid_argument, fmt::format("--why: {} is no rank: there are 0 to {}", rank, ranks - 1)};
}

std::string origin(const topology::Quantity& quantity) {
  return fmt::format("({}: {})", to_string(quantity.provenance), quantity.source);
}

std::string nic_of(const topology::Machine& machine, const topology::NicChoice& choice) {
  return choice.device < 0 ? std::string("nothing") : machine.devices[static_cast<std::size_t>(choice.device)].name;
}

// The numbers of a rank's groups, innermost first.
std::vector<std::int32_t> groups_of(const topology::Levels& levels, std::int32_t rank) {
  std::vector<std::int32_t> groups;
  std::int32_t unit = levels.position_of(Rank{rank});
  for (int level = 0; level < levels.depth(); ++level)
    groups.push_back(unit = levels.group_of_unit(level, unit).number);
  return groups;
}

// The way through rings and tori, innermost first: "3 hops along x, 1 along y", and what they take together.
std::string way_through(const topology::Description& description, const topology::Fabric& fabric, Rank one, Rank other,
                        int met) {
  const topology::Levels& levels = *fabric.levels;
  std::string text;
  std::int32_t hops = 0;
  double latency = 0;
  std::int32_t a = levels.position_of(one);
  std::int32_t b = levels.position_of(other);
  for (int level = 0; level <= met; ++level) {
    const auto& name = fabric.origins[static_cast<std::size_t>(level)].name;
    const auto described = std::ranges::find(description.levels, name, &topology::LevelDescription::name);
    const auto group = levels.group_of_unit(level, a);
    const auto other_group = levels.group_of_unit(level, b);
    const std::int32_t along =
        topology::hops_between(described->kind, group.size, a - group.first, b - other_group.first);
    const bool wraps = described->kind == topology::LevelKind::ring || described->kind == topology::LevelKind::torus;
    if (!wraps) return {};
    text += fmt::format("{}{} along {}", text.empty() ? "" : ", ", along, name);
    hops += along;
    latency += along * described->latency_us.value;
    a = group.number;
    b = other_group.number;
  }
  return fmt::format("  {} hop{} ({}): {:g} us together\n", hops, hops == 1 ? "" : "s", text, latency);
}

}  // namespace

Result<std::string> why(const topology::Description& description, std::int32_t one, std::int32_t other) {
  const auto ranks = static_cast<std::size_t>(description.ranks());
  for (const std::int32_t rank : {one, other}) {
    if (rank < 0 || static_cast<std::size_t>(rank) >= ranks) return no_rank(rank, ranks);
  }
  std::vector<std::vector<topology::GroupRun>> runs;
  for (const auto& level : description.levels) runs.push_back(level.runs);
  const topology::Fabric fabric = TUTTI_TRY(fabric_of(description));
  const topology::Levels& levels = *fabric.levels;
  if (one == other) return fmt::format("rank {} and itself: memory\n", one);
  const int met = meeting_level(levels, Rank{one}, Rank{other});
  std::size_t number = 0;
  while (description.levels[number].name != fabric.origins[static_cast<std::size_t>(met)].name) ++number;
  const topology::LevelDescription& level = description.levels[number];
  const auto ones = groups_of(levels, one);
  const auto others = groups_of(levels, other);
  std::string text = fmt::format("rank {} and rank {} meet at level {}: {} {}, joined by {}\n", one, other, level.name,
                                 level.name, ones[static_cast<std::size_t>(met)], to_string(level.kind));
  for (int inner = met - 1; inner >= 0; --inner) {
    const auto at = static_cast<std::size_t>(inner);
    text += fmt::format("  {} {} and {} {}\n", fabric.origins[at].name, ones[at], fabric.origins[at].name, others[at]);
  }
  text += fmt::format("  {:g} GB/s {}\n  {:g} us {}\n", std::min(level.up_GBps.value, level.down_GBps.value),
                      origin(level.up_GBps), level.latency_us.value, origin(level.latency_us));
  text += way_through(description, fabric, Rank{one}, Rank{other}, met);
  if (const auto narrow = render::narrowness(level); !narrow.empty())
    text += fmt::format("  {}: {:.3g} GB/s when all ranks send {}\n", narrow, description.cut_GBps(number),
                        origin(level.oversubscription));
  const bool in_node = number < description.node_levels;
  if (!in_node && level.rails.value > 1) {
    const auto rails = static_cast<std::int32_t>(level.rails.value);
    const std::int32_t on_node = std::max(1, description.ranks_on_node());
    const std::int32_t rail = levels.position_of(Rank{one}) % on_node % rails;
    const std::int32_t away = levels.position_of(Rank{other}) % on_node % rails;
    text += rail == away
                ? fmt::format("  both are on rail {}\n", rail)
                : fmt::format(
                      "  rails {} and {}: bytes between them cross a stage more; plans move them inside the node "
                      "instead\n",
                      rail, away);
  }
  text += in_node ? "  carried by shm: they share memory\n"
                  : "  carried by a network transport: they are on different nodes\n";
  return text;
}

Result<std::string> why(const topology::Machine& machine, std::int32_t one, std::int32_t other) {
  const auto seats = seats_of(machine);
  for (const std::int32_t rank : {one, other}) {
    if (rank < 0 || static_cast<std::size_t>(rank) >= seats.size()) return no_rank(rank, seats.size());
  }
  const auto choices = choose_nics(machine, seats);
  std::string text;
  const topology::Seat& a = seats[static_cast<std::size_t>(one)];
  const topology::Seat& b = seats[static_cast<std::size_t>(other)];
  if (a.accelerator >= 0 && b.accelerator >= 0) {
    const auto& first = machine.devices[static_cast<std::size_t>(a.accelerator)];
    const auto& second = machine.devices[static_cast<std::size_t>(b.accelerator)];
    text += fmt::format("rank {} on {} and rank {} on {}: {}\n", one, first.name, other, second.name,
                        to_string(distance(machine, first, second)));
  } else {
    text += fmt::format("rank {} on processors {} and rank {} on processors {}\n", one, a.cpus.text(), other,
                        b.cpus.text());
  }
  text += "  carried by shm: they are on one node\n";
  for (const std::int32_t rank : {one, other})
    text += fmt::format("  rank {} reaches other nodes through {}: {}\n", rank,
                        nic_of(machine, choices[static_cast<std::size_t>(rank)]),
                        choices[static_cast<std::size_t>(rank)].reason);
  return text;
}

}  // namespace tutti::topo
