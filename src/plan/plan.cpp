#include "plan/plan.hpp"

#include <fmt/format.h>

#include "plan/lower.hpp"

namespace tutti::plan {

Program lower(const Plan& plan, Rank self, bool in_place) {
  const Algorithm& algorithm = *plan.algorithm;
  const Lowering lowering{.collective = algorithm.collective,
                          .ranks = plan.ranks,
                          .self = self,
                          .root = plan.root,
                          .segments = plan.segments,
                          .in_place = in_place,
                          .widened = plan.widened,
                          .divides = plan.divides};
  PhaseBuilder phases(lowering, algorithm.cut_by_rank ? static_cast<std::uint32_t>(plan.ranks) : 1);
  algorithm.build(Axis(plan.ranks, index(self)), index(plan.root), phases);
  return lower(lowering, phases);
}

std::string describe(const Plan& plan) {
  return fmt::format("{} {}: {} ranks, {} segment{}{}{}", to_string(plan.algorithm->collective), plan.algorithm->name,
                     plan.ranks, plan.segments, plan.segments == 1 ? "" : "s",
                     has_root(plan.algorithm->collective) ? fmt::format(", root {}", index(plan.root)) : "",
                     plan.widened ? ", widened partial results" : "");
}

bool needs_widening(const Algorithm& algorithm, DataType type, ReduceOp op) {
  if (!is_reduction(algorithm.collective)) return false;
  return op == ReduceOp::premul_sum || (op != ReduceOp::user && is_low_precision(type) && !algorithm.reduces_once);
}

}  // namespace tutti::plan
