// Where the chunks of a call lie in memory: the only place where chunk numbers become pointers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

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

/// A *tile* is the part of a call that one run of the program handles: all of it, unless that would stage too much.
/// For a vector it is a run of its elements; for blocks it is the same run of every block.
struct Tile {
  bool blocks = false;
  std::uint64_t stride = 0;  // elements of a block
  std::uint64_t first = 0;   // where the tile begins in the vector, or in each block
  std::uint64_t count = 0;   // its elements, in the vector or in each block
  std::uint32_t chunks = 1;
  std::uint32_t segments = 1;

  /// Where chunk `number` lies in a buffer that has `stride_in` elements a block and in which the tile begins at
  /// `first_in`.
  [[nodiscard]] Extent chunk(std::uint32_t number, std::uint64_t stride_in, std::uint64_t first_in) const {
    if (!blocks) {
      Extent extent = part_of(count, std::uint64_t{chunks} * segments, number);
      extent.first += first_in;
      return extent;
    }
    Extent extent = part_of(count, segments, number / chunks);
    extent.first += first_in + number % chunks * stride_in;
    return extent;
  }
  /// The same in the user's buffers, and in scratch memory that holds just the tile.
  [[nodiscard]] Extent in_user(std::uint32_t number) const { return chunk(number, stride, first); }
  [[nodiscard]] Extent in_scratch(std::uint32_t number) const { return chunk(number, count, 0); }

  /// Whether chunks that follow each other in number do so in memory, in all buffers of all ranks: then a slice is one
  /// message, and else one message a chunk. Both ends decide alike.
  [[nodiscard]] bool contiguous() const { return !blocks || (segments == 1 && count == stride); }

  /// Elements of the longest chunk.
  [[nodiscard]] std::uint64_t longest_chunk() const {
    const std::uint64_t parts = blocks ? segments : std::uint64_t{chunks} * segments;
    return (count + parts - 1) / parts;
  }
  /// Elements of scratch memory that mirrors the whole tile.
  [[nodiscard]] std::uint64_t scratch_elements() const { return blocks ? count * chunks : count; }
};

}  // namespace tutti::engine
