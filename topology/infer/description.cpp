#include "topology/infer/description.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace tutti::topology {
namespace {

Quantity measured(double value, const std::string& source) {
  return {value, Provenance::measured, source};
}

Quantity otherwise(double value) {
  return {value, Provenance::assumed, "not measured: what a job without a description assumes"};
}

Quantity number(double value, double instead, const std::string& source) {
  return value > 0 ? measured(value, source) : otherwise(instead);
}

// Ranks such that every group of every level is consecutive: by the group of the outermost level, then of the next.
std::vector<std::int32_t> order_of(const Inferred& inferred) {
  std::vector<std::int32_t> order;
  for (std::int32_t rank = 0; rank < inferred.levels.back().groups.ranks(); ++rank) order.push_back(rank);
  for (const InferredLevel& level : inferred.levels)
    std::ranges::stable_sort(order, {}, [&](std::int32_t rank) { return level.groups.group_of(rank); });
  return order;
}

// How many units each group has, in the order of positions.
std::vector<GroupRun> runs_of_level(const std::vector<std::int32_t>& order, const Partition& groups,
                                    const Partition* units) {
  std::vector<GroupRun> runs;
  std::int32_t size = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const bool new_unit = i == 0 || units == nullptr || !units->together(order[i - 1], order[i]);
    size += new_unit ? 1 : 0;
    if (i + 1 < order.size() && groups.together(order[i], order[i + 1])) continue;
    if (!runs.empty() && runs.back().size == size) {
      ++runs.back().groups;
    } else {
      runs.push_back({1, size});
    }
    size = 0;
  }
  return runs;
}

bool are_distinct(const std::vector<std::string>& hosts) {
  return std::set<std::string>(hosts.begin(), hosts.end()).size() == hosts.size() &&
         std::ranges::find(hosts, std::string()) == hosts.end();
}

// The nodes' hosts in the order of positions; whether that is another one than the nodes' own shows in `in_order`.
std::vector<std::string> hosts_in(const std::vector<std::int32_t>& order, const Partition& nodes,
                                  const std::vector<std::string>& hosts, bool& in_order) {
  std::vector<std::string> sorted;
  std::int32_t last = -1;
  for (const std::int32_t rank : order) {
    const std::int32_t node = nodes.group_of(rank);
    if (node == last) continue;
    in_order = in_order && node > last;
    last = node;
    if (static_cast<std::size_t>(node) < hosts.size()) sorted.push_back(hosts[static_cast<std::size_t>(node)]);
  }
  return sorted;
}

Partition nodes_of(const Inferred& inferred) {
  if (inferred.node_levels > 0) return inferred.levels[inferred.node_levels - 1].groups;
  std::vector<std::int32_t> alone;
  for (std::int32_t rank = 0; rank < inferred.levels.back().groups.ranks(); ++rank) alone.push_back(rank);
  return Partition(alone);
}

std::string origin_of(const InferredLevel& level, const std::string& source) {
  if (level.by == ToldApart::everything) return source + ": all ranks";
  if (level.by == ToldApart::reported) return source + ": the nodes report it";
  return fmt::format("{}: by {}, {} of {} pairs inside agree", source, to_string(level.by), level.agree, level.pairs);
}

}  // namespace

std::vector<std::string> names_of(const Inferred& inferred) {
  std::vector<std::string> names;
  const std::size_t inner = inferred.node_levels;
  for (std::size_t i = 0; i + 1 < inner; ++i) names.push_back(inner == 2 ? "inner" : fmt::format("inner{}", i + 1));
  if (inner > 0) names.emplace_back("node");
  const std::size_t outer = inferred.levels.size() - inner;
  for (std::size_t i = 0; i + 1 < outer; ++i)
    names.push_back(i == 0 ? "leaf" : i == 1 ? "pod" : fmt::format("tier{}", i + 1));
  if (outer > 0) names.emplace_back("cluster");
  return names;
}

Description describe(Inferred& inferred, const std::vector<std::string>& hosts, const std::string& source) {
  const Links links;
  const auto order = order_of(inferred);
  const auto names = names_of(inferred);
  Description description;
  description.name = "measured";
  description.about = source;
  description.node_levels = inferred.node_levels;
  description.reduce_GBps = otherwise(links.reduce_GBps);
  description.copy_GBps = otherwise(links.copy_GBps);
  for (std::size_t i = 0; i < inferred.levels.size(); ++i) {
    const InferredLevel& from = inferred.levels[i];
    const bool inside = i < inferred.node_levels;
    const Link& assumed = inside ? links.node : links.network;
    LevelDescription level;
    level.name = names[i];
    level.runs = runs_of_level(order, from.groups, i == 0 ? nullptr : &inferred.levels[i - 1].groups);
    level.arity = measured(std::ranges::max(level.runs, {}, &GroupRun::size).size, origin_of(from, source));
    level.port = inside ? "memory" : "network";
    level.up_GBps = number(from.GBps, assumed.bandwidth_GBps, source);
    level.down_GBps = level.up_GBps;
    level.latency_us = number(from.latency_us, assumed.latency_us, source);
    level.overhead_us = number(from.overhead_us, assumed.overhead_us, source);
    level.oversubscription = {1, Provenance::assumed, "not measured: a unit is one rank, or has no partner"};
    if (from.loaded_GBps > 0) level.oversubscription = measured(std::max(1.0, from.GBps / from.loaded_GBps), source);
    level.planes = {1, Provenance::assumed, "measurements do not tell planes apart"};
    level.rails = {1, Provenance::assumed, "measurements do not tell rails apart"};
    description.levels.push_back(std::move(level));
  }
  if (!std::ranges::is_sorted(order)) description.placement = order;
  bool in_order = true;
  const auto sorted = hosts_in(order, nodes_of(inferred), hosts, in_order);
  if (!hosts.empty() && are_distinct(hosts)) {
    description.hosts = sorted;
  } else if (!in_order) {
    inferred.remarks.emplace_back(
        "the nodes have no names of their own: the exported fabric fits jobs only whose nodes come in its order");
  }
  return description;
}

}  // namespace tutti::topology
