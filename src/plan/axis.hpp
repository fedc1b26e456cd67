// One rank's view of the ranks that a phase runs over: where it stands, who is how far away, and which chunks are
// whose.
#pragma once

#include <array>
#include <cstdint>

#include "base/rank.hpp"
#include "topology/fabric/levels.hpp"

namespace tutti::plan {

/// A run of chunks, by number within a segment.
struct ChunkRange {
  std::uint32_t first = 0;
  std::uint32_t count = 1;
  bool operator==(const ChunkRange&) const = default;
};

/// What belongs to some positions that follow each other on an axis. Positions go on at the first after the last, so it
/// is up to two runs.
struct Chunks {
  ChunkRange head{0, 0};
  ChunkRange tail{0, 0};
};

/// Which of the ranks of a unit speaks for it on a level further out: for each level further in, which *column* of the
/// unit it plays. A unit with fewer ranks than there are columns has ranks that play several.
using Columns = std::array<std::int32_t, topology::Levels::kMost>;

/// The first column that member `member` of `size` plays, out of `width`. Its last one comes before the next member's
/// first.
constexpr std::int32_t first_column(std::int32_t member, std::int32_t size, std::int32_t width) {
  return static_cast<std::int32_t>((std::int64_t{member} * width + size - 1) / size);
}
/// Who of `size` members plays column `column` of `width`.
constexpr std::int32_t player(std::int32_t column, std::int32_t size, std::int32_t width) {
  return static_cast<std::int32_t>(std::int64_t{column} * size / width);
}

/// The rank that plays `columns` in unit `unit` of level `level`.
Rank rank_in(const topology::Levels& levels, int level, std::int32_t unit, const Columns& columns);

/// The members of one group of one level: those of its units' ranks that play the same columns.
class Axis {
 public:
  /// Ranks 0..size-1, a chunk each.
  Axis(std::int32_t size, std::int32_t self)
      : size_(size), self_(self), width_(size), end_(static_cast<std::uint32_t>(size)) {}

  struct Where {
    const topology::Levels* levels = nullptr;
    int level = 0;
    topology::Levels::Group group;
    Columns columns{};         // of the levels further in
    std::int32_t self = 0;     // position on the axis
    std::int32_t width = 1;    // columns that the group's share is cut into
    std::uint32_t base = 0;    // first chunk of the share
    std::uint32_t unit = 1;    // chunks a column
    bool by_position = false;  // chunks are positions of `levels`: a unit's are those of its ranks
  };
  explicit Axis(const Where& where);

  [[nodiscard]] std::int32_t size() const { return size_; }
  [[nodiscard]] std::int32_t self() const { return self_; }

  /// `position` may be any number: positions repeat after `size`.
  [[nodiscard]] std::int32_t wrap(std::int64_t position) const {
    const auto rest = static_cast<std::int32_t>(position % size_);
    return rest < 0 ? rest + size_ : rest;
  }
  [[nodiscard]] Rank at(std::int64_t position) const;
  [[nodiscard]] Rank right(std::int64_t distance = 1) const { return at(self_ + distance); }
  [[nodiscard]] Rank left(std::int64_t distance = 1) const { return at(self_ - distance); }

  /// The chunks that the member at `position` ends up owning, and those of the `count - 1` members after it.
  [[nodiscard]] Chunks chunk(std::int64_t position, std::int32_t count = 1) const;
  [[nodiscard]] ChunkRange own() const { return chunk(self_).head; }
  [[nodiscard]] ChunkRange all() const { return {base_, end_ - base_}; }

  /// The same axis seen from its other end: right is left.
  [[nodiscard]] Axis reversed() const;
  /// In how many ways an algorithm that has a radix fans out each round.
  [[nodiscard]] std::int32_t radix() const { return radix_; }
  void set_radix(std::int32_t radix) { radix_ = radix; }

 private:
  [[nodiscard]] std::uint32_t begin(std::int32_t place) const;  // chunks before that of the member in this place

  std::int32_t size_;
  std::int32_t self_;  // position; place size - 1 - self in a reversed axis
  std::int32_t width_;
  std::int32_t radix_ = 2;
  std::uint32_t base_ = 0;
  std::uint32_t unit_ = 1;
  std::uint32_t end_ = 0;
  bool reversed_ = false;
  bool by_position_ = false;
  const topology::Levels* levels_ = nullptr;
  int level_ = 0;
  std::int32_t first_unit_ = 0;
  Columns columns_{};
};

/// The least k with 2^k >= n.
constexpr std::int32_t ceil_log2(std::int64_t n) {
  std::int32_t k = 0;
  while ((std::int64_t{1} << k) < n) ++k;
  return k;
}

constexpr bool is_power_of_two(std::int64_t n) {
  return n > 0 && (n & (n - 1)) == 0;
}

}  // namespace tutti::plan
