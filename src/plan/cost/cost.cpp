#include "plan/cost/cost.hpp"

#include <algorithm>

namespace tutti::plan {
namespace {

// The slowest link that a round crosses, as one rank sees it while its neighbours on the node do the same.
topology::Link bottleneck(const Volume& volume, const topology::Layout& layout, const topology::Links& links) {
  const double crowd = topology::ranks_per_core(layout, links);
  topology::Link link = links.node;
  if (crowd > 1) link.latency_us = links.wake_up_us;
  link.overhead_us *= crowd;
  link.bandwidth_GBps /= crowd;
  if (layout.nodes() <= 1) return link;
  const double flows = volume.neighbours ? 1 : layout.largest_node();  // that share the node's way out
  link.latency_us = std::max(link.latency_us, links.network.latency_us);
  link.overhead_us = std::max(link.overhead_us, links.network.overhead_us * crowd);
  link.bandwidth_GBps = std::min(link.bandwidth_GBps, links.network.bandwidth_GBps / flows);
  return link;
}

constexpr double kMicroseconds = 1e-3;  // bytes over 1e9 bytes a second give nanoseconds

}  // namespace

const char* Cost::dominant() const {
  const double most = std::max({latency_us, overhead_us, transfer_us, reduce_us});
  if (most == transfer_us) return "transfer";
  if (most == reduce_us) return "reduce";
  return most == latency_us ? "latency" : "overhead";
}

Cost predict(const Plan& plan, double bytes, DataType type, const topology::Layout& layout,
             const topology::Links& links) {
  const Volume volume = plan.algorithm->volume(plan.ranks);
  const topology::Link link = bottleneck(volume, layout, links);
  const double wide =
      plan.widened ? static_cast<double>(size_of(accumulator_of(type))) / static_cast<double>(size_of(type)) : 1;
  const double segments = plan.segments;
  const double crowd = topology::ranks_per_core(layout, links);

  Cost cost;
  cost.latency_us = volume.rounds * link.latency_us;
  cost.overhead_us = volume.messages * segments * 2 * link.overhead_us;
  cost.transfer_us = bytes * (volume.gather * wide + volume.spread) / link.bandwidth_GBps * kMicroseconds;
  cost.reduce_us = bytes * wide * volume.reduced * crowd / links.reduce_GBps * kMicroseconds;
  if (plan.widened)
    cost.reduce_us += 2 * bytes * wide * crowd / links.copy_GBps * kMicroseconds;  // to the wide type and back
  const double longer = std::max(cost.transfer_us, cost.reduce_us);
  const double shorter = std::min(cost.transfer_us, cost.reduce_us);
  if (volume.chain) {  // the first segment passes all ranks, the others follow it
    const double hop = (longer + shorter) / segments;
    cost.total_us = cost.latency_us + volume.rounds * hop + (segments - 1) * hop + cost.overhead_us;
  } else {
    cost.total_us = cost.latency_us + cost.overhead_us + longer + shorter / segments;
  }
  return cost;
}

}  // namespace tutti::plan
