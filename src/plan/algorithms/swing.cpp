// Swing (De Sensi, Bonato, Saam & Hoefler, "Swing: short-cutting rings for higher bandwidth allreduce", NSDI 2024).
// Rounds: log2 p each for reduce-scatter and all-gather.   Bytes sent per rank: (p-1)/p of the vector each.
// Needs: a power of two; a commutative operator.   Wins: tori: partners are nearer than those of recursive doubling.
//
// In round s a rank meets the one at distance 1, -1, 3, -5, 11, ... = (1 - (-2)^(s+1)) / 3: to the right if its
// position is even, to the left if it is odd.
#include <algorithm>
#include <vector>

#include "plan/algorithms/algorithms.hpp"

namespace tutti::plan {
namespace {

std::int32_t partner(const Axis& axis, std::int32_t position, std::int32_t round) {
  std::int64_t power = 1;
  for (std::int32_t i = 0; i <= round; ++i) power *= -2;
  const std::int64_t distance = (1 - power) / 3;
  return axis.wrap(position % 2 == 0 ? position + distance : position - distance);
}

// Runs of the positions whose chunks the one at `position` is responsible for when the rounds before `round` are over:
// those that it still meets, directly or through others.
std::vector<std::pair<std::int32_t, std::int32_t>> share(const Axis& axis, std::int32_t position, std::int32_t round) {
  std::vector<std::int32_t> all{position};
  for (std::int32_t later = ceil_log2(axis.size()) - 1; later >= round; --later) {
    const std::size_t known = all.size();
    for (std::size_t i = 0; i < known; ++i) all.push_back(partner(axis, all[i], later));
  }
  std::sort(all.begin(), all.end());
  std::vector<std::pair<std::int32_t, std::int32_t>> runs;  // first, count
  for (const std::int32_t one : all) {
    if (!runs.empty() && runs.back().first + runs.back().second == one) {
      ++runs.back().second;
    } else {
      runs.emplace_back(one, 1);
    }
  }
  return runs;
}

}  // namespace

void swing_reduce_scatter(const Axis& axis, PhaseBuilder& phase) {
  for (std::int32_t round = 0; round < ceil_log2(axis.size()); ++round) {
    const std::int32_t other = partner(axis, axis.self(), round);
    const auto side = other < axis.self() ? PhaseBuilder::Side::left : PhaseBuilder::Side::right;
    for (const auto& [first, count] : share(axis, other, round + 1))
      phase.send(axis.at(other), axis.chunk(first, count));
    for (const auto& [first, count] : share(axis, axis.self(), round + 1))
      phase.recv_reduce(axis.at(other), axis.chunk(first, count), side);
    phase.next_round();
  }
}

void swing_all_gather(const Axis& axis, PhaseBuilder& phase) {
  for (std::int32_t round = ceil_log2(axis.size()) - 1; round >= 0; --round) {
    const std::int32_t other = partner(axis, axis.self(), round);
    for (const auto& [first, count] : share(axis, axis.self(), round + 1))
      phase.send(axis.at(other), axis.chunk(first, count));
    for (const auto& [first, count] : share(axis, other, round + 1))
      phase.recv(axis.at(other), axis.chunk(first, count));
    phase.next_round();
  }
}

}  // namespace tutti::plan
