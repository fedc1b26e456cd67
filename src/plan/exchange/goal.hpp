// Plans as GOAL, which LogGOPSim and ATLAHS simulate: sends, receives and calculations of every rank, and what each
// waits for.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/datatype.hpp"
#include "base/result.hpp"
#include "plan/plan.hpp"

namespace tutti::plan {

/// The call whose bytes are written down, and what its own rank's work takes.
struct GoalCall {
  std::uint64_t count = 0;  // elements: of the vector, or of one block
  DataType type = DataType::f32;
  double copy_GBps = 10.0;
  double reduce_GBps = 8.0;
  std::uint64_t most_steps = std::uint64_t{4} << 20;  // of all ranks
};

/// Gives the text to `out`, piece by piece, one rank after the other. A message carries a tag of its own among those
/// from its sender to its receiver; messages without bytes are left out at both ends; calculations are in nanoseconds.
/// The call is written as one run, whatever TUTTI_STAGING would cut it into. Fails with unsupported, before anything is
/// written, when there would be more than `most_steps` steps; and with what `out` says.
Status write_goal(const Plan& plan, const GoalCall& call, const std::function<Status(std::string_view)>& out);

}  // namespace tutti::plan
