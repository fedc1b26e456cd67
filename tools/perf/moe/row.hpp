// One line of results: one mode of routing.
#pragma once

#include <string>

#include "tools/perf/moe/bound.hpp"
#include "tools/perf/statistics.hpp"

namespace tutti::perf::moe {

struct Row {
  Routing routing = Routing::uniform;
  std::string route;   // as the plans of all ranks chose: "direct", "hierarchical", "mixed", "none"
  Statistics plan_us;  // each the slowest rank's
  Statistics dispatch_us;
  Statistics combine_us;
  double wire_bytes = 0;     // of plan, dispatch and combine, over all ranks: to other nodes, or to other ranks of one
  double bound_bytes = 0;    // that cannot be fewer
  double bound_us = 0;       // of dispatch and combine
  double skew = 0;           // busiest rank over mean, of rows that come in
  double messages = 0;       // of all ranks
  double staging_bytes = 0;  // of the rank that holds most
  bool ok = false;

  [[nodiscard]] double amp() const { return bound_bytes > 0 ? wire_bytes / bound_bytes : 1; }
  [[nodiscard]] double frac() const {
    const double time = dispatch_us.p50 + combine_us.p50;
    return time > 0 ? bound_us / time : 0;
  }
};

}  // namespace tutti::perf::moe
