// From actions to a program: cuts them into segments, orders them, and finds the dependencies.
#pragma once

#include "plan/phase_builder.hpp"
#include "plan/program.hpp"

namespace tutti::plan {

/// The order is a wavefront (round + segment), so that a late segment's early rounds overlap an early one's late
/// rounds. Dependencies are the hazards on slices: a read after a write, a write after a read or a write.
Program lower(const Lowering& lowering, const PhaseBuilder& phases);

}  // namespace tutti::plan
