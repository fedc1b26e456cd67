// How long the chunks of a call are, and where they lie: the only place where chunk numbers become elements.
#pragma once

#include <algorithm>
#include <cstdint>

#include "plan/cut.hpp"

namespace tutti::plan {

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

/// So many tiles of a call are under way at once and share what it may stage, so that the last rounds of one overlap
/// the first ones of the next.
inline constexpr std::uint64_t kTilesAtOnce = 4;

/// A *tile* is the part of a call that one run of the program handles: all of it, unless that would stage too much.
/// For a vector it is a run of its elements; for blocks it is the same run of every block, as far as each one goes.
struct Tile {
  bool blocks = false;
  bool uneven = false;       // blocks differ in length
  std::uint64_t stride = 0;  // elements of a block, of the longest one if they differ
  std::uint64_t first = 0;   // where the tile begins in the vector, or in each block
  std::uint64_t count = 0;   // its elements, in the vector or in each block
  const Cut* cut = nullptr;  // must outlive the tile
  std::uint32_t segments = 1;

  /// Where chunk `number` lies in a user's buffer that has the chunk's block at `block`.
  [[nodiscard]] Extent in_user(std::uint32_t number, Extent block) const {
    Extent extent = part(number, block.count);
    extent.first += block.first + first;
    return extent;
  }
  /// The same in scratch memory that holds just the tile, for a block of `length` elements. Chunks of a segment follow
  /// each other.
  [[nodiscard]] Extent in_scratch(std::uint32_t number, std::uint64_t length) const {
    Extent extent = part(number, length);
    if (!blocks) return extent;
    const Extent room = part(number, stride);  // that every block has, as if all were of the longest
    const std::uint32_t chunk = number % cut->chunks();
    const int of = cut->part_of(chunk);
    const std::uint64_t segment_first = part_of(room_of_tile(), segments, number / cut->chunks()).first;
    const std::uint64_t before = room.first - segment_first;  // of this segment's share of a block, in earlier parts
    const Cut::Part& its = cut->part(of);
    extent.first = (segment_first + before) * row() + (chunk - its.first) * room.count;
    return extent;
  }

  /// Whether chunks that follow each other in number do so in the user's buffers of all ranks.
  [[nodiscard]] bool joined_in_user() const {
    return !blocks || (!uneven && segments == 1 && count == stride && cut->in_order() && cut->parts() == 1);
  }
  /// Whether they do so in scratch memory.
  [[nodiscard]] bool joined_in_scratch() const { return !blocks || (!uneven && !cut->has_empty_chunks()); }

  /// At least as many elements as the longest chunk has.
  [[nodiscard]] std::uint64_t longest_chunk() const {
    std::uint64_t longest = 0;
    const std::uint64_t segment = (count + segments - 1) / segments;
    for (int number = 0; number < cut->parts(); ++number) {
      const Cut::Part& its = cut->part(number);
      const std::uint64_t share = segment * its.weight / cut->weights() + 1;
      longest = std::max(longest, cut->parts() == 1 && blocks ? segment
                                  : blocks                    ? share
                                                              : (share + its.chunks - 1) / its.chunks);
    }
    return cut->parts() == 1 && !blocks ? (segment + cut->chunks() - 1) / cut->chunks() : longest;
  }
  /// Elements of scratch memory that mirrors the whole tile.
  [[nodiscard]] std::uint64_t scratch_elements() const { return blocks ? count * row() : count; }
  /// Chunks that stand for each element of a block: the blocks, and empty ones.
  [[nodiscard]] std::uint64_t row() const {
    std::uint64_t most = 1;
    for (int number = 0; number < cut->parts(); ++number)
      most = std::max<std::uint64_t>(most, cut->part(number).chunks);
    return most;
  }

 private:
  [[nodiscard]] std::uint64_t room_of_tile() const { return std::min(count, stride - std::min(stride, first)); }

  // From the begin of the tile, in the vector or in the chunk's block. It depends on that block only, so that both ends
  // of a message agree even where they do not know the other blocks.
  [[nodiscard]] Extent part(std::uint32_t number, std::uint64_t length) const {
    const std::uint64_t here = blocks ? std::min(count, length - std::min(length, first)) : count;
    Extent extent = part_of(here, segments, number / cut->chunks());
    const std::uint32_t chunk = number % cut->chunks();
    const int of = cut->part_of(chunk);
    const Cut::Part& its = cut->part(of);
    if (cut->parts() > 1) {
      const std::uint64_t before = cut->weight_before(of);
      const std::uint64_t begin = extent.count * before / cut->weights();
      const std::uint64_t end = extent.count * (before + its.weight) / cut->weights();
      extent = {extent.first + begin, end - begin};
    }
    if (blocks) return extent;
    const Extent inner = part_of(extent.count, its.chunks, chunk - its.first);
    return {extent.first + inner.first, inner.count};
  }
};

}  // namespace tutti::plan
