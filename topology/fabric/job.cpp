// The part of a described cluster that a job has.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "topology/fabric/described.hpp"
#include "topology/fabric/shaped.hpp"

namespace tutti::topology {
namespace {

struct Node {
  std::int32_t described = 0;       // its number in the description
  std::vector<std::int32_t> ranks;  // of the job
};

// The job's nodes in the order of the description.
Result<std::vector<Node>> nodes_of(const Description& description, const Job& job) {
  const Layout& layout = *job.layout;
  std::vector<Node> nodes(static_cast<std::size_t>(layout.nodes()));
  for (std::size_t i = 0; i < nodes.size(); ++i)
    nodes[i].described = job.nodes.empty() ? static_cast<std::int32_t>(i) : job.nodes[i];
  for (const NodeRun& run : layout.runs()) {
    for (std::int32_t i = 0; i < run.count; ++i)
      nodes[static_cast<std::size_t>(run.node)].ranks.push_back(run.first + i);
  }
  std::ranges::sort(nodes, {}, &Node::described);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].described >= description.nodes() || nodes[i].described < 0) {
      return Error{Code::invalid_usage, fmt::format("the job has {} nodes, but fabric {} describes {}: bring one that "
                                                    "describes them all, or unset TUTTI_FABRIC",
                                                    nodes.size(), description.name, description.nodes())};
    }
    if (i > 0 && nodes[i].described == nodes[i - 1].described) {
      return Error{Code::invalid_usage,
                   fmt::format("two nodes of the job are node {} of fabric {}", nodes[i].described, description.name)};
    }
  }
  return nodes;
}

// Whether every node of the job has as many ranks as all of the described ones have.
bool are_as_described(const Description& description, const std::vector<Node>& nodes) {
  std::int64_t ranks = 1;
  for (std::size_t level = 0; level < description.node_levels; ++level) {
    const auto& runs = description.levels[level].runs;
    if (!std::ranges::all_of(runs, [&](const GroupRun& run) { return run.size == runs.front().size; })) return false;
    ranks *= runs.front().size;
  }
  return std::ranges::all_of(nodes,
                             [&](const Node& node) { return static_cast<std::int64_t>(node.ranks.size()) == ranks; });
}

std::int32_t group_of(const Runs& runs, std::int32_t unit) {
  std::int32_t group = 0;
  for (const GroupRun& run : runs) {
    if (unit < run.groups * run.size) return group + unit / run.size;
    unit -= run.groups * run.size;
    group += run.groups;
  }
  return group;
}

// How many units follow each other in the same group; the groups' numbers take the place of the units'.
Runs grouped(const Runs& described, std::vector<std::int32_t>& units) {
  Runs runs;
  std::vector<std::int32_t> groups;
  for (const std::int32_t unit : units) {
    const std::int32_t group = group_of(described, unit);
    if (groups.empty() || groups.back() != group) {
      groups.push_back(group);
      runs.push_back({1, 0});
    }
    ++runs.back().size;
  }
  units = std::move(groups);
  return runs;
}

// Ranks that share cores wait for each other: the same prices as without a description.
void crowd(Fabric& fabric, std::size_t inner_levels, const Job& job) {
  const double ranks = ranks_per_core(*job.layout, job.links);
  if (ranks <= 1) return;
  fabric.crowd = ranks;
  fabric.reduce_GBps /= ranks;
  fabric.copy_GBps /= ranks;
  for (std::size_t level = 0; level < fabric.links.size(); ++level) {
    Link& link = fabric.links[level];
    link.latency_us = std::max(link.latency_us, ranks * job.links.hand_over_us);
    link.overhead_us *= ranks;
    if (level < inner_levels) link.bandwidth_GBps /= ranks;
  }
}

}  // namespace

Result<Fabric> fabric_of(const Description& description, const Job& job) {
  const auto nodes = TUTTI_TRY(nodes_of(description, job));
  const bool whole = are_as_described(description, nodes);
  Shaped shaped;
  std::size_t inner_levels = 0;  // that group anything
  const auto count = static_cast<std::int32_t>(nodes.size());
  for (std::size_t level = 0; whole && level < description.node_levels; ++level) {
    std::int32_t groups = count;
    for (std::size_t outer = level + 1; outer < description.node_levels; ++outer)
      groups *= description.levels[outer].runs.front().size;
    shaped.runs.push_back({{groups, description.levels[level].runs.front().size}});
    shaped.links.push_back(link_of(description, level));
    shaped.described.push_back(level);
    inner_levels += shaped.runs.back().front().size > 1 ? 1 : 0;
  }
  if (!whole) {
    Runs runs;
    for (const Node& node : nodes) runs.push_back({1, static_cast<std::int32_t>(node.ranks.size())});
    inner_levels = std::ranges::any_of(runs, [](const GroupRun& run) { return run.size > 1; }) ? 1 : 0;
    shaped.runs.push_back(std::move(runs));
    shaped.described.push_back(std::max<std::size_t>(description.node_levels, 1) - 1);
    shaped.links.push_back(link_of(description, shaped.described.back()));
  }
  std::vector<std::int32_t> units;
  std::vector<std::int32_t> rank_at;
  for (const Node& node : nodes) {
    units.push_back(node.described);
    rank_at.insert(rank_at.end(), node.ranks.begin(), node.ranks.end());
  }
  for (std::size_t level = description.node_levels; level < description.levels.size(); ++level) {
    shaped.runs.push_back(grouped(description.levels[level].runs, units));
    shaped.links.push_back(link_of(description, level));
    shaped.described.push_back(level);
  }
  Fabric fabric = TUTTI_TRY(fabric_from(description, std::move(shaped), std::move(rank_at)));
  crowd(fabric, inner_levels, job);
  return fabric;
}

}  // namespace tutti::topology
