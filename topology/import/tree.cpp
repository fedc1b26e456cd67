#include "topology/import/tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

namespace tutti::topology {
namespace {

Error wrong(std::string text) {
  return {Code::invalid_argument, std::move(text)};
}

Quantity assumed(double value, std::string why) {
  return {value, Provenance::assumed, std::move(why)};
}

Quantity told(double value, const std::string& tool) {
  return {value, Provenance::measured, "told by " + tool};
}

Status check_hosts(const Grouping& grouping) {
  if (grouping.hosts.empty()) return wrong("no host is named");
  std::set<std::string_view> hosts;
  for (const std::string& host : grouping.hosts) {
    if (!hosts.insert(host).second) return wrong(fmt::format("the host {} is named twice", host));
  }
  for (std::size_t level = 0; level + 1 < grouping.levels.size(); ++level) {
    std::map<std::int32_t, std::int32_t> outer;
    for (std::size_t host = 0; host < grouping.hosts.size(); ++host) {
      const auto& above = grouping.levels[level + 1].group_of[host];
      if (outer.try_emplace(grouping.levels[level].group_of[host], above).first->second != above) {
        return wrong(fmt::format("the {} of {} lies in two groups of level {}", grouping.levels[level].name,
                                 grouping.hosts[host], grouping.levels[level + 1].name));
      }
    }
  }
  return {};
}

// Outer groups first, each in the order in which it was first named.
std::vector<std::size_t> order_of(const Grouping& grouping) {
  std::vector<std::vector<std::int32_t>> ranks(grouping.hosts.size());
  for (auto level = grouping.levels.rbegin(); level != grouping.levels.rend(); ++level) {
    std::map<std::int32_t, std::int32_t> first;
    for (std::size_t host = 0; host < ranks.size(); ++host) {
      const auto fresh = static_cast<std::int32_t>(first.size());
      ranks[host].push_back(first.try_emplace(level->group_of[host], fresh).first->second);
    }
  }
  std::vector<std::size_t> order(grouping.hosts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(
      order, {}, [&](std::size_t host) -> const auto& { return ranks[host]; });
  return order;
}

LevelDescription network_level(const Grouping& grouping, const Grouping::Level& level, std::size_t number,
                               std::int32_t ranks_per_node) {
  LevelDescription made;
  made.name = level.name;
  made.kind = level.kind;
  made.port = "nic";
  made.up_GBps = grouping.host_GBps > 0 ? told(grouping.host_GBps / ranks_per_node, grouping.tool)
                                        : assumed(50, grouping.tool + " does not say: 400 Gb/s a rank");
  made.down_GBps = made.up_GBps;
  made.oversubscription = level.oversubscription > 0 ? told(level.oversubscription, grouping.tool)
                                                     : assumed(1, grouping.tool + " does not say");
  made.latency_us =
      assumed(2.0 + 0.5 * static_cast<double>(number), grouping.tool + " does not say: a switch more a level");
  made.overhead_us = assumed(0.5, grouping.tool + " does not say: a work request for an RDMA NIC");
  made.planes = assumed(1, grouping.tool + " does not say");
  made.rails = grouping.rails > 1 ? told(std::min(grouping.rails, ranks_per_node), grouping.tool)
                                  : assumed(1, grouping.tool + " does not say");
  return made;
}

LevelDescription node_level(const Grouping& grouping, std::int32_t ranks_per_node) {
  LevelDescription node;
  node.name = "node";
  node.port = "scale-up";
  node.arity = assumed(ranks_per_node, "said with --ranks-per-node");
  node.runs = {{static_cast<std::int32_t>(grouping.hosts.size()), ranks_per_node}};
  node.up_GBps = node.down_GBps = assumed(200, grouping.tool + " does not say: links of accelerators in a node");
  node.latency_us = assumed(1, grouping.tool + " does not say");
  node.overhead_us = assumed(0.2, grouping.tool + " does not say");
  node.oversubscription = node.planes = node.rails = assumed(1, grouping.tool + " does not say");
  return node;
}

}  // namespace

Result<Description> describe(const Grouping& told_grouping, std::int32_t ranks_per_node) {
  Grouping grouping = told_grouping;
  const bool has_top =
      !grouping.levels.empty() && std::ranges::all_of(grouping.levels.back().group_of, [&](std::int32_t group) {
        return group == grouping.levels.back().group_of.front();
      });
  if (!has_top)
    grouping.levels.push_back({"cluster", LevelKind::clos, std::vector<std::int32_t>(grouping.hosts.size(), 0), 0});
  TUTTI_TRY(check_hosts(grouping));
  const auto order = order_of(grouping);
  Description description;
  description.name = "imported";
  description.about = fmt::format("{} hosts, as {} knows them.", grouping.hosts.size(), grouping.tool);
  description.levels.push_back(node_level(grouping, ranks_per_node));
  description.reduce_GBps = description.copy_GBps = assumed(1000, "an accelerator's memory: beyond what links bring");
  std::vector<std::size_t> speakers = order;  // a host of each unit
  for (std::size_t number = 0; number < grouping.levels.size(); ++number) {
    const Grouping::Level& level = grouping.levels[number];
    LevelDescription made = network_level(grouping, level, number, ranks_per_node);
    std::vector<std::size_t> heads;
    for (const std::size_t host : speakers) {
      const bool fresh = heads.empty() || level.group_of[heads.back()] != level.group_of[host];
      if (fresh) {
        heads.push_back(host);
        made.runs.push_back({1, 0});
      }
      ++made.runs.back().size;
    }
    std::vector<GroupRun> joined;
    for (const GroupRun& run : made.runs) {
      if (joined.empty() || joined.back().size != run.size) joined.push_back({0, run.size});
      ++joined.back().groups;
      made.arity.value = std::max(made.arity.value, static_cast<double>(run.size));
    }
    made.runs = std::move(joined);
    made.arity = told(made.arity.value, grouping.tool);
    speakers = std::move(heads);
    description.levels.push_back(std::move(made));
  }
  for (const std::size_t host : order) description.hosts.push_back(grouping.hosts[host]);
  TUTTI_TRY(check(description));
  return description;
}

}  // namespace tutti::topology
