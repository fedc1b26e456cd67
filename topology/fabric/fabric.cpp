#include "topology/fabric/fabric.hpp"

#include <algorithm>

namespace tutti::topology {

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
  Link node = links.node;
  if (crowd > 1) node.latency_us = links.wake_up_us;
  node.overhead_us *= crowd;
  node.bandwidth_GBps /= crowd;
  Link network = links.network;
  network.overhead_us *= crowd;
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
