#include "plan/select/candidates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>

#include "plan/cost/loads.hpp"
#include "plan/verify/verify.hpp"

namespace tutti::plan {
namespace {

using Mode = Method::Mode;
using topology::Levels;

// Modes that the tiers of one stripe may have, in order: split ones first, then whole or leading ones, as what follows
// them handles everything that they got.
std::vector<std::vector<Mode>> sequences(Collective collective, std::size_t tiers) {
  std::vector<std::vector<Mode>> all;
  const auto add = [&](std::size_t split, Mode rest) {
    std::vector<Mode> modes(split, Mode::split);
    modes.resize(tiers, rest);
    if (std::find(all.begin(), all.end(), modes) == all.end()) all.push_back(std::move(modes));
  };
  const bool splits =
      collective != Collective::gather && collective != Collective::scatter && collective != Collective::barrier;
  const bool leads = collective != Collective::reduce_scatter && collective != Collective::all_gather &&
                     collective != Collective::barrier;
  const bool whole = collective == Collective::all_reduce || collective == Collective::barrier;
  for (std::size_t split = splits ? tiers + 1 : 1; split-- > 0;) {
    if (split == tiers || leads) add(split, Mode::lead);
    if (split < tiers && whole) add(split, Mode::whole);
  }
  if (collective == Collective::all_reduce) {  // uneven levels: leaders up to the outermost level, all of them there
    std::vector<Mode> modes(tiers, Mode::lead);
    modes.back() = Mode::whole;
    all.push_back(modes);
    modes.back() = Mode::split;
    all.push_back(std::move(modes));
  }
  return all;
}

}  // namespace

// Little: it decides between ways that are as good as equal. Among many units, keeping partners takes rounds.
double meeting_factor(const Levels& levels, const Tier& tier) {
  constexpr double kMeeting = 1.03;
  constexpr std::int32_t kFew = 8;
  if (levels.depth() < 2 || tier.level == 0 || tier.method->all_levels || levels.width(tier.level) > kFew) return 1;
  for (const Algorithm* algorithm : {tier.method->down, tier.method->up}) {
    if (algorithm != nullptr && !algorithm->volume(levels.width(tier.level), tier.radix).neighbours) return kMeeting;
  }
  return 1;
}

std::string refusal(const Plan& plan, const Query& query) {
  if (auto why = refusal(plan); !why.empty()) return why;
  const bool reduces = is_reduction(query.collective);
  if (reduces && !query.commutative && !keeps_rank_order(plan)) return "needs a commutative operator";
  for (const Stripe& stripe : plan.stripes()) {
    for (const Tier& tier : stripe.tiers()) {
      for (const Algorithm* algorithm : {tier.method->down, tier.method->up}) {
        if (algorithm == nullptr) continue;
        if (query.own_lengths_only && (!algorithm->uneven || plan.levels->depth() > 1))
          return "needs blocks whose lengths all ranks know";
        const bool contributes = is_reduction(algorithm->role);
        if (reduces && query.deterministic && contributes && (!algorithm->rank_order || plan.levels->depth() > 1))
          return "reduces in an order of its own";
      }
    }
  }
  return {};
}

Candidates::Candidates(const Query& query, const topology::Fabric& fabric)
    : query_(query), fabric_(fabric), bytes_(total_bytes(query, fabric.ranks())) {
  const int depth = fabric.levels->depth();
  if (depth < 2 || query.deterministic || query.own_lengths_only || query.collective == Collective::all_to_all) return;
  for (std::uint32_t kept = 1; kept < (1U << (depth - 1)); ++kept) {
    const bool everything = kept + 1 == (1U << (depth - 1));
    shapes_.push_back({everything ? fabric.levels : std::make_shared<const Levels>(fabric.levels->coarsened(kept))});
  }
}

Plan Candidates::plan_of(const Shape& shape) const {
  Plan plan;
  plan.collective = query_.collective;
  plan.levels = shape.levels;
  plan.root = query_.root;
  return plan;
}

void Candidates::flat(const std::function<void(const Plan&)>& visit) const {
  const bool is_flat = fabric_.levels->depth() == 1 && fabric_.levels->in_rank_order();
  const auto levels = is_flat ? fabric_.levels : std::make_shared<const Levels>(Levels::flat(fabric_.ranks()));
  for (const Method& method : methods()) {
    if (method.collective != query_.collective || method.paired) continue;
    Plan plan = plan_of({method.all_levels ? fabric_.levels : levels});
    Stripe stripe;
    stripe.push({.method = &method});
    plan.push(stripe);
    visit(plan);
    if (!method.has_radix) continue;
    for (const std::uint8_t radix : {std::uint8_t{4}, std::uint8_t{8}}) {
      plan.list[0].list[0].radix = radix;
      visit(plan);
    }
  }
  if (query_.collective != Collective::all_reduce) return;
  Plan twins = plan_of({levels});
  for (const char* const name : {"tree", "twin_tree"}) {
    Stripe stripe;
    stripe.push({.method = find_method(Collective::all_reduce, name)});
    twins.push(stripe);
  }
  visit(twins);
}

void Candidates::composed(std::uint32_t segments, const std::function<void(const Plan&)>& visit) const {
  for (const Shape& shape : shapes_) orders(shape, segments, visit);
}

// The stripes of one order of levels: for each sequence of modes the cheapest method of each tier.
std::vector<Stripe> Candidates::stripes(const Shape& shape, std::span<const std::uint8_t> order,
                                        std::uint32_t segments) const {
  const Pricing pricing(fabric_, *shape.levels);
  std::vector<Stripe> all;
  // Another order than inside out only pays where the levels share the bytes.
  const bool ascending = std::is_sorted(order.begin(), order.end());
  for (const auto& modes : sequences(query_.collective, order.size())) {
    if (!ascending && !std::ranges::all_of(modes, [](Mode mode) { return mode == Mode::split; })) continue;
    Stripe stripe;
    Pricing::Share share{.bytes = bytes_, .alone = false, .wide = 1, .segments = segments};
    for (std::size_t t = 0; t < order.size(); ++t) {
      std::optional<Tier> best;
      double least = 0;
      for (const Method& method : methods()) {
        if (method.collective != query_.collective || method.mode != modes[t] || method.all_levels || method.paired)
          continue;
        const Tier tier{.method = &method, .level = order[t]};
        const Load load = pricing.load(tier, share);
        const double cost = (load.latency_us + load.overhead_us + load.fill_us +
                             std::max(load.busiest_link(), load.reduce_us) * (segments - 1) / segments) *
                            meeting_factor(*shape.levels, tier);
        if (best && cost >= least) continue;
        const bool restricted = [&] {
          for (const Algorithm* algorithm : {method.down, method.up}) {
            if (algorithm == nullptr) continue;
            if (algorithm->power_of_two &&
                !(shape.levels->regular(order[t]) && is_power_of_two(shape.levels->width(order[t]))))
              return true;
            if (shape.levels->width(order[t]) > algorithm->most_ranks) return true;
            if (!query_.commutative && algorithm->commutative) return true;
          }
          return false;
        }();
        if (restricted) continue;
        best = tier;
        least = cost;
      }
      if (!best) break;
      stripe.push(*best);
      share.bytes *= pricing.part_after(*best);
      share.alone = share.alone || best->method->mode == Mode::lead;
    }
    if (stripe.depth == order.size()) all.push_back(stripe);
  }
  return all;
}

void Candidates::orders(const Shape& shape, std::uint32_t segments,
                        const std::function<void(const Plan&)>& visit) const {
  std::vector<std::uint8_t> order(static_cast<std::size_t>(shape.levels->depth()));
  std::iota(order.begin(), order.end(), std::uint8_t{0});
  std::optional<Plan> inward_first;
  do {
    for (const Stripe& stripe : stripes(shape, order, segments)) {
      const bool all_split =
          std::ranges::all_of(stripe.tiers(), [](const Tier& tier) { return tier.method->mode == Mode::split; });
      const bool ascending = std::is_sorted(order.begin(), order.end());
      Plan plan = plan_of(shape);
      plan.push(stripe);
      visit(plan);
      if (!all_split) continue;
      if (ascending) {
        inward_first = plan;
      } else if (inward_first) {
        striped(*inward_first, plan, segments, visit);
      }
    }
  } while (shape.levels->regular() && std::next_permutation(order.begin(), order.end()));
}

// Both ways at the same time, each with the share of the bytes that makes both take as long.
void Candidates::striped(const Plan& first, const Plan& second, std::uint32_t segments,
                         const std::function<void(const Plan&)>& visit) const {
  constexpr std::uint32_t kParts = 64;
  const auto load_of = [&](const Plan& plan) {
    const Pricing pricing(fabric_, *plan.levels);
    Load load;
    Pricing::Share share{.bytes = bytes_, .alone = false, .wide = 1, .segments = segments};
    for (const Tier& tier : plan.stripes()[0].tiers()) {
      load.add(pricing.load(tier, share));
      share.bytes *= pricing.part_after(tier);
    }
    return load;
  };
  const Load one = load_of(first);
  const Load other = load_of(second);
  std::uint32_t best = 0;
  double least = std::min(one.busiest_link(), other.busiest_link());
  for (std::uint32_t share = 1; share < kParts; ++share) {
    const double part = static_cast<double>(share) / kParts;
    double busiest = 0;
    for (std::size_t i = 0; i < one.ports.size(); ++i) {
      busiest = std::max({busiest, part * one.ports[i] + (1 - part) * other.ports[i],
                          part * one.uplinks[i] + (1 - part) * other.uplinks[i]});
    }
    if (busiest >= least * 0.98) continue;
    least = busiest;
    best = share;
  }
  if (best == 0) return;
  Plan both = first;
  Stripe stripe = second.stripes()[0];
  const std::uint32_t divisor = std::gcd(best, kParts);
  both.list[0].weight = best / divisor;
  stripe.weight = (kParts - best) / divisor;
  both.push(stripe);
  visit(both);
}

}  // namespace tutti::plan
