#include "topology/fabric/measured.hpp"

#include <fmt/format.h>

namespace tutti::topology {

Result<Fabric> with_measured(Fabric fabric, const MeasuredLinks& measured) {
  if (measured.levels.size() != fabric.links.size())
    return Error{Code::invalid_argument,
                 fmt::format("{} levels were measured, and there are {}", measured.levels.size(), fabric.links.size())};
  for (std::size_t i = 0; i < fabric.links.size(); ++i) {
    const MeasuredLinks::Level& level = measured.levels[i];
    Link& link = fabric.links[i];
    link.latency_us = level.latency_us / link.hops;  // probes go from end to end
    link.overhead_us = level.overhead_us;
    link.bandwidth_GBps = level.bandwidth_GBps;
    link.uplink_GBps = level.uplink_GBps;
    link.exchange = level.exchange;
    link.window = level.window;
    link.combine_GBps = level.combine_GBps;
  }
  fabric.call_us = measured.call_us;
  fabric.reduce_GBps = measured.reduce_GBps;
  fabric.copy_GBps = measured.copy_GBps;
  fabric.provenance = Provenance::measured;
  for (Fabric::Origin& origin : fabric.origins) origin.provenance = Provenance::measured;
  return fabric;
}

}  // namespace tutti::topology
