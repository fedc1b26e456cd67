// A cluster as people describe it: levels with what they are made of and what they can do, and for every number where
// it comes from. Read from JSON (tutti.fabric/1), from presets, or imported; the planner's Fabric is made of it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "topology/fabric/levels.hpp"
#include "topology/fabric/links.hpp"

namespace tutti::topology {

/// How the units of a group are joined.
enum class LevelKind : std::uint8_t {
  single,     // memory, or one switch: everybody reaches everybody in one hop
  clos,       // several stages of switches
  torus,      // one dimension of a torus: a ring in each line
  ring,       // one ring
  mesh,       // a wire between each two
  dragonfly,  // groups with a few global wires between each two
};
inline constexpr std::array kLevelKinds = {LevelKind::single, LevelKind::clos, LevelKind::torus,
                                           LevelKind::ring,   LevelKind::mesh, LevelKind::dragonfly};
/// "switch", "clos", "torus", ...
std::string_view to_string(LevelKind kind);

/// Links between the units `one` and `other` of a group of `units`: on rings and in tori the shorter way round, else 1.
std::int32_t hops_between(LevelKind kind, std::int32_t units, std::int32_t one, std::int32_t other);
/// Between two different units, on average.
double average_hops(LevelKind kind, std::int32_t units);

/// A number with its origin.
struct Quantity {
  double value = 0;
  Provenance provenance = Provenance::assumed;
  std::string source;  // who published it, from what it was derived, or why it is assumed
};

/// One level, as one rank sees it. What is said of "a unit" is said of a group of the level below; of a rank at the
/// innermost.
struct LevelDescription {
  std::string name;  // "node", "leaf", "pod"
  LevelKind kind = LevelKind::single;
  Quantity arity;                     // units of the fullest group
  std::vector<GroupRun> runs;         // all groups; see Levels
  std::string port;                   // what of the rank the bytes go through: levels with the same port share it
  Quantity up_GBps;                   // that one rank can send; 1e9 bytes a second
  Quantity down_GBps;                 // that it can receive
  Quantity oversubscription;          // what the ranks of a unit can send, over what leads out of the unit
  Quantity latency_us;                // from one rank to another whose nearest common group is of this level; on rings
                                      // and in tori of one hop
  Quantity overhead_us;               // processor time for a message, at each end
  Quantity planes;                    // independent copies of the network; a rank's bandwidth is that of all together
  Quantity rails;                     // NICs of a node with a network of their own each
  bool in_network_reduction = false;  // the switches can add; shown, and not used by plans
};

struct Description {
  std::string name;
  std::string about;                     // a sentence or two
  std::vector<LevelDescription> levels;  // innermost first
  std::size_t node_levels = 1;           // that lie inside a node; 0: every rank is a node of its own
  Quantity reduce_GBps;                  // of one rank: bytes of one operand
  Quantity copy_GBps;
  std::vector<std::int32_t> placement;  // rank at each position; empty: positions are ranks
  std::vector<std::string> hosts;       // names of the nodes in the order of their positions; may be empty

  [[nodiscard]] std::int32_t ranks() const;
  [[nodiscard]] std::int32_t nodes() const;
  /// Ranks of the fullest node.
  [[nodiscard]] std::int32_t ranks_on_node() const;
  /// What each rank of a unit can send out of it when all of them do.
  [[nodiscard]] double cut_GBps(std::size_t level) const;
};

/// One number that a report may have to name: "pod latency_us 4 (assumed: WHY)".
struct NamedQuantity {
  std::string where;  // the level's name; empty for the whole fabric's
  std::string_view what;
  const Quantity* quantity;
};
/// All numbers of a description, level by level.
std::vector<NamedQuantity> quantities_of(const Description& description);

/// Reads a tutti.fabric/1 document; see docs/fabrics.md. Fails with invalid_argument, the line and the nearest right
/// key on anything unknown, missing, contradictory or impossible.
Result<Description> read_description(std::string_view json);

/// Fails with invalid_argument on what contradicts itself; descriptions that were read have passed it.
Status check(const Description& description);

/// The document again: what `read_description` takes.
std::string write_description(const Description& description);

/// The runs of every level from arities, innermost first: a number for levels whose groups are alike, or runs that say
/// every group's size. Fails with invalid_argument when runs do not hold what the level above needs.
Result<std::vector<std::vector<GroupRun>>> runs_of(const std::vector<std::vector<GroupRun>>& arities);

}  // namespace tutti::topology
