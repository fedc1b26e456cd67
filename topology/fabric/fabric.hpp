// What the planner knows of a cluster: how its ranks are nested, and what each level's links can do.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "topology/fabric/levels.hpp"
#include "topology/fabric/links.hpp"

namespace tutti::topology {

/// A value. One link a level.
struct Fabric {
  std::shared_ptr<const Levels> levels = std::make_shared<const Levels>();
  std::vector<Link> links{Link{}};
  double reduce_GBps = 8.0;  // bytes of one operand
  double copy_GBps = 10.0;
  double call_us = 0;                           // of a call, before anything moves
  Provenance provenance = Provenance::assumed;  // the weakest of all numbers
  struct Origin {
    std::string name;  // of the level
    Provenance provenance = Provenance::assumed;
  };
  std::vector<Origin> origins;  // by level, where the fabric was described; else empty
  /// Ranks that share a core. Links and rates are what each of them has of it while all are at work, and the latency is
  /// until each has run once.
  double crowd = 1;

  [[nodiscard]] std::int32_t ranks() const { return levels->ranks(); }
  [[nodiscard]] Provenance provenance_of(int level) const {
    return origins.empty() ? provenance : origins[static_cast<std::size_t>(level)].provenance;
  }
  [[nodiscard]] bool moves_by_processors() const {
    return std::ranges::any_of(links, [](const Link& one) { return one.is_moved_by_processors(); });
  }
  [[nodiscard]] const Link& link(int level) const { return links[static_cast<std::size_t>(level)]; }
  /// Ranks in the fullest unit of a level: 1 at the innermost.
  [[nodiscard]] double ranks_in_unit(int level) const;
  /// Bytes that such a unit can send to the level's other units, and receive, per nanosecond.
  [[nodiscard]] double uplink_GBps(int level) const;
};

/// What a job sees without any description: nodes, and ranks that share cores.
Fabric fabric_of(const Layout& layout, const Links& links);

/// Levels with links that are assumed: shared memory inside, a network of 50 GB/s a rank further out, each level with
/// half a microsecond more than the one below it. For questions about clusters that nobody has described.
Fabric assumed_fabric(std::shared_ptr<const Levels> levels);

}  // namespace tutti::topology
