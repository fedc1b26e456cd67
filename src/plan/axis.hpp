// One rank's view of the ranks that a phase runs over: where it stands and who is how far away.
#pragma once

#include <cstdint>

#include "base/rank.hpp"

namespace tutti::plan {

/// A run of chunks, by number within a segment. It may run past the last chunk: it then goes on at the first.
struct ChunkRange {
  std::uint32_t first = 0;
  std::uint32_t count = 1;
};

class Axis {
 public:
  Axis(std::int32_t size, std::int32_t self) : size_(size), self_(self) {}

  [[nodiscard]] std::int32_t size() const { return size_; }
  [[nodiscard]] std::int32_t self() const { return self_; }

  /// `position` may be any number: positions repeat after `size`.
  [[nodiscard]] std::int32_t wrap(std::int64_t position) const {
    const auto rest = static_cast<std::int32_t>(position % size_);
    return rest < 0 ? rest + size_ : rest;
  }
  [[nodiscard]] Rank at(std::int64_t position) const { return Rank{wrap(position)}; }
  [[nodiscard]] Rank right(std::int64_t distance = 1) const { return at(self_ + distance); }
  [[nodiscard]] Rank left(std::int64_t distance = 1) const { return at(self_ - distance); }

  /// The chunk that the rank at `position` ends up owning, and `count - 1` after it.
  [[nodiscard]] ChunkRange chunk(std::int64_t position, std::int32_t count = 1) const {
    return {static_cast<std::uint32_t>(wrap(position)), static_cast<std::uint32_t>(count)};
  }
  [[nodiscard]] ChunkRange own() const { return chunk(self_); }
  [[nodiscard]] ChunkRange all() const { return {0, static_cast<std::uint32_t>(size_)}; }

 private:
  std::int32_t size_;
  std::int32_t self_;
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
