#include "plan/cost/cost.hpp"

#include <algorithm>
#include <cmath>

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

// What leads out of the average unit of a level, at this level and further out, through all its ports; or, for `root`,
// out of one unit while the others rest.
double capacity(const topology::Fabric& fabric, int level, bool root) {
  std::array<double, topology::Levels::kMost> by_port{};
  for (int outer = level; outer < fabric.levels->depth(); ++outer) {
    const topology::Link& link = fabric.link(outer);
    const double ranks = fabric.ranks_in_unit(level);
    const double average = fabric.uplink_GBps(outer) * ranks / fabric.ranks_in_unit(outer);
    auto& port = by_port[static_cast<std::size_t>(link.port)];
    port = std::max(port, root ? std::min(link.bandwidth_GBps * ranks, fabric.uplink_GBps(outer)) : average);
  }
  double sum = 0;
  for (const double port : by_port) sum += port;
  return sum;
}

}  // namespace

const char* Cost::dominant() const {
  const double most = std::max({latency_us, overhead_us, transfer_us, reduce_us});
  if (most == transfer_us) return "transfer";
  if (most == reduce_us) return "reduce";
  return most == latency_us ? "latency" : "overhead";
}

Cost predict(const Plan& plan, double bytes, DataType type, const topology::Fabric& fabric) {
  const Pricing pricing(fabric, *plan.levels);
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
  cost.reduce_us = together.reduce_us + converted;
  // The first segment passes alone; the others follow as fast as the busiest link or the processor lets them.
  const double busiest = std::max(cost.transfer_us, cost.reduce_us + cost.overhead_us);
  first_segment_us += (converted + cost.overhead_us) / segments;
  cost.total_us = std::max(first_segment_us + busiest * (segments - 1) / segments, cost.latency_us + busiest);
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
  bound.latency_us += std::max(0, ceil_log2(levels.ranks()) - levels.depth()) * least_latency;
  const bool at_root = collective == Collective::gather || collective == Collective::scatter;
  for (int level = 0; level < levels.depth(); ++level) {
    if (levels.units(level) <= 1) continue;
    const double senders = collective == Collective::all_to_all ? fabric.ranks_in_unit(level) : 1;
    const double time =
        crossing(collective, bytes, levels.units(level)) * senders / capacity(fabric, level, at_root) * kMicroseconds;
    if (time > bound.bandwidth_us) {
      bound.bandwidth_us = time;
      bound.level = level;
    }
  }
  return bound;
}

}  // namespace tutti::plan
