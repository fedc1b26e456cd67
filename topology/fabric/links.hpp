// What it costs to move bytes between two ranks, per level: the numbers that the planner's cost model runs on.
#pragma once

#include <cstdint>
#include <string_view>

#include "topology/fabric/layout.hpp"
#include "topology/fabric/message_times.hpp"

namespace tutti::topology {

/// One level's link as one rank sees it.
struct Link {
  double latency_us = 0;      // from the first byte sent to the first byte seen; a hop's where there are hops
  double overhead_us = 0;     // processor time for a message, at each end
  double bandwidth_GBps = 1;  // bytes that one rank can send, and receive at the same time; 1e9 a second
  double uplink_GBps =
      0;            // that all ranks of a unit share towards the level's other units; 0: as much as they can send
  int port = 0;     // levels with the same number share the rank's bandwidth
  double hops = 1;  // between two units of a group, on average: on rings and tori each takes a link and a latency
  // Where the ranks' own processors move the bytes, what these cost by the size of the message; empty: bytes /
  // bandwidth, which a NIC moves while the processor does something else.
  MessageTimes exchange{};
  MessageTimes window{};    // of messages that lie in windows: the receiver reads them there. Empty: as others
  double combine_GBps = 0;  // what reducing a message takes longer than receiving it; 0: as any reduction

  [[nodiscard]] bool is_moved_by_processors() const { return !exchange.empty(); }
  /// What the bytes of one message take, beyond latency and overheads.
  [[nodiscard]] double bytes_us(double bytes, bool in_window = false) const {
    if (in_window && !window.empty()) return window.of(bytes);
    return exchange.empty() ? bytes / bandwidth_GBps * 1e-3 : exchange.of(bytes);
  }
};

/// Where a number comes from; a report that rests on assumptions says so.
enum class Provenance : std::uint8_t { published, derived, measured, assumed };
std::string_view to_string(Provenance provenance);

/// The two levels that a job sees without any description of its cluster: inside a node, and between nodes. Assumed as
/// `tutti tune` found them on two cores of a server of 2023 (docs/tuning.md): a ring of 256 KiB, and windows from 8 KiB
/// on.
struct Links {
  Link node{.latency_us = 0.06,
            .overhead_us = 0.02,
            .bandwidth_GBps = 6.6,
            .exchange = {{0.02, 0.08, 0.28, 0.7, 2.6, 10, 40, 160, 740, 3400}},
            .window = {{0.02, 0.08, 0.28, 0.7, 2.2, 3.5, 11, 42, 330, 2400}},
            .combine_GBps = 30};
  Link network{.latency_us = 20.0, .overhead_us = 4.0, .bandwidth_GBps = 2.5, .uplink_GBps = 2.5, .port = 1};
  double hand_over_us = 1.2;  // until the next of the ranks that share a core runs
  double call_us = 0.2;       // of a call, before anything moves
  double reduce_GBps = 16.0;  // bytes of one operand
  double copy_GBps = 10.0;
  std::int32_t cores = 1;  // that the ranks of the fullest node may use
  double neighbours = 1;   // ranks a core of its machine, over its own: several nodes may be on one machine
  Provenance provenance = Provenance::assumed;
};

/// How many ranks share a core on the fullest node; at least 1.
double ranks_per_core(const Layout& layout, const Links& links);
/// ... with those of other nodes on the same machine.
double ranks_per_core_of_machine(const Layout& layout, const Links& links);

}  // namespace tutti::topology
