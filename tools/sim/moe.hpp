// One dispatch and one combine of a mixture of experts, on a cluster that need not be there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/sim/question.hpp"

namespace tutti::predict {

/// The words of the command line.
struct MoeQuestion {
  world::ClusterWords cluster;
  std::vector<std::string> routings = {"uniform", "zipf"};
  double exponent = 1.0;  // of zipf
  std::uint64_t seed = 1;
  std::int64_t tokens = 4096;  // of a rank
  std::int64_t hidden = 7168;
  std::int64_t experts = 256;
  std::int64_t topk = 8;
  std::int64_t expert_ranks = 0;  // that share the experts; 0: as many as there are experts, at most all
  std::string type = "bfloat16";
};

struct MoeRow {
  std::string routing;
  std::string route;  // "direct", "rail"
  double dispatch_us = 0;
  double combine_us = 0;
  double node_bytes = 0;  // between nodes, that a rank sends on average in a dispatch
  double busiest = 1;     // what the busiest rank gets, over the average
  double bound_us = 0;    // of a dispatch or a combine: what must enter some unit, over what that can carry

  [[nodiscard]] double fraction() const { return dispatch_us > 0 ? bound_us / dispatch_us : 1; }
};

struct Moe {
  Setting group;
  std::int64_t nodes = 1;
  double token_bytes = 0;
  std::vector<MoeRow> rows;
};

/// Fails with invalid_argument, and says what makes sense; with unsupported where there is too much to simulate.
Result<Moe> exchange_tokens(const MoeQuestion& question);

}  // namespace tutti::predict
