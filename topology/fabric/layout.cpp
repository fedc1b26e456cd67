#include "topology/fabric/layout.hpp"

#include <algorithm>
#include <map>

namespace tutti::topology {

Layout Layout::from_nodes(std::span<const std::uint64_t> node_of_rank) {
  std::map<std::uint64_t, std::int32_t> numbers;
  std::vector<NodeRun> runs;
  for (std::size_t rank = 0; rank < node_of_rank.size(); ++rank) {
    const auto fresh = static_cast<std::int32_t>(numbers.size());
    const std::int32_t node = numbers.try_emplace(node_of_rank[rank], fresh).first->second;
    if (!runs.empty() && runs.back().node == node) {
      ++runs.back().count;
    } else {
      runs.push_back({static_cast<std::int32_t>(rank), 1, node});
    }
  }
  return from_runs(std::move(runs));
}

Layout Layout::from_runs(std::vector<NodeRun> runs) {
  Layout layout;
  std::int32_t next_rank = 0;
  std::int32_t nodes = 0;
  for (const auto& run : runs) {
    if (run.first != next_rank || run.count <= 0 || run.count > (1 << 24) || run.node < 0 || run.node > nodes)
      return {};
    next_rank += run.count;
    nodes = std::max(nodes, run.node + 1);
    if (next_rank > (1 << 24)) return {};
  }
  layout.runs_ = std::move(runs);
  layout.ranks_ = next_rank;
  layout.nodes_ = nodes;
  return layout;
}

Layout Layout::regular(std::int32_t nodes, std::int32_t per_node) {
  std::vector<NodeRun> runs;
  runs.reserve(static_cast<std::size_t>(std::max(nodes, 0)));
  for (std::int32_t node = 0; node < nodes; ++node) runs.push_back({node * per_node, per_node, node});
  return from_runs(std::move(runs));
}

std::int32_t Layout::node_of(Rank rank) const {
  const auto after = std::upper_bound(runs_.begin(), runs_.end(), index(rank),
                                      [](std::int32_t value, const NodeRun& run) { return value < run.first; });
  return after == runs_.begin() ? -1 : std::prev(after)->node;
}

std::int32_t Layout::ranks_on(std::int32_t node) const {
  std::int32_t count = 0;
  for (const auto& run : runs_) count += run.node == node ? run.count : 0;
  return count;
}

std::int32_t Layout::largest_node() const {
  std::vector<std::int32_t> counts(static_cast<std::size_t>(nodes_), 0);
  for (const auto& run : runs_) counts[static_cast<std::size_t>(run.node)] += run.count;
  return counts.empty() ? 0 : *std::max_element(counts.begin(), counts.end());
}

}  // namespace tutti::topology
