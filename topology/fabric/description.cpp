#include "topology/fabric/description.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace tutti::topology {
namespace {

Error wrong(const std::string& text) {
  return {Code::invalid_argument, text};
}

std::int64_t groups_in(const std::vector<GroupRun>& runs) {
  std::int64_t groups = 0;
  for (const GroupRun& run : runs) groups += run.groups;
  return groups;
}

std::int64_t units_in(const std::vector<GroupRun>& runs) {
  std::int64_t units = 0;
  for (const GroupRun& run : runs) units += std::int64_t{run.groups} * run.size;
  return units;
}

std::int32_t widest(const std::vector<GroupRun>& runs) {
  std::int32_t most = 0;
  for (const GroupRun& run : runs) most = std::max(most, run.size);
  return most;
}

}  // namespace

std::string_view to_string(LevelKind kind) {
  static constexpr std::array<std::string_view, kLevelKinds.size()> kNames = {"switch", "clos", "torus",
                                                                              "ring",   "mesh", "dragonfly"};
  return kNames.at(static_cast<std::size_t>(kind));
}

std::int32_t hops_between(LevelKind kind, std::int32_t units, std::int32_t one, std::int32_t other) {
  if (one == other) return 0;
  if (kind != LevelKind::ring && kind != LevelKind::torus) return 1;
  const std::int32_t apart = std::abs(one - other);
  return std::min(apart, units - apart);
}

double average_hops(LevelKind kind, std::int32_t units) {
  if (units < 2 || (kind != LevelKind::ring && kind != LevelKind::torus)) return 1;
  const double all = std::floor(static_cast<double>(units) * units / 4);  // from one unit to each other, together
  return all / (units - 1);
}

std::int32_t Description::ranks() const {
  return levels.empty() ? 1 : static_cast<std::int32_t>(units_in(levels.front().runs));
}

std::int32_t Description::nodes() const {
  return node_levels == 0 ? ranks() : static_cast<std::int32_t>(groups_in(levels[node_levels - 1].runs));
}

std::int32_t Description::ranks_on_node() const {
  std::int32_t ranks = 1;
  for (std::size_t level = 0; level < node_levels; ++level) ranks *= widest(levels[level].runs);
  return ranks;
}

double Description::cut_GBps(std::size_t level) const {
  return levels[level].up_GBps.value / std::max(1.0, levels[level].oversubscription.value);
}

std::vector<NamedQuantity> quantities_of(const Description& description) {
  std::vector<NamedQuantity> all;
  for (const LevelDescription& level : description.levels) {
    all.push_back({level.name, "arity", &level.arity});
    all.push_back({level.name, "bandwidth_up_GBps", &level.up_GBps});
    all.push_back({level.name, "bandwidth_down_GBps", &level.down_GBps});
    all.push_back({level.name, "oversubscription", &level.oversubscription});
    all.push_back({level.name, "latency_us", &level.latency_us});
    all.push_back({level.name, "overhead_us", &level.overhead_us});
    all.push_back({level.name, "planes", &level.planes});
    all.push_back({level.name, "rails", &level.rails});
  }
  all.push_back({"", "reduce_GBps", &description.reduce_GBps});
  all.push_back({"", "copy_GBps", &description.copy_GBps});
  return all;
}

Result<std::vector<std::vector<GroupRun>>> runs_of(const std::vector<std::vector<GroupRun>>& arities) {
  std::vector<std::vector<GroupRun>> all = arities;
  std::int64_t wanted = 1;  // groups of the level, from the outermost inwards
  for (std::size_t i = all.size(); i-- > 0;) {
    auto& runs = all[i];
    if (runs.size() == 1 && runs.front().groups == 0) runs.front().groups = static_cast<std::int32_t>(wanted);
    if (const std::int64_t groups = groups_in(runs); groups != wanted)
      return wrong(fmt::format("{} groups are described where the level above has {} units", groups, wanted));
    wanted = units_in(runs);
    if (wanted > Levels::kMostRanks) return wrong(fmt::format("more than {} ranks", Levels::kMostRanks));
  }
  return all;
}

Status check(const Description& description) {
  if (description.levels.empty()) return wrong("a fabric needs at least one level");
  if (description.levels.size() > static_cast<std::size_t>(Levels::kMost))
    return wrong(fmt::format("{} levels, where {} are possible", description.levels.size(), Levels::kMost));
  std::set<std::string_view> names;
  std::vector<std::vector<GroupRun>> runs;
  for (std::size_t i = 0; i < description.levels.size(); ++i) {
    const LevelDescription& level = description.levels[i];
    if (!names.insert(level.name).second) return wrong(fmt::format("two levels are named {}", level.name));
    if (i >= description.node_levels && level.rails.value > std::max(1, description.ranks_on_node())) {
      return wrong(fmt::format("level {} has {} rails, but a node has {} ranks", level.name, level.rails.value,
                               description.ranks_on_node()));
    }
    runs.push_back(level.runs);
  }
  TUTTI_TRY(Levels::from_runs(std::move(runs), description.placement));
  if (description.hosts.empty()) return {};
  if (static_cast<std::int32_t>(description.hosts.size()) != description.nodes())
    return wrong(
        fmt::format("{} hosts are named, but there are {} nodes", description.hosts.size(), description.nodes()));
  std::set<std::string_view> hosts;
  for (const std::string& host : description.hosts) {
    if (!hosts.insert(host).second) return wrong(fmt::format("the host {} is named twice", host));
  }
  return {};
}

}  // namespace tutti::topology
