#include "tools/perf/moe/bound.hpp"

#include <algorithm>
#include <numeric>
#include <set>

namespace tutti::perf::moe {
namespace {

void add_to(std::vector<double>& sum, const std::vector<double>& more) {
  sum.resize(std::max(sum.size(), more.size()), 0.0);
  for (std::size_t i = 0; i < more.size(); ++i) sum[i] += more[i];
}

double greatest(const std::vector<double>& values) {
  return values.empty() ? 0 : *std::max_element(values.begin(), values.end());
}

double time_us(double bytes, double gigabytes_per_second) {
  return gigabytes_per_second > 0 ? bytes / gigabytes_per_second / 1000 : 0;
}

}  // namespace

void Rows::add(const Rows& other) {
  add_to(out_of_node, other.out_of_node);
  add_to(into_node, other.into_node);
  add_to(into_rank, other.into_rank);
  add_to(out_of_rank, other.out_of_rank);
}

double Rows::network() const {
  return std::accumulate(out_of_node.begin(), out_of_node.end(), 0.0);
}

double Rows::between_ranks() const {
  return std::accumulate(into_rank.begin(), into_rank.end(), 0.0);
}

Rows rows_of(const std::vector<std::int32_t>& choices, int topk, const Homes& homes, int rank) {
  const auto at = [](int index) { return static_cast<std::size_t>(index); };
  const std::size_t ranks = homes.node_of_rank.size();
  Rows rows{std::vector<double>(at(homes.nodes)), std::vector<double>(at(homes.nodes)), std::vector<double>(ranks),
            std::vector<double>(ranks)};
  const int own = homes.node_of_rank[at(rank)];
  for (std::size_t token = 0; token < choices.size(); token += at(topk)) {
    std::set<int> seen_ranks;
    std::set<int> seen_nodes;
    for (std::size_t k = token; k < token + at(topk); ++k) {
      if (choices[k] < 0) continue;
      const int to = homes.rank_of(choices[k]);
      const int node = homes.node_of_rank[at(to)];
      if (to != rank && seen_ranks.insert(to).second) {
        ++rows.into_rank[at(to)];
        ++rows.out_of_rank[at(rank)];
      }
      if (node != own && seen_nodes.insert(node).second) {
        ++rows.into_node[at(node)];
        ++rows.out_of_node[at(own)];
      }
    }
  }
  return rows;
}

double bound_us(const Rows& rows, double bytes, const Speeds& speeds) {
  const double network = std::max(greatest(rows.out_of_node), greatest(rows.into_node));
  const double node = greatest(rows.into_rank);
  return speeds.latency_us +
         std::max(time_us(network * bytes, speeds.network_GBps), time_us(node * bytes, speeds.node_GBps));
}

}  // namespace tutti::perf::moe
