// What failures leave of a network.
#include <fmt/format.h>

#include <algorithm>

#include "sim/network.hpp"

namespace tutti::sim {
namespace {

Error wrong(std::string text) {
  return {Code::invalid_argument, std::move(text)};
}

Status check_number(const char* what, std::int64_t number, std::int64_t count) {
  if (number >= 0 && number < count) return {};
  return wrong(fmt::format("there is no {} {}: there are 0 to {}", what, number, count - 1));
}

}  // namespace

// A plane carries its share of every rank's bandwidth.
Status Network::lose_planes() {
  std::vector<std::int32_t> lost = options_.what_if.planes;
  std::ranges::sort(lost);
  lost.erase(std::unique(lost.begin(), lost.end()), lost.end());
  if (lost.empty()) return {};
  std::int32_t most = 1;
  for (const LevelShape& level : shape_.levels) most = std::max(most, level.planes);
  if (most == 1) return wrong(fmt::format("plane:{} cannot fail: no level has more than one plane", lost.front()));
  for (const std::int32_t plane : lost) TUTTI_TRY(check_number("plane", plane, most));
  for (std::size_t level = 0; level < shape_.levels.size(); ++level) {
    const std::int32_t planes = shape_.levels[level].planes;
    if (planes == 1) continue;
    const auto gone = std::ranges::count_if(lost, [&](std::int32_t plane) { return plane < planes; });
    const double left = 1 - static_cast<double>(gone) / planes;
    if (left <= 0) return wrong(fmt::format("the failures cut the fabric: level {} has lost all planes", level));
    fabric_.links[level].bandwidth_GBps *= left;
    fabric_.links[level].uplink_GBps *= left;
  }
  return {};
}

bool Network::is_outside_node(int port) const {
  for (int level = shape_.node_levels; level < levels().depth(); ++level) {
    if (fabric_.link(level).port == port) return true;
  }
  return false;
}

Status Network::take_failures() {
  const WhatIf& what_if = options_.what_if;
  for (const WhatIf::Straggler& straggler : what_if.stragglers) {
    TUTTI_TRY(check_number("straggler", index(straggler.rank), ranks()));
    slowness_[position_of(straggler.rank)] = straggler.factor;
    fixed_levels_ = ~0U;
  }
  const int depth = levels().depth();
  const int outside = shape_.node_levels;
  if ((!what_if.nics.empty() || !what_if.rails.empty() || !what_if.leaves.empty()) && outside >= depth)
    return wrong("nic, rail and leaf are parts of the network between nodes: this fabric is one node");
  for (const Rank rank : what_if.nics) {
    TUTTI_TRY(check_number("nic", index(rank), ranks()));
    lost_nics_.insert(position_of(rank));
    fixed_levels_ = ~0U;
  }
  if (what_if.rails.empty() && what_if.leaves.empty()) return lose_nics();
  const std::int32_t rails = shape_.levels[static_cast<std::size_t>(outside)].rails;
  const std::int32_t groups = levels().groups(outside);
  const auto on_node = static_cast<std::int32_t>(fabric_.ranks_in_unit(outside));
  const auto lose = [&](std::int32_t rail, std::int32_t group) {  // group -1: everywhere
    for (Position p = 0; p < ranks(); ++p) {
      const std::int32_t node = unit(outside, p);
      const Position place = p - (outside == 0 ? p : levels().first_position(outside - 1, node));
      const bool there = group < 0 || levels().group_of_unit(outside, node).number == group;
      if (there && place * rails / on_node == rail) lost_nics_.insert(p);
    }
  };
  for (const std::int32_t rail : what_if.rails) {
    TUTTI_TRY(check_number("rail", rail, rails));
    lose(rail, -1);
    for (int level = 0; level < outside; ++level) fixed_levels_ |= 1U << level;
  }
  for (const std::int32_t leaf : what_if.leaves) {
    TUTTI_TRY(check_number("leaf", leaf, std::int64_t{groups} * rails));
    lose(leaf % rails, leaf / rails);
    fixed_levels_ = ~0U;
  }
  return lose_nics();
}

// Whoever has lost a NIC uses that of the next rank of its node that has one.
Status Network::lose_nics() {
  const int outside = shape_.node_levels;
  for (const Position position : lost_nics_) {
    const std::int32_t node = unit(outside, position);
    const Position first = outside == 0 ? position : levels().first_position(outside - 1, node);
    const Position end = outside == 0 ? position + 1 : levels().first_position(outside - 1, node + 1);
    Position other = position;
    do {
      other = other + 1 == end ? first : other + 1;
    } while (other != position && lost_nics_.contains(other));
    if (other == position)
      return wrong(fmt::format("the failures cut the fabric: no NIC is left to rank {}'s node",
                               index(levels().rank_at(position))));
    other_nic_[position] = other;
  }
  return {};
}

Result<topology::Fabric> without_nodes(const topology::Fabric& fabric, int node_levels,
                                       const std::vector<std::int32_t>& nodes) {
  const topology::Levels& levels = *fabric.levels;
  const int inside = std::min(node_levels, levels.depth());
  const std::int32_t count = inside == levels.depth() ? 1 : levels.units(inside);
  std::vector<bool> gone(static_cast<std::size_t>(count), false);
  for (const std::int32_t node : nodes) {
    TUTTI_TRY(check_number("node", node, count));
    gone[static_cast<std::size_t>(node)] = true;
  }
  if (std::ranges::all_of(gone, [](bool lost) { return lost; })) return wrong("the failures leave no node");
  if (!levels.in_rank_order())
    return Error{Code::unsupported, "nodes of a fabric that places its ranks itself cannot be taken away"};
  // From the outermost level inwards every group keeps those of its units in which a node is left.
  std::vector<std::vector<topology::GroupRun>> runs(static_cast<std::size_t>(levels.depth()));
  std::vector<bool> unit_gone = gone;  // of units of level `level`
  for (int level = 0; level < inside; ++level) {
    for (std::int32_t group = 0; group < levels.groups(level); ++group) {
      std::int32_t outer = group;
      for (int above = level + 1; above < inside; ++above) outer = levels.group_of_unit(above, outer).number;
      if (!gone[static_cast<std::size_t>(outer)])
        runs[static_cast<std::size_t>(level)].push_back({1, levels.group(level, group).size});
    }
  }
  for (int level = inside; level < levels.depth(); ++level) {
    std::vector<bool> group_gone;
    for (std::int32_t number = 0; number < levels.groups(level); ++number) {
      const auto group = levels.group(level, number);
      std::int32_t left = 0;
      for (std::int32_t u = group.first; u < group.first + group.size; ++u)
        left += unit_gone[static_cast<std::size_t>(u)] ? 0 : 1;
      group_gone.push_back(left == 0);
      if (left > 0) runs[static_cast<std::size_t>(level)].push_back({1, left});
    }
    unit_gone = std::move(group_gone);
  }
  topology::Fabric left = fabric;
  left.levels = std::make_shared<const topology::Levels>(TUTTI_TRY(topology::Levels::from_runs(std::move(runs))));
  if (left.levels->depth() != levels.depth())
    return Error{Code::unsupported, "the failures leave a level without groups: describe the rest as a fabric"};
  return left;
}

}  // namespace tutti::sim
