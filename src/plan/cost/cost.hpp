// What a plan costs, in closed form: latency, overhead, bandwidth and reduction (LogGP with a reduction term), level by
// level; and what no plan can beat.
#pragma once

#include "base/datatype.hpp"
#include "plan/cost/loads.hpp"
#include "plan/plan.hpp"
#include "topology/fabric/fabric.hpp"

namespace tutti::plan {

/// The terms of a prediction, in microseconds. Stripes run at the same time, and transfers and reductions of different
/// segments overlap, so `total` is less than the sum.
struct Cost {
  double latency_us = 0;   // of the slowest stripe
  double overhead_us = 0;  // of the call and of all messages of a rank
  double transfer_us = 0;  // on the busiest link
  double reduce_us = 0;
  double total_us = 0;

  /// The greatest term's name.
  [[nodiscard]] const char* dominant() const;
};

/// `bytes` is the whole vector: count * size, times the ranks for collectives with blocks. The plan's levels are those
/// of the fabric, or some of them.
Cost predict(const Plan& plan, double bytes, DataType type, const topology::Fabric& fabric, Situation situation = {});

/// What no schedule of this collective can beat on this fabric.
struct Bound {
  double latency_us = 0;    // ceil(log2 p) rounds, at least one of them on each level
  double bandwidth_us = 0;  // the worst cut: what must leave or enter a unit of some level, over what it can carry
  int level = 0;            // of that cut

  [[nodiscard]] double total_us() const { return latency_us > bandwidth_us ? latency_us : bandwidth_us; }
};
Bound bound_of(Collective collective, double bytes, const topology::Fabric& fabric);

}  // namespace tutti::plan
