// What a batch costs at least: bytes that must cross between nodes and come to each rank, over bandwidths that were
// measured in the same run.
#pragma once

#include <cstdint>
#include <vector>

#include "tools/perf/moe/choices.hpp"

namespace tutti::perf::moe {

/// Rows, over all ranks' batches, each counted once a node or once a rank.
struct Rows {
  std::vector<double> out_of_node;  // that leave it, for each other node that has one of their experts
  std::vector<double> into_node;
  std::vector<double> into_rank;    // from other ranks, of any node
  std::vector<double> out_of_rank;  // the same, at the other end

  void add(const Rows& other);
  [[nodiscard]] double network() const;  // over all nodes
  [[nodiscard]] double between_ranks() const;
};

/// Those of one rank's batch.
Rows rows_of(const std::vector<std::int32_t>& choices, int topk, const Homes& homes, int rank);

/// Measured with plain messages, by all ranks at once.
struct Speeds {
  double network_GBps = 0;  // NOLINT: of a node, in each direction; 0: there is one node
  double node_GBps = 0;     // NOLINT: of a rank, from another of its node; 0: it is alone
  double latency_us = 0;    // of a message, there only
};

/// The least time for rows of `bytes`: of the busiest node's wire, or of the busiest rank, and one message's latency.
double bound_us(const Rows& rows, double bytes, const Speeds& speeds);

}  // namespace tutti::perf::moe
