#include "tools/run/placement.hpp"

#include <fmt/format.h>

#include <numeric>

#include "base/bytes.hpp"

namespace tutti::run {
namespace {

Result<std::vector<std::int64_t>> sizes_of(std::string_view text, std::int64_t ranks) {
  std::vector<std::int64_t> sizes;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    sizes.push_back(TUTTI_TRY(parse_integer(text.substr(begin, end - begin), 1, kMostRanks)));
    begin = end + 1;
  }
  if (sizes.size() > 1) return sizes;
  const std::int64_t nodes = sizes[0];
  if (nodes > ranks) return Error{Code::invalid_argument, fmt::format("{} nodes for {} ranks", nodes, ranks)};
  sizes.assign(static_cast<std::size_t>(nodes), ranks / nodes);
  for (std::int64_t node = 0; node < ranks % nodes; ++node) ++sizes[static_cast<std::size_t>(node)];
  return sizes;
}

}  // namespace

Result<std::vector<int>> place(std::string_view text, std::int64_t ranks) {
  const auto sizes = TUTTI_TRY(sizes_of(text, ranks));
  const auto total = std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
  if (total != ranks) {
    return Error{Code::invalid_argument, fmt::format("the nodes have {} ranks, but -n is {}", total, ranks)};
  }
  std::vector<int> nodes;
  for (std::size_t node = 0; node < sizes.size(); ++node) {
    nodes.insert(nodes.end(), static_cast<std::size_t>(sizes[node]), static_cast<int>(node));
  }
  return nodes;
}

std::string node_name(int node) {
  return fmt::format("node{}", node);
}

}  // namespace tutti::run
