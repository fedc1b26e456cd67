// Where the chunks of a call lie in memory: the only place where chunk numbers become pointers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "plan/program.hpp"

namespace tutti::engine {

/// A run of elements.
struct Extent {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

/// Part `which` of `parts` parts of `count` elements that differ in length by one at most.
constexpr Extent part_of(std::uint64_t count, std::uint64_t parts, std::uint64_t which) {
  const std::uint64_t base = count / parts;
  const std::uint64_t longer = count % parts;
  return {which * base + std::min(which, longer), base + (which < longer ? 1 : 0)};
}

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

/// A *tile* is the part of a call that one run of the program handles: all of it, unless that would stage too much.
/// For a vector it is a run of its elements; for blocks it is the same run of every block, as far as each one goes.
struct Tile {
  bool blocks = false;
  bool uneven = false;       // blocks differ in length
  std::uint64_t stride = 0;  // elements of a block, of the longest one if they differ
  std::uint64_t first = 0;   // where the tile begins in the vector, or in each block
  std::uint64_t count = 0;   // its elements, in the vector or in each block
  std::uint32_t chunks = 1;
  std::uint32_t segments = 1;

  /// Where chunk `number` lies in a user's buffer that has the chunk's block at `block`.
  [[nodiscard]] Extent in_user(std::uint32_t number, Extent block) const {
    Extent extent = part(number, block.count);
    extent.first += block.first + first;
    return extent;
  }
  /// The same in scratch memory that holds just the tile, for a block of `length` elements.
  [[nodiscard]] Extent in_scratch(std::uint32_t number, std::uint64_t length) const {
    Extent extent = part(number, length);
    if (blocks) extent.first += number % chunks * count;
    return extent;
  }

  /// Whether chunks that follow each other in number do so in memory, in all buffers of all ranks: then a slice is one
  /// message, and else one message a chunk. Both ends decide alike.
  [[nodiscard]] bool contiguous() const { return !blocks || (!uneven && segments == 1 && count == stride); }

  /// Elements of the longest chunk.
  [[nodiscard]] std::uint64_t longest_chunk() const {
    const std::uint64_t parts = blocks ? segments : std::uint64_t{chunks} * segments;
    return (count + parts - 1) / parts;
  }
  /// Elements of scratch memory that mirrors the whole tile.
  [[nodiscard]] std::uint64_t scratch_elements() const { return blocks ? count * chunks : count; }

 private:
  // From the begin of the tile, in the vector or in the chunk's block. It depends on that block only, so that both ends
  // of a message agree even where they do not know the other blocks.
  [[nodiscard]] Extent part(std::uint32_t number, std::uint64_t length) const {
    if (!blocks) return part_of(count, std::uint64_t{chunks} * segments, number);
    return part_of(std::min(count, length - std::min(length, first)), segments, number / chunks);
  }
};

}  // namespace tutti::engine
