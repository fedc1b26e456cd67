#include "topology/fabric/fabric.hpp"

#include <algorithm>

namespace tutti::topology {
namespace {

// How much more a message costs a rank that finds in the core's cache what the others have left there.
constexpr double kCold = 8;

}  // namespace

double Fabric::ranks_in_unit(int level) const {
  double ranks = 1;
  for (int inner = 0; inner < level; ++inner) ranks *= levels->width(inner);
  return ranks;
}

double Fabric::uplink_GBps(int level) const {
  const double together = link(level).bandwidth_GBps * ranks_in_unit(level);
  return link(level).uplink_GBps > 0 ? std::min(together, link(level).uplink_GBps) : together;
}

Fabric fabric_of(const Layout& layout, const Links& links) {
  Fabric fabric;
  fabric.levels = std::make_shared<const Levels>(Levels::of(layout));
  fabric.provenance = links.provenance;
  const double crowd = ranks_per_core(layout, links);
  fabric.reduce_GBps = links.reduce_GBps / crowd;
  fabric.copy_GBps = links.copy_GBps / crowd;
  fabric.call_us = links.call_us * crowd;
  // Other nodes on this machine take turns at its cores, too: each message waits for that. They are not counted against
  // bandwidth: while one computes, the links of another are busy.
  fabric.crowd = ranks_per_core_of_machine(layout, links);
  Link node = links.node;
  if (fabric.crowd > 1) {
    node.latency_us = std::max(node.latency_us, fabric.crowd * links.hand_over_us);
    node.overhead_us *= fabric.crowd * kCold;
  }
  node.bandwidth_GBps /= crowd;
  node.exchange = node.exchange.times(crowd);
  node.window = node.window.times(crowd);
  node.combine_GBps /= crowd;
  Link network = links.network;
  network.overhead_us *= fabric.crowd;
  network.latency_us = std::max(network.latency_us, node.latency_us);
  const bool one_rank_a_node = layout.nodes() > 1 && fabric.levels->depth() == 1;
  if (layout.nodes() <= 1) {
    fabric.links = {node};
  } else if (one_rank_a_node) {
    fabric.links = {network};
  } else {
    fabric.links = {node, network};
  }
  return fabric;
}

Fabric assumed_fabric(std::shared_ptr<const Levels> levels) {
  Fabric fabric;
  fabric.levels = std::move(levels);
  fabric.reduce_GBps = 1000;
  fabric.copy_GBps = 1000;
  fabric.links.clear();
  for (int level = 0; level < fabric.levels->depth(); ++level) {
    const bool inside = level == 0 && fabric.levels->depth() > 1;
    fabric.links.push_back(
        inside ? Link{.latency_us = 1, .overhead_us = 0.2, .bandwidth_GBps = 200, .port = 0}
               : Link{.latency_us = 2.0 + 0.5 * level, .overhead_us = 0.5, .bandwidth_GBps = 50, .port = 1});
  }
  return fabric;
}

}  // namespace tutti::topology
