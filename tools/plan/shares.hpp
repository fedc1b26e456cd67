// What each tier of each stripe does: rounds and bytes, level by level. It says of a hundred thousand ranks what a
// drawing of every message says of eight.
#pragma once

#include <string>
#include <vector>

#include "plan/plan.hpp"
#include "topology/fabric/fabric.hpp"

namespace tutti::explain {

/// A tier, or all of them for a method that handles all levels, on its way down or up.
struct Leg {
  int stripe = 0;
  int level = 0;
  bool down = true;
  std::string method;      // "circulant", "bruck(4)"
  std::string algorithm;   // of this direction: "reduce_scatter circulant"
  std::int32_t width = 0;  // units of the fullest group
  std::uint32_t first_round = 0;
  std::uint32_t rounds = 0;
  double messages = 0;  // of the busiest rank, of one segment
  double bytes = 0;     // that the busiest rank sends or receives, all segments together
};

/// In order of time within a stripe.
std::vector<Leg> legs_of(const plan::Plan& plan, double bytes, const topology::Fabric& fabric);

/// A stripe's share of the vector.
double share_of(const plan::Plan& plan, int stripe);

/// "down circulant@0": the legs that a round belongs to, all stripes'.
std::string stage_of(const std::vector<Leg>& legs, std::uint32_t round, int depth);

}  // namespace tutti::explain
