#include "plan/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plan/compose.hpp"
#include "plan/lower.hpp"

namespace tutti::plan {
namespace {

using Mode = Method::Mode;
using topology::Levels;

constexpr std::uint32_t kMostColumns = 4;  // chunks for each rank: levels that need more are too uneven to be cut

bool is_cut(const Tier& tier) {
  return tier.method->mode == Mode::split;
}

std::uint64_t chunks_of(const Plan& plan, const Stripe& stripe) {
  if (plan.collective == Collective::gather || plan.collective == Collective::scatter ||
      plan.collective == Collective::all_to_all)
    return static_cast<std::uint64_t>(plan.ranks());
  std::uint64_t chunks = 1;
  for (const Tier& tier : stripe.tiers()) {
    if (is_cut(tier)) chunks *= static_cast<std::uint64_t>(plan.levels->width(tier.level));
  }
  return chunks;
}

// Why a method cannot serve groups of these sizes.
std::string refusal(const Method& method, const Levels& levels, int level, bool of_any_length) {
  for (const Algorithm* algorithm : {method.down, method.up}) {
    if (algorithm == nullptr) continue;
    if (!of_any_length && levels.width(level) > algorithm->most_ranks)
      return fmt::format("{} would take too many steps on {} ranks", method.name, levels.width(level));
    for (const auto& run : levels.runs(level)) {
      if (algorithm->power_of_two && !is_power_of_two(run.size))
        return fmt::format("{} needs a power of two of ranks, not {}", method.name, run.size);
    }
  }
  return {};
}

std::string refusal(const Plan& plan, const Stripe& stripe, bool of_any_length) {
  const Levels& levels = *plan.levels;
  const auto tiers = stripe.tiers();
  if (tiers.empty()) return "a stripe without tiers";
  const auto all_levels = [](const Tier& tier) { return tier.method->all_levels; };
  if (std::ranges::any_of(tiers, all_levels) && (tiers.size() > 1 || tiers[0].level != 0))
    return fmt::format("{} handles all levels by itself", std::ranges::find_if(tiers, all_levels)->method->name);
  if (all_levels(tiers[0]))
    return levels.regular() ? std::string() : fmt::format("{} needs regular levels", tiers[0].method->name);
  std::uint32_t seen = 0;
  for (std::size_t t = 0; t < tiers.size(); ++t) {
    const Tier& tier = tiers[t];
    if (tier.method->collective != plan.collective)
      return fmt::format("{} is no way to {}", tier.method->name, to_string(plan.collective));
    if (tier.level >= levels.depth() || ((seen >> tier.level) & 1U) != 0)
      return fmt::format("level {} is not there or is handled twice", tier.level);
    seen |= 1U << tier.level;
    const bool inward = t > 0 && tier.level < tiers[t - 1].level;
    if (inward && !levels.regular()) return "another order of levels needs regular levels";
    if (inward && (plan.collective == Collective::gather || plan.collective == Collective::scatter))
      return fmt::format("{} goes through levels inside out", to_string(plan.collective));
    const bool last = t + 1 == tiers.size();
    if (tier.method->mode == Mode::whole && !last && !levels.regular(tier.level))
      return fmt::format("{} on an uneven level must be the last", tier.method->name);
    if (tier.method->mode == Mode::whole && tier.method->collective == Collective::barrier &&
        !levels.regular(tier.level) && !last)
      return "a barrier over uneven levels is flat";
    if (auto why = refusal(*tier.method, levels, tier.level, of_any_length); !why.empty()) return why;
  }
  if (static_cast<int>(tiers.size()) != levels.depth()) return "there is a level that no tier handles";
  if (chunks_of(plan, stripe) > std::uint64_t{kMostColumns} * static_cast<std::uint64_t>(levels.ranks()))
    return "the levels are too uneven to cut the vector along them";
  return {};
}

// Vectors of contributions that a reduction in one go keeps, in units of the whole.
double slots_of(const Plan& plan, const Stripe& stripe) {
  double part = 1;
  double kept = 0;
  for (const Tier& tier : stripe.tiers()) {
    const double size = plan.levels->width(tier.level);
    const double share = is_cut(tier) ? std::ceil(size / plan.levels->least(tier.level)) / size : 1;
    const bool one_sum =
        plan.levels->least(tier.level) == 2 && size == 2 && is_cut(tier) && !plan.divides;  // see direct.cpp
    if (tier.method->down != nullptr && tier.method->down->reduces_once && !one_sum) kept += part * share * size;
    part *= share;
  }
  return kept;
}

std::string text_of(const Tier& tier, bool flat, std::size_t place) {
  std::string text(tier.method->name);
  if (tier.method->has_radix && tier.radix != 2) text += fmt::format("({})", tier.radix);
  if (!flat && tier.level != place) text += fmt::format("@{}", tier.level);
  return text;
}

}  // namespace

bool Plan::operator==(const Plan& other) const {
  return collective == other.collective && (levels == other.levels || *levels == *other.levels) && root == other.root &&
         segments == other.segments && widened == other.widened && divides == other.divides &&
         std::ranges::equal(stripes(), other.stripes());
}

Plan flat_plan(const Method& method, std::int32_t ranks) {
  Plan plan;
  plan.collective = method.collective;
  plan.levels = std::make_shared<const Levels>(Levels::flat(ranks));
  Stripe stripe;
  stripe.push({.method = &method});
  plan.push(stripe);
  return plan;
}

std::size_t template_bytes(const Plan& plan) {
  return sizeof(Plan) + plan.levels->bytes();
}

Cut cut_of(const Plan& plan) {
  if (plan.collective == Collective::gather || plan.collective == Collective::scatter ||
      plan.collective == Collective::all_to_all)
    return Cut::by_position(plan.levels);
  const bool in_order = plan.levels->depth() == 1 && plan.levels->in_rank_order();
  Cut cut(in_order ? nullptr : plan.levels);
  for (const Stripe& stripe : plan.stripes()) {
    Cut::Part part{.chunks = static_cast<std::uint32_t>(chunks_of(plan, stripe)), .weight = stripe.weight};
    for (const Tier& tier : stripe.tiers()) {
      if (is_cut(tier)) part.levels[part.tiers++] = tier.level;
    }
    cut.add(part);
  }
  return cut;
}

bool is_packed(const Plan& plan, const Cut& cut) {
  return (plan.collective == Collective::reduce_scatter || plan.collective == Collective::all_gather) &&
         !cut.in_order();
}

std::uint32_t rounds_of(const Plan& plan) {
  std::uint32_t most = 0;
  for (const Stripe& stripe : plan.stripes()) {
    std::uint32_t rounds = 0;
    for (const Tier& tier : stripe.tiers()) {
      const Rounds of_tier = rounds_of(plan, tier);
      rounds += of_tier.down + of_tier.up;
    }
    most = std::max(most, rounds);
  }
  return most;
}

std::uint32_t scratch_per_element(const Plan& plan) {
  bool keeps_partial = plan.widened || is_packed(plan, cut_of(plan)) || plan.collective == Collective::reduce_scatter ||
                       plan.collective == Collective::reduce || plan.collective == Collective::gather ||
                       plan.collective == Collective::scatter ||
                       plan.collective == Collective::all_to_all;  // in place, what is sent is kept aside
  bool keeps_two = false;
  double slots = 0;
  double weights = 0;
  for (const Stripe& stripe : plan.stripes()) {
    int reductions = 0;  // in one go
    for (const Tier& tier : stripe.tiers()) {
      const bool packs = plan.collective == Collective::all_to_all && tier.method->down->volume(2, 2).copied > 0;
      const Algorithm* const down = tier.method->down;
      if (down != nullptr && down->reduces_once) ++reductions;
      keeps_two = keeps_two || packs || (down != nullptr && down->exchanges);
    }
    keeps_two = keeps_two || reductions > 1 || (reductions > 0 && plan.widened);
    weights += stripe.weight;
    slots += stripe.weight * slots_of(plan, stripe);
  }
  keeps_partial = keeps_partial || keeps_two;
  const double kept = weights == 0 ? 0 : std::ceil(slots / weights);
  return (keeps_partial ? 1U : 0U) + (keeps_two ? 1U : 0U) + static_cast<std::uint32_t>(kept);
}

std::string refusal(const Plan& plan, bool of_any_length) {
  if (plan.levels == nullptr || plan.stripes().empty()) return "a plan without levels or stripes";
  const bool one_way = plan.collective == Collective::barrier || plan.collective == Collective::all_to_all ||
                       plan.collective == Collective::gather || plan.collective == Collective::scatter;
  if (one_way && plan.ways > 1) return fmt::format("{} cannot be striped", to_string(plan.collective));
  for (const Stripe& stripe : plan.stripes()) {
    if (auto why = refusal(plan, stripe, of_any_length); !why.empty()) return why;
    for (const Tier& tier : stripe.tiers()) {
      if (!tier.method->segmented && plan.segments > 1)
        return fmt::format("{} cannot be cut into segments", tier.method->name);
    }
  }
  return {};
}

Program lower(const Plan& plan, Rank self, bool in_place) {
  const Cut cut = cut_of(plan);
  const Lowering lowering{.collective = plan.collective,
                          .ranks = plan.ranks(),
                          .self = self,
                          .root = plan.root,
                          .segments = plan.segments,
                          .in_place = in_place,
                          .widened = plan.widened,
                          .divides = plan.divides,
                          .packed = is_packed(plan, cut)};
  PhaseBuilder phases(lowering, cut.chunks());
  compose(plan, cut, self, phases);
  Program program = lower(lowering, phases, cut);
  program.scratch = scratch_per_element(plan);
  return program;
}

std::string way_of(const Plan& plan) {
  std::string text;
  const bool weighted = std::ranges::any_of(plan.stripes(), [](const Stripe& stripe) { return stripe.weight != 1; });
  for (const Stripe& stripe : plan.stripes()) {
    if (!text.empty()) text += "|";
    if (weighted) text += fmt::format("{}*", stripe.weight);
    const bool flat = plan.levels->depth() == 1 || stripe.tiers()[0].method->all_levels;
    for (std::size_t t = 0; t < stripe.depth; ++t) {
      if (t > 0) text += ">";
      text += text_of(stripe.list[t], flat, t);
    }
  }
  return text;
}

std::string describe(const Plan& plan) {
  return fmt::format("{} {}: {} ranks{}, {} segment{}{}{}", to_string(plan.collective), way_of(plan), plan.ranks(),
                     plan.levels->depth() > 1 ? fmt::format(" ({})", plan.levels->describe()) : "", plan.segments,
                     plan.segments == 1 ? "" : "s",
                     has_root(plan.collective) ? fmt::format(", root {}", index(plan.root)) : "",
                     plan.widened ? ", widened partial results" : "");
}

bool needs_widening(const Plan& plan, DataType type, ReduceOp op) {
  if (!is_reduction(plan.collective)) return false;
  if (op == ReduceOp::premul_sum) return true;
  if (op == ReduceOp::user || !is_low_precision(type)) return false;
  // What is reduced at once is rounded once, if the result is made there and then: not where its parts go to a root.
  return !std::ranges::all_of(plan.stripes(), [&](const Stripe& stripe) {
    const bool in_parts = plan.collective == Collective::reduce && stripe.list[0].method->mode == Mode::split;
    return !in_parts && stripe.depth == 1 && stripe.list[0].method->down != nullptr &&
           stripe.list[0].method->down->reduces_once;
  });
}

}  // namespace tutti::plan
