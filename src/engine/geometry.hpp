// Where the blocks of a call lie in the user's memory: with plan::Tile, the only place where chunk numbers become
// pointers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "plan/tile.hpp"

namespace tutti::engine {

using plan::Extent;
using plan::part_of;
using plan::Tile;

/// Where the blocks of one of the user's buffers lie: one a rank, or this rank's own alone. It keeps its memory from
/// call to call.
class BlockMap {
 public:
  /// Blocks of `length` elements, one after the other.
  void set_even(bool only_own, std::uint64_t length) {
    only_own_ = only_own;
    even_ = true;
    blocks_.assign(1, {0, length});
  }

  /// Block r has counts[r] elements and begins at displacements[r]; without displacements, behind block r-1.
  /// For the own block alone, `counts` is its length only.
  void set_uneven(bool only_own, std::span<const std::size_t> counts, std::span<const std::size_t> displacements) {
    only_own_ = only_own;
    even_ = false;
    blocks_.clear();
    std::uint64_t next = 0;
    for (std::size_t rank = 0; rank < counts.size(); ++rank) {
      blocks_.push_back({displacements.empty() ? next : displacements[rank], counts[rank]});
      next += counts[rank];
    }
  }

  [[nodiscard]] Extent block(std::uint32_t rank) const {
    if (only_own_) return blocks_.front();
    return even_ ? Extent{rank * blocks_.front().count, blocks_.front().count} : blocks_[rank];
  }

 private:
  bool only_own_ = false;
  bool even_ = true;  // blocks_ holds the first: the others follow it and are as long
  std::vector<Extent> blocks_ = {{}};
};

}  // namespace tutti::engine
