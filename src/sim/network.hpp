// The links of a fabric, and which of them a message crosses.
//
// A link is a port of a rank in one direction; or, where its processor moves the bytes, in both together, so that who
// only sends, or only receives, has the processor for that alone; what leads out of a unit of a level, where that is
// less than its ranks can send; or a wire to the next unit of a ring or torus. Positions are those of topology::Levels.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/result.hpp"
#include "sim/what_if.hpp"
#include "topology/fabric/description.hpp"
#include "topology/fabric/fabric.hpp"

namespace tutti::sim {

using LinkId = std::uint32_t;
using Position = std::int32_t;

/// What the planner's fabric does not say of a level.
struct LevelShape {
  topology::LevelKind kind = topology::LevelKind::single;
  std::int32_t planes = 1;
  std::int32_t rails = 1;
};

/// The levels of a fabric that was made of this description, and what they are made of. Levels that group nothing are
/// left out, as in the fabric.
struct Shape {
  std::vector<LevelShape> levels;  // as many as the fabric has; empty: switches, one plane, one rail
  int node_levels = 0;             // how many lie inside a node; 0: every rank is a node
};
Shape shape_of(const topology::Description& description, const topology::Fabric& fabric);

/// How messages find their way where a unit has several uplinks.
enum class Routing : std::uint8_t {
  ideal,     // over all of them at once, as much on each as it takes
  adaptive,  // each on one, and no two of a unit on the same as long as there are others
  ecmp       // each on one, by chance
};

class Network {
 public:
  struct Options {
    WhatIf what_if{};
    Routing routing = Routing::ideal;
    std::uint64_t seed = 1;  // of the chance in ecmp
  };
  /// Fails with invalid_argument when a link has no bandwidth, a failure names what is not there, or the failures
  /// leave a rank without a path. What the failures of nodes leave is another fabric: see `without_nodes`.
  static Result<Network> make(topology::Fabric fabric, Shape shape, Options options);

  [[nodiscard]] const topology::Fabric& fabric() const { return fabric_; }
  [[nodiscard]] const topology::Levels& levels() const { return *fabric_.levels; }
  [[nodiscard]] std::int32_t ranks() const { return levels().ranks(); }
  [[nodiscard]] Position position_of(Rank rank) const { return levels().position_of(rank); }

  /// The unit of a level that a position is in; the position itself at level 0.
  [[nodiscard]] std::int32_t unit(int level, Position position) const;
  /// The innermost level at which both are in one group.
  [[nodiscard]] int meeting_level(Position one, Position other) const;

  struct Hop {
    LinkId link = 0;
    int level = 0;  // of the traffic that crosses it: where its ends meet
  };
  /// The links that a message crosses, each once.
  void route(Position from, Position to, std::vector<Hop>& hops) const;
  [[nodiscard]] double latency_us(Position from, Position to) const;
  [[nodiscard]] double overhead_us(Position from, Position to) const;
  /// A message of `bytes` takes its links for as long as so many at full speed: more where processors move them, and
  /// are slower with messages of this size, or with a call's `footprint` (plan/cost/footprint.hpp), than at best; less
  /// where it lies in a window.
  [[nodiscard]] double carried_bytes(int level, double bytes, double footprint = 0, bool in_window = false) const;
  /// What a message takes at least that leaves by `link`, however little its ends have to do: see plan::least_part.
  [[nodiscard]] double least_us(LinkId link, double bytes, double carried) const;
  /// What reducing a message takes longer than receiving it, bytes a nanosecond; 0: as any reduction.
  [[nodiscard]] double combine_GBps(Position from, Position to) const;

  /// What a rank's processor moves the bytes of its node through, if it does.
  [[nodiscard]] std::optional<LinkId> core_of(Position position) const;

  /// Links have the numbers 0 to links() - 1.
  [[nodiscard]] LinkId links() const { return links_; }
  /// Bytes a microsecond.
  [[nodiscard]] double capacity(LinkId link) const;
  /// The link that another one becomes when everything is moved as `from` is to `to`.
  struct Place {
    int level = -1;         // -1: a port
    int kind = 0;           // port: number * 2 + direction; unit: direction; wire: 2 + direction
    std::int32_t path = 0;  // of parallel uplinks
    Position first = 0;     // the port's or wire's position; the first position of the unit
    std::int32_t span = 1;  // positions that share it
  };
  [[nodiscard]] Place place_of(LinkId link) const;
  [[nodiscard]] LinkId link_at(const Place& place) const;

  /// How much longer than others a rank takes for everything; 1 for all but stragglers.
  [[nodiscard]] double slowness(Position position) const;

  /// Whether the links are the same when the units of each group of a level change places by a rotation, and when they
  /// do by exclusive or with a number.
  [[nodiscard]] bool rotates(int level) const { return (fixed_levels_ >> level & 1U) == 0; }
  [[nodiscard]] bool exchanges(int level) const { return rotates(level) && !is_wired(level); }

 private:
  Network(topology::Fabric fabric, Shape shape, Options options);
  Status take_failures();
  Status lose_planes();
  Status lose_nics();
  Status check_bandwidths() const;
  Status check_wires() const;
  void number_links();
  [[nodiscard]] bool is_wired(int level) const;
  [[nodiscard]] bool is_outside_node(int port) const;
  [[nodiscard]] bool is_core(int port) const { return port_is_core_[static_cast<std::size_t>(port)]; }
  [[nodiscard]] Position nic_of(Position position) const;
  [[nodiscard]] double unit_capacity(int level) const;
  [[nodiscard]] LinkId port_link(int port, int direction, Position position) const;
  [[nodiscard]] LinkId unit_link(int level, int direction, std::int32_t unit, std::int32_t path) const;
  [[nodiscard]] std::int32_t path_of(int level, Position from, Position to, std::int32_t unit, int direction) const;
  void ring_hops(int level, int at, Position from, Position to, std::vector<Hop>& hops) const;

  topology::Fabric fabric_;
  Shape shape_;
  Options options_;
  std::set<Position> lost_nics_;
  std::map<Position, Position> other_nic_;  // of ranks that have lost theirs
  std::map<Position, double> slowness_;
  std::uint32_t fixed_levels_ = 0;
  int ports_ = 1;
  struct LevelLinks {
    std::int32_t stride = 0;            // positions in a unit; 0: units differ
    bool limited = false;               // what leads out of a unit counts
    std::int32_t paths = 1;             // parallel uplinks of a unit
    LinkId units_first = 0;             // direction, unit, path
    LinkId wires_first = 0;             // direction, position
    std::vector<std::int32_t> unit_of;  // by position, where units differ
    std::vector<Position> first_of;     // by unit, where they differ
  };
  std::vector<LevelLinks> level_links_;
  std::vector<double> port_GBps_;
  std::vector<bool> port_is_core_;  // all that goes through it is moved by the rank's processor, in and out
  LinkId links_ = 0;
};

/// The fabric that is left without these nodes: its groups are smaller there.
/// Fails with invalid_argument when there is no such node, or none is left.
Result<topology::Fabric> without_nodes(const topology::Fabric& fabric, int node_levels,
                                       const std::vector<std::int32_t>& nodes);

}  // namespace tutti::sim
