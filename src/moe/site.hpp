// Where a rank stands among the ranks of its group and their nodes.
#pragma once

#include <cstdint>
#include <vector>

#include "topology/fabric/layout.hpp"

namespace tutti::moe {

/// Ranks and nodes as plain numbers from 0: they index arrays throughout this room.
struct Site {
  std::int32_t rank = 0;
  std::int32_t ranks = 1;
  std::int32_t node = 0;
  std::int32_t nodes = 1;
  std::vector<std::int32_t> node_of = {0};                 // of each rank
  std::vector<std::int32_t> local = {0};                   // of each rank: its number among its node's ranks
  std::vector<std::vector<std::int32_t>> members = {{0}};  // of each node: its ranks, ascending

  static Site of(const topology::Layout& layout, std::int32_t rank);

  [[nodiscard]] std::int32_t size_of_node(std::int32_t which) const {
    return static_cast<std::int32_t>(members[static_cast<std::size_t>(which)].size());
  }
  [[nodiscard]] bool is_near(std::int32_t other) const { return node_of[static_cast<std::size_t>(other)] == node; }
};

}  // namespace tutti::moe
