// How long the rings of shared memory of a group of experts are. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/config.hpp"

namespace tutti {

/// Those to all ranks of the node, together: what one core has in its second-level cache. Rows stream through all of
/// them by turns; so long as that is so, what a ring held before has just left the caches of the cores that share it
/// when it is written again, and what was just written is still there when it is read.
inline constexpr std::uint64_t kExpertRings = std::uint64_t{1} << 20;

/// The ring to each of `mates` other ranks of the node. Nobody's own choice is overruled.
inline Bytes expert_ring(const Config& config, std::int32_t mates) {
  constexpr std::uint64_t kLeast = std::uint64_t{64} << 10;
  if (config.origin.contains("TUTTI_SHM_RING")) return config.shm_ring;
  return {std::max(kLeast, kExpertRings / static_cast<std::uint64_t>(std::max(1, mates)))};
}

}  // namespace tutti
