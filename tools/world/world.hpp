// The cluster that a question is about, when nobody has described one.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "topology/fabric/fabric.hpp"

namespace tutti::world {

/// Ranks of a supernode in which a large world is assumed to come.
inline constexpr std::int32_t kSupernode = 256;

/// A fabric and where it comes from.
struct World {
  topology::Fabric fabric;
  std::string levels;      // as --levels takes them
  std::string name;        // "assumed"
  std::string assumption;  // a sentence; empty if nothing about the levels was assumed
};

/// From `--levels`: sizes innermost first, see topology::Levels::parse; or, if that is empty, from `--ranks` alone: one
/// level up to 256 ranks, beyond that supernodes of 256 and the network between them, the last one smaller if need be.
/// Links are topology::assumed_fabric's. Fails with invalid_argument if neither says anything, or they contradict.
Result<World> make_world(std::int64_t ranks, const std::string& levels);

/// Links of every level in words, a line each: "level 1: 384 units, 50 GB/s a rank, 2.5 us (assumed)".
std::string describe_links(const topology::Fabric& fabric);

}  // namespace tutti::world
