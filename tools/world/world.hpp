// The cluster that a question is about: described, or assumed when nobody has described one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "plan/select/tuning.hpp"
#include "topology/fabric/description.hpp"
#include "topology/fabric/fabric.hpp"

namespace tutti::world {

/// Ranks of a supernode in which a large world is assumed to come.
inline constexpr std::int32_t kSupernode = 256;

/// What the command line says of a cluster. At most one of levels, preset and fabric.
struct ClusterWords {
  std::int64_t ranks = 0;    // 0: as the others say
  std::string levels;        // sizes innermost first, see topology::Levels::parse
  std::string preset;        // a fabric that comes with the library
  std::string fabric;        // a file with a tutti.fabric/1 document
  std::int32_t cores = 0;    // of this machine, where a job of one node on it is meant; 0: a cluster
  plan::TuningTable tuning;  // what was measured: one of its sites has these levels
  plan::TuningTable known;   // the same, where one may have: with as many cores

  [[nodiscard]] bool is_described() const { return !levels.empty() || !preset.empty() || !fabric.empty(); }
};

/// A fabric and where it comes from.
struct World {
  topology::Fabric fabric;
  std::optional<topology::Description> description;
  std::string levels;                    // as --levels takes them
  std::string name;                      // of the preset or the file's fabric; "assumed"
  std::string assumption;                // a sentence; empty if nothing about the levels was assumed
  std::optional<plan::TunedSite> tuned;  // whose links the fabric has, if they were measured
};

/// Described clusters may be cut to their first `ranks` ranks. Without any description links are
/// topology::assumed_fabric's; from ranks alone: one level up to 256 ranks, beyond that supernodes of 256 and the
/// network between them, the last one smaller if need be; with `cores` it is the fabric of a job. Fails with
/// invalid_argument if nothing is said, or it contradicts itself.
Result<World> make_world(const ClusterWords& words);

/// A file's content; at most 16 MiB.
Result<std::string> text_of(const std::string& path);

/// Links of every level in words, a line each: "level 1: 384 units, 50 GB/s a rank, 2.5 us (assumed)".
std::string describe_links(const topology::Fabric& fabric);

/// The numbers of a description that nobody has published, derived or measured and that plans depend on. Empty for
/// worlds without a description: there all are assumed.
std::vector<topology::NamedQuantity> assumed_in(const World& world);

/// The same in words, a line each and one above them; empty if there are none.
std::string describe_assumed(const World& world);

}  // namespace tutti::world
