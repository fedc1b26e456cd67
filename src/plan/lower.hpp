// From actions to a program: cuts them into segments, orders them, and finds the dependencies.
#pragma once

#include <vector>

#include "plan/phase_builder.hpp"
#include "plan/program.hpp"

namespace tutti::plan {

/// The order is a wavefront (round + segment), so that a late segment's early rounds overlap an early one's late
/// rounds. Dependencies are the hazards on slices: a read after a write, a write after a read or a write.
Program lower(const Lowering& lowering, const PhaseBuilder& phases, const Cut& cut);

struct Dependency {
  std::uint32_t from = 0;  // step
  std::uint32_t to = 0;
  bool when_posted = false;
};

/// Gives a program that has steps, and no dependencies yet, these ones.
void link(const std::vector<Dependency>& dependencies, Program& program);
/// The same for one that had others.
void relink(const std::vector<Dependency>& dependencies, Program& program);

}  // namespace tutti::plan
