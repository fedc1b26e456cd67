// What a plan costs, in closed form: latency, overhead, bandwidth and reduction (LogGP with a reduction term).
#pragma once

#include "base/datatype.hpp"
#include "plan/plan.hpp"
#include "topology/fabric/links.hpp"

namespace tutti::plan {

/// The terms of a prediction, in microseconds. Transfers and reductions of different segments overlap, so `total` is
/// less than the sum.
struct Cost {
  double latency_us = 0;
  double overhead_us = 0;
  double transfer_us = 0;
  double reduce_us = 0;
  double total_us = 0;

  /// The greatest term's name.
  [[nodiscard]] const char* dominant() const;
};

/// `bytes` is the whole vector: count * size, times the ranks for reduce-scatter and all-gather.
Cost predict(const Plan& plan, double bytes, DataType type, const topology::Layout& layout,
             const topology::Links& links);

}  // namespace tutti::plan
