// The experts that tokens choose, in each mode of routing: counters and no state, so that every rank can tell every
// token's, and a run can be repeated.
#pragma once

#include <cstdint>
#include <vector>

#include "tools/perf/moe/options.hpp"

namespace tutti::perf::moe {

/// Where the experts are: those of rank r are first[r] to first[r + 1] - 1.
struct Homes {
  std::vector<int> first;
  std::vector<int> node_of_rank;
  int nodes = 1;

  [[nodiscard]] int rank_of(int expert) const;
  [[nodiscard]] int node_of(int expert) const { return node_of_rank[static_cast<std::size_t>(rank_of(expert))]; }
};

/// As even as can be, as a group places them that is told nothing else.
Homes even_homes(int experts, std::vector<int> node_of_rank);

/// `topk` experts for each token of `rank`, all different; from a file, as many as its lines have, with -1 behind them.
/// Fails with system or invalid_argument when the file cannot be used, and names the line.
Result<std::vector<std::int32_t>> choose(const Options& options, Routing routing, const Homes& homes, int rank);

}  // namespace tutti::perf::moe
