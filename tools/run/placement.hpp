// Which node each rank pretends to be on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tutti::run {

inline constexpr std::int64_t kMostRanks = 4096;  // on one machine

/// The node of every rank, in blocks. `text` is a number of nodes ("2": as even as `ranks` allows, the first ones get
/// more) or the ranks of each ("3,5"). Fails with invalid_argument unless every node gets a rank and every rank a node.
Result<std::vector<int>> place(std::string_view text, std::int64_t ranks);

/// The value of TUTTI_NODE_ID for a node.
std::string node_name(int node);

}  // namespace tutti::run
