#include "plan/cost/loads.hpp"

#include <algorithm>
#include <cmath>

#include "plan/algorithms/algorithms.hpp"
#include "plan/cost/footprint.hpp"

namespace tutti::plan {
namespace {

constexpr double kMicroseconds = 1e-3;  // bytes over 1e9 bytes a second give nanoseconds

}  // namespace

void Load::add(const Load& other) {
  latency_us += other.latency_us;
  overhead_us += other.overhead_us;
  reduce_us += other.reduce_us;
  moved_us += other.moved_us;
  fill_us += other.fill_us;
  for (std::size_t i = 0; i < ports.size(); ++i) ports[i] += other.ports[i];
  for (std::size_t i = 0; i < uplinks.size(); ++i) uplinks[i] += other.uplinks[i];
}

double Load::busiest_link() const {
  return std::max(*std::max_element(ports.begin(), ports.end()), *std::max_element(uplinks.begin(), uplinks.end()));
}

Pricing::Pricing(const topology::Fabric& fabric, const topology::Levels& levels, Situation situation, double footprint)
    : fabric_(fabric), levels_(levels), situation_(situation), footprint_(footprint) {
  int next = 0;
  for (int level = 0; level < levels.depth(); ++level) {
    auto& span = spans_[static_cast<std::size_t>(level)];
    span.first = next;
    while (next + 1 < fabric.levels->depth() && fabric.levels->groups(next) != levels.groups(level)) ++next;
    span.last = next++;
  }
}

// What a core does is priced for a rank that sends and receives while its neighbours on the core do as much. A root
// does one of the two, and its neighbours hardly anything. A wire does not mind.
double Pricing::share_of_core(const Volume& volume) const {
  if (fabric_.crowd <= 1 || volume.skew <= 1) return 1;
  const double root = 1 / (2 * fabric_.crowd);
  return root * (1 + (fabric_.crowd - 1) / (volume.skew - 1));
}

// All messages of a tier. In a window lie results, and what the first round sends of the input, as it is. What is
// spread has been made just before, a segment at a time: caches hold it if they hold a segment of all.
double Pricing::bytes_us(const Volume& volume, const topology::Link& link, const Share& share) const {
  const double bytes = share.bytes * (volume.gather * share.wide + volume.spread);
  const double messages = volume.messages * share.segments;
  if (bytes <= 0 || messages <= 0) return 0;
  const double spread = share.bytes * volume.spread / bytes;
  const auto price = [&](bool in_window, double of_gather, double of_spread) {
    const auto message = [&](double footprint) { return plan::bytes_us(link, bytes / messages, footprint, in_window); };
    return messages * (of_gather * message(footprint_) + of_spread * message(footprint_ / share.segments));
  };
  if (!situation_.in_windows || link.window.empty()) return price(false, 1 - spread, spread);
  const double first = share.wide > 1 ? 0 : share.bytes * volume.gather / std::max(1.0, volume.rounds) / bytes;
  return price(true, first, spread) + price(false, 1 - spread - first, 0);
}

// Of what an exchange takes, in which a processor sends and receives as much. Who only sends, or only receives, has it
// for that alone, but a round takes no less than its last message does.
double Pricing::part_of_exchange(const Volume& volume, const Share& share) const {
  if (!volume.one_way || fabric_.crowd > 1) return share_of_core(volume);
  const double messages = volume.messages * share.segments;
  if (messages <= 0) return 1;
  const double bytes = share.bytes * (volume.gather * share.wide + volume.spread) / messages;
  return std::max(0.5, least_part(bytes) * std::min(1.0, volume.rounds / messages));
}

Load Pricing::load(const Volume& volume, const Span& span, const Share& share) const {
  Load load;
  const double segments = share.segments;
  const double eased = share_of_core(volume);
  const double waits = fabric_.crowd > 1 && volume.waits > 0 ? volume.waits : volume.rounds;
  const double bytes = share.bytes * (volume.gather * share.wide + volume.spread);
  double latency = 0;
  double overhead = 0;
  double slowest = 0;
  bool by_processors = false;
  double reduce_GBps = fabric_.reduce_GBps;
  const double units_inside = fabric_.ranks_in_unit(span.first);
  for (int level = span.first; level <= span.last; ++level) {
    const topology::Link& link = fabric_.link(level);
    const double hops = volume.neighbours && level == span.first ? 1 : link.hops;
    latency = std::max(latency, link.latency_us * hops);
    overhead = std::max(overhead, link.overhead_us);
    // Between neighbours only those at the edge of a unit talk to the next one; else all ranks of it do.
    const double talking = level == span.first || !volume.neighbours ? fabric_.ranks_in_unit(level) : units_inside;
    const double flows = share.alone ? talking / units_inside : talking;
    const double uplink = bytes * flows / fabric_.uplink_GBps(level) * kMicroseconds;
    const bool moves = link.is_moved_by_processors();
    const double port = moves ? bytes_us(volume, link, share) * part_of_exchange(volume, share)
                              : bytes * hops / link.bandwidth_GBps * kMicroseconds;  // each hop takes another's link
    load.uplinks[static_cast<std::size_t>(level)] += moves ? 0 : uplink;
    auto& of_port = load.ports[static_cast<std::size_t>(link.port)];
    of_port = std::max(of_port, port);
    slowest = std::max({slowest, moves ? 0 : uplink, port});
    if (!moves) continue;
    by_processors = true;
    load.moved_us += port;
    if (volume.stored <= 0 && link.combine_GBps > 0) reduce_GBps = link.combine_GBps;
  }
  load.latency_us = waits * latency;
  load.overhead_us = volume.messages * eased * segments * 2 * overhead;
  load.reduce_us = share.bytes * share.wide * volume.reduced * eased / reduce_GBps * kMicroseconds;
  // Where processors move the bytes, they move them to where they are kept.
  const double copied = volume.copied + (by_processors ? 0 : volume.stored);
  load.reduce_us += share.bytes * copied * eased / fabric_.copy_GBps * kMicroseconds;
  // A result that was made beside its place, as the input was still being sent: caches hold both, as what is reduced.
  const double kept = situation_.in_place ? volume.kept * share.wide : 0;
  load.reduce_us += share.bytes * kept * eased / (by_processors ? reduce_GBps : fabric_.copy_GBps) * kMicroseconds;
  const double passed = volume.chain ? std::max(1.0, volume.rounds) : 1;  // a segment passes one rank after the other
  load.fill_us = passed * (slowest + load.reduce_us) / segments;
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
