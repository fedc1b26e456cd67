#include "topology/fabric/described.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "topology/fabric/shaped.hpp"

namespace tutti::topology {
namespace {

Error wrong(Code code, std::string text) {
  return {code, std::move(text)};
}

bool groups_nothing(const Runs& runs) {
  return std::ranges::all_of(runs, [](const GroupRun& run) { return run.size == 1; });
}

// The groups that the first `units` units are in; the last one may become smaller. How many groups that are: `units`.
Runs first_of(const Runs& runs, std::int64_t& units) {
  Runs kept;
  std::int64_t left = units;
  std::int64_t groups = 0;
  for (const GroupRun& run : runs) {
    const auto whole = std::min<std::int64_t>(run.groups, left / run.size);
    if (whole > 0) kept.push_back({static_cast<std::int32_t>(whole), run.size});
    groups += whole;
    left -= whole * run.size;
    if (whole == run.groups) continue;
    if (left > 0) {
      kept.push_back({1, static_cast<std::int32_t>(left)});
      ++groups;
    }
    break;
  }
  units = groups;
  return kept;
}

// Of what plans depend on: planes and rails are inside a rank's bandwidth already.
Provenance weakest(const LevelDescription& level) {
  return std::max({level.arity.provenance, level.up_GBps.provenance, level.down_GBps.provenance,
                   level.oversubscription.provenance, level.latency_us.provenance, level.overhead_us.provenance});
}

}  // namespace

Link link_of(const Description& description, std::size_t level) {
  const LevelDescription& described = description.levels[level];
  Link link{.latency_us = described.latency_us.value,
            .overhead_us = described.overhead_us.value,
            .bandwidth_GBps = std::min(described.up_GBps.value, described.down_GBps.value)};
  link.hops = average_hops(described.kind, static_cast<std::int32_t>(described.arity.value));
  std::map<std::string_view, int> ports;
  for (const LevelDescription& each : description.levels) ports.try_emplace(each.port, static_cast<int>(ports.size()));
  link.port = ports.at(described.port);
  if (described.oversubscription.value > 1) {
    double ranks = 1;  // of a unit in the whole fabric, whatever part of it is asked for: its uplinks are what they are
    for (std::size_t inner = 0; inner < level; ++inner) ranks *= description.levels[inner].arity.value;
    link.uplink_GBps = link.bandwidth_GBps * ranks / described.oversubscription.value;
  }
  return link;
}

Result<Fabric> fabric_from(const Description& description, Shaped shaped, std::vector<std::int32_t> rank_at) {
  Fabric fabric;
  fabric.links.clear();
  fabric.provenance = std::max(description.reduce_GBps.provenance, description.copy_GBps.provenance);
  std::vector<Runs> kept;
  for (std::size_t i = 0; i < shaped.runs.size(); ++i) {
    if (groups_nothing(shaped.runs[i])) continue;  // as Levels does
    kept.push_back(shaped.runs[i]);
    fabric.links.push_back(shaped.links[i]);
    const LevelDescription& level = description.levels[shaped.described[i]];
    fabric.origins.push_back({level.name, weakest(level)});
    fabric.provenance = std::max(fabric.provenance, fabric.origins.back().provenance);
  }
  if (kept.empty()) {
    kept.push_back({{1, 1}});
    fabric.links.push_back(shaped.links.front());
    const LevelDescription& level = description.levels.front();
    fabric.origins.push_back({level.name, weakest(level)});
  }
  fabric.levels = std::make_shared<const Levels>(TUTTI_TRY(Levels::from_runs(std::move(kept), std::move(rank_at))));
  fabric.reduce_GBps = description.reduce_GBps.value;
  fabric.copy_GBps = description.copy_GBps.value;
  return fabric;
}

Result<Fabric> fabric_of(const Description& description, std::int32_t ranks) {
  if (ranks == 0) ranks = description.ranks();
  if (ranks > description.ranks()) {
    return wrong(Code::invalid_argument,
                 fmt::format("{} ranks are asked for, but {} has {}", ranks, description.name, description.ranks()));
  }
  if (ranks != description.ranks() && !description.placement.empty()) {
    return wrong(Code::invalid_argument, fmt::format("{} places its {} ranks itself: it cannot be cut to {}",
                                                     description.name, description.ranks(), ranks));
  }
  Shaped shaped;
  std::int64_t units = ranks;
  for (std::size_t i = 0; i < description.levels.size(); ++i) {
    shaped.runs.push_back(first_of(description.levels[i].runs, units));
    shaped.links.push_back(link_of(description, i));
    shaped.described.push_back(i);
  }
  return fabric_from(description, std::move(shaped), description.placement);
}

int meeting_level(const Levels& levels, Rank one, Rank other) {
  std::int32_t a = levels.position_of(one);
  std::int32_t b = levels.position_of(other);
  for (int level = 0; level < levels.depth(); ++level) {
    a = levels.group_of_unit(level, a).number;
    b = levels.group_of_unit(level, b).number;
    if (a == b) return level;
  }
  return levels.depth() - 1;
}

}  // namespace tutti::topology
