// Which rank lives on which node, in memory that grows with the irregularity of the placement and not with its size.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/rank.hpp"

namespace tutti::topology {

/// Consecutive ranks of one node.
struct NodeRun {
  std::int32_t first = 0;  // rank
  std::int32_t count = 0;
  std::int32_t node = 0;  // from 0, in order of each node's lowest rank
  bool operator==(const NodeRun&) const = default;
};

/// A value. Nodes are numbered in the order of their lowest rank.
class Layout {
 public:
  Layout() = default;

  /// From the node of each rank, given by any distinct numbers.
  static Layout from_nodes(std::span<const std::uint64_t> node_of_rank);
  /// From runs that cover ranks 0..n-1 in order, as `runs()` gives them; empty if they do not.
  static Layout from_runs(std::vector<NodeRun> runs);
  /// `nodes` nodes with `per_node` consecutive ranks each.
  static Layout regular(std::int32_t nodes, std::int32_t per_node);

  [[nodiscard]] std::int32_t ranks() const { return ranks_; }
  [[nodiscard]] std::int32_t nodes() const { return nodes_; }
  [[nodiscard]] std::int32_t node_of(Rank rank) const;           // log(runs)
  [[nodiscard]] std::int32_t ranks_on(std::int32_t node) const;  // runs
  [[nodiscard]] std::int32_t largest_node() const;               // ranks on the fullest node
  [[nodiscard]] std::span<const NodeRun> runs() const { return runs_; }
  bool operator==(const Layout&) const = default;

 private:
  std::vector<NodeRun> runs_;
  std::int32_t ranks_ = 0;
  std::int32_t nodes_ = 0;
};

}  // namespace tutti::topology
