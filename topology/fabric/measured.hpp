// Links as a job measured them, in place of what was assumed or described.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "topology/fabric/fabric.hpp"

namespace tutti::topology {

/// What probes of a job found. A value. Ranks that share processors did so while they were probed: nothing has to be
/// added for that.
struct MeasuredLinks {
  struct Level {
    double latency_us = 0;
    double overhead_us = 0;
    double bandwidth_GBps = 0;  // of a rank; of one whose unit is at rest otherwise, further out than the innermost
    double uplink_GBps = 0;     // of a unit whose ranks all send; 0: as much as its ranks can
    double error = 0;           // what nine of ten samples differ by from the fit, relatively
    MessageTimes exchange{};    // where processors move the bytes; else empty
    MessageTimes window{};
    double combine_GBps = 0;  // 0: not measured
    bool operator==(const Level&) const = default;
  };
  std::vector<Level> levels;  // those of the job, innermost first
  double call_us = 0;
  double reduce_GBps = 0;  // bytes of one operand
  double copy_GBps = 0;
  std::int32_t probes = 0;
  double seconds = 0;  // that probing took
  bool operator==(const MeasuredLinks&) const = default;
};

/// The fabric with these numbers, all of which have the provenance `measured`.
/// Fails with invalid_argument when it has another number of levels.
Result<Fabric> with_measured(Fabric fabric, const MeasuredLinks& measured);

}  // namespace tutti::topology
