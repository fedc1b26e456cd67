#include "plan/plan.hpp"

#include <fmt/format.h>

#include "plan/lower.hpp"

namespace tutti::plan {

std::uint32_t scratch_per_element(const Plan& plan) {
  const Algorithm& algorithm = *plan.algorithm;
  const bool keeps_partial = plan.widened || algorithm.exchanges ||
                             algorithm.collective == Collective::reduce_scatter ||
                             algorithm.collective == Collective::reduce;
  const bool keeps_two = algorithm.exchanges || (plan.widened && algorithm.reduces_once);
  const auto ranks = static_cast<std::uint32_t>(plan.ranks);
  const bool one_sum = ranks == 2 && algorithm.cut_by_rank && !plan.divides;  // see direct.cpp
  const std::uint32_t slots = !algorithm.reduces_once || one_sum ? 0 : algorithm.cut_by_rank ? 1 : ranks;
  return (keeps_partial ? 1 : 0) + (keeps_two ? 1 : 0) + slots;
}

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
  Program program = lower(lowering, phases);
  program.scratch = scratch_per_element(plan);
  if (in_place && algorithm.collective == Collective::all_to_all) ++program.scratch;  // what is sent is kept aside
  return program;
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
