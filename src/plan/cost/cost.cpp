#include "plan/cost/cost.hpp"

#include <algorithm>
#include <cmath>

#include "plan/cost/capacity.hpp"
#include "plan/cost/footprint.hpp"
#include "plan/cost/loads.hpp"

namespace tutti::plan {
namespace {

constexpr double kMicroseconds = 1e-3;  // bytes over 1e9 bytes a second give nanoseconds

double wideness(const Plan& plan, DataType type) {
  return plan.widened ? static_cast<double>(size_of(accumulator_of(type))) / static_cast<double>(size_of(type)) : 1;
}

Load load_of(const Plan& plan, const Stripe& stripe, double bytes, DataType type, const Pricing& pricing) {
  Load whole;
  Pricing::Share share{.bytes = bytes, .alone = false, .wide = wideness(plan, type), .segments = plan.segments};
  for (const Tier& tier : stripe.tiers()) {
    whole.add(pricing.load(tier, share));
    share.bytes *= pricing.part_after(tier);
    share.alone = share.alone || tier.method->mode == Method::Mode::lead;
  }
  return whole;
}

// What a rank writes where input and output are two, beside what it receives as it does in place: its own block. Where
// processors write the results of reductions, these too: caches do not hold that memory, and in place they do.
double other_memory(const Plan& plan, double bytes, const topology::Fabric& fabric) {
  const bool by_processors = fabric.link(0).is_moved_by_processors();
  switch (plan.collective) {
    case Collective::all_gather:
    case Collective::all_to_all:
      return bytes / plan.ranks();
    case Collective::all_reduce:
    case Collective::reduce:
      return by_processors ? bytes : 0;
    case Collective::reduce_scatter:
      return by_processors ? bytes / plan.ranks() : 0;
    default:
      return 0;
  }
}

// Bytes that must leave or enter a unit whose ranks are 1/units of all: on average over the units, or at the root's.
double crossing(Collective collective, double bytes, double units) {
  const double others = (units - 1) / units;
  switch (collective) {
    case Collective::all_reduce:  // contributions of all but one come together, and results go to all but one
      return 2 * others * bytes;
    case Collective::barrier:
      return 0;
    default:
      return others * bytes;
  }
}

}  // namespace

double cut_GBps(const topology::Fabric& fabric, int level, bool root) {
  std::array<double, topology::Levels::kMost> by_port{};
  for (int outer = level; outer < fabric.levels->depth(); ++outer) {
    const topology::Link& link = fabric.link(outer);
    const double ranks = fabric.ranks_in_unit(level);
    const double average = fabric.uplink_GBps(outer) * ranks / fabric.ranks_in_unit(outer);
    auto& port = by_port[static_cast<std::size_t>(link.port)];
    // The root has its core for itself while the others rest, and does one of two things.
    const double alone = fabric.crowd > 1 ? 2 * fabric.crowd : link.is_moved_by_processors() ? 2 : 1;
    port = std::max(port, root ? alone * std::min(link.bandwidth_GBps * ranks, fabric.uplink_GBps(outer)) : average);
  }
  double sum = 0;
  for (const double port : by_port) sum += port;
  return sum;
}

const char* Cost::dominant() const {
  const double most = std::max({latency_us, overhead_us, transfer_us, reduce_us});
  if (most == transfer_us) return "transfer";
  if (most == reduce_us) return "reduce";
  return most == latency_us ? "latency" : "overhead";
}

Cost predict(const Plan& plan, double bytes, DataType type, const topology::Fabric& fabric, Situation situation) {
  const double footprint =
      footprint_of(plan.collective, bytes, plan.ranks(), fabric.levels->width(0), situation.in_place);
  const Pricing pricing(fabric, *plan.levels, situation, footprint);
  double weights = 0;
  for (const Stripe& stripe : plan.stripes()) weights += stripe.weight;
  Cost cost;
  Load together;
  double first_segment_us = 0;
  const double segments = plan.segments;
  for (const Stripe& stripe : plan.stripes()) {
    const Load load = load_of(plan, stripe, bytes * stripe.weight / weights, type, pricing);
    together.add(load);
    cost.latency_us = std::max(cost.latency_us, load.latency_us);
    first_segment_us = std::max(first_segment_us, load.latency_us + load.fill_us);
  }
  const double converted = plan.widened ? 2 * bytes * wideness(plan, type) / fabric.copy_GBps * kMicroseconds : 0;
  cost.overhead_us = together.overhead_us;
  cost.transfer_us = together.busiest_link();
  const double copied = situation.in_place ? 0 : other_memory(plan, bytes, fabric) / fabric.copy_GBps * kMicroseconds;
  cost.reduce_us = together.reduce_us + converted + copied;
  // The first segment passes alone; the others follow as fast as the busiest link or the processor lets them.
  const double busiest = std::max(cost.transfer_us, cost.reduce_us + cost.overhead_us + together.moved_us);
  first_segment_us += (converted + copied + cost.overhead_us) / segments;
  cost.total_us = std::max(first_segment_us + busiest * (segments - 1) / segments, cost.latency_us + busiest);
  cost.overhead_us += fabric.call_us;
  cost.total_us += fabric.call_us;
  return cost;
}

Bound bound_of(Collective collective, double bytes, const topology::Fabric& fabric) {
  Bound bound;
  const topology::Levels& levels = *fabric.levels;
  if (levels.ranks() <= 1) return bound;
  double least_latency = fabric.link(0).latency_us;
  for (int level = 0; level < levels.depth(); ++level) {
    bound.latency_us += fabric.link(level).latency_us;
    least_latency = std::min(least_latency, fabric.link(level).latency_us);
  }
  // Who shares a core with others finds all their messages when it runs again: one round does.
  if (fabric.crowd <= 1) bound.latency_us += std::max(0, ceil_log2(levels.ranks()) - levels.depth()) * least_latency;
  const bool at_root = collective == Collective::gather || collective == Collective::scatter;
  for (int level = 0; level < levels.depth(); ++level) {
    if (levels.units(level) <= 1) continue;
    const double senders = collective == Collective::all_to_all ? fabric.ranks_in_unit(level) : 1;
    const double time =
        crossing(collective, bytes, levels.units(level)) * senders / cut_GBps(fabric, level, at_root) * kMicroseconds;
    if (time > bound.bandwidth_us) {
      bound.bandwidth_us = time;
      bound.level = level;
    }
  }
  return bound;
}

}  // namespace tutti::plan
