#include "plan/cost/loads.hpp"

#include <algorithm>
#include <cmath>

#include "plan/algorithms/algorithms.hpp"

namespace tutti::plan {
namespace {

constexpr double kMicroseconds = 1e-3;  // bytes over 1e9 bytes a second give nanoseconds

}  // namespace

void Load::add(const Load& other) {
  latency_us += other.latency_us;
  overhead_us += other.overhead_us;
  reduce_us += other.reduce_us;
  fill_us += other.fill_us;
  for (std::size_t i = 0; i < ports.size(); ++i) ports[i] += other.ports[i];
  for (std::size_t i = 0; i < uplinks.size(); ++i) uplinks[i] += other.uplinks[i];
}

double Load::busiest_link() const {
  return std::max(*std::max_element(ports.begin(), ports.end()), *std::max_element(uplinks.begin(), uplinks.end()));
}

Pricing::Pricing(const topology::Fabric& fabric, const topology::Levels& levels) : fabric_(fabric), levels_(levels) {
  int next = 0;
  for (int level = 0; level < levels.depth(); ++level) {
    auto& span = spans_[static_cast<std::size_t>(level)];
    span.first = next;
    while (next + 1 < fabric.levels->depth() && fabric.levels->groups(next) != levels.groups(level)) ++next;
    span.last = next++;
  }
}

Load Pricing::load(const Volume& volume, const Span& span, const Share& share) const {
  Load load;
  const double segments = share.segments;
  const double bytes = share.bytes * (volume.gather * share.wide + volume.spread);
  double latency = 0;
  double overhead = 0;
  double slowest = 0;
  const double units_inside = fabric_.ranks_in_unit(span.first);
  for (int level = span.first; level <= span.last; ++level) {
    const topology::Link& link = fabric_.link(level);
    latency = std::max(latency, link.latency_us);
    overhead = std::max(overhead, link.overhead_us);
    // Between neighbours only those at the edge of a unit talk to the next one; else all ranks of it do.
    const double talking = level == span.first || !volume.neighbours ? fabric_.ranks_in_unit(level) : units_inside;
    const double flows = share.alone ? talking / units_inside : talking;
    const double uplink = bytes * flows / fabric_.uplink_GBps(level) * kMicroseconds;
    const double port = bytes / link.bandwidth_GBps * kMicroseconds;
    load.uplinks[static_cast<std::size_t>(level)] += uplink;
    auto& of_port = load.ports[static_cast<std::size_t>(link.port)];
    of_port = std::max(of_port, port);
    slowest = std::max({slowest, uplink, port});
  }
  load.latency_us = volume.rounds * latency;
  load.overhead_us = volume.messages * segments * 2 * overhead;
  load.reduce_us = share.bytes * share.wide * volume.reduced / fabric_.reduce_GBps * kMicroseconds;
  load.reduce_us += share.bytes * volume.copied / fabric_.copy_GBps * kMicroseconds;
  const double hops = volume.chain ? std::max(1.0, volume.rounds) : 1;  // a segment passes one rank after the other
  load.fill_us = hops * (slowest + load.reduce_us) / segments;
  return load;
}

Load Pricing::load(const Algorithm& algorithm, const Tier& tier, const Share& share) const {
  return load(algorithm.volume(levels_.width(tier.level), tier.radix), spans_[tier.level], share);
}

Load Pricing::load(const Tier& tier, const Share& share) const {
  Load both;
  if (tier.method->all_levels) {
    for (int level = 0; level < levels_.depth(); ++level) {
      Tier of_level = tier;
      of_level.level = static_cast<std::uint8_t>(level);
      both.add(load(*tier.method->down, of_level, share));
      if (level + 1 < levels_.depth()) continue;
    }
    return both;
  }
  if (tier.method->down != nullptr) both.add(load(*tier.method->down, tier, share));
  if (tier.method->up != nullptr) {
    // What comes up again is a result, except where it is still to be finished at the root.
    Share results = share;
    if (tier.method->collective != Collective::reduce) results.wide = 1;
    both.add(load(*tier.method->up, tier, results));
  }
  return both;
}

double Pricing::part_after(const Tier& tier) const {
  if (tier.method->mode != Method::Mode::split) return 1;
  return std::ceil(static_cast<double>(levels_.width(tier.level)) / levels_.least(tier.level)) /
         levels_.width(tier.level);
}

}  // namespace tutti::plan
