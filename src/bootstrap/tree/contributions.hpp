// What every rank contributed to an all-gather. What several ranks said alike is there once, beside who said it, so
// that a thousand ranks with the same settings take no more than one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "bootstrap/tree/rank_set.hpp"

namespace tutti::bootstrap {

/// `repeat` runs of `count` ranks each, `step` apart: the third rank of every node is one of these.
struct RankPattern {
  std::int32_t first = 0;
  std::int32_t count = 0;
  std::int32_t step = 0;
  std::int32_t repeat = 1;
  bool operator==(const RankPattern&) const = default;

  [[nodiscard]] std::int64_t size() const { return std::int64_t{count} * repeat; }
  [[nodiscard]] std::int64_t end() const { return first + std::int64_t{step} * (repeat - 1) + count; }
  [[nodiscard]] bool contains(std::int32_t rank) const {
    const std::int32_t behind = rank - first;
    if (repeat == 1) return behind >= 0 && behind < count;
    return behind >= 0 && behind / step < repeat && behind % step < count;
  }
};

/// The fewest patterns that a look from left to right finds. The runs may come in any order, and touch.
std::vector<RankPattern> patterns_of(std::vector<RankRun> runs);

/// The runs of `pattern`, behind what `runs` has.
void append_runs(const RankPattern& pattern, std::vector<RankRun>& runs);

/// What some ranks contributed, all the same.
struct Blob {
  std::vector<RankPattern> ranks;
  std::vector<std::byte> bytes;
  bool operator==(const Blob&) const = default;
};

/// Blobs with the same bytes become one.
std::vector<Blob> merged(std::vector<Blob> blobs);

/// A value.
class Contributions {
 public:
  Contributions() = default;
  /// Of one rank.
  explicit Contributions(std::vector<std::byte> bytes) : Contributions({{{{0, 1, 0, 1}}, std::move(bytes)}}, 1) {}
  Contributions(std::vector<Blob> blobs, std::int32_t ranks) : blobs_(std::move(blobs)), ranks_(ranks) {}

  /// Each with whose it is; no two ranks are told twice.
  [[nodiscard]] const std::vector<Blob>& blobs() const { return blobs_; }
  [[nodiscard]] std::int32_t ranks() const { return ranks_; }
  /// The place in `blobs` of what `rank`, one of `ranks()`, contributed. Takes as long as there are patterns.
  [[nodiscard]] std::size_t place_of(Rank rank) const;
  [[nodiscard]] std::span<const std::byte> of(Rank rank) const { return blobs_[place_of(rank)].bytes; }
  /// The same of all ranks, where all are looked at.
  [[nodiscard]] std::vector<std::uint32_t> places() const;
  /// The lowest rank that contributed `blobs()[place]`.
  [[nodiscard]] Rank first_of(std::size_t place) const;

  /// Whether every rank is told once, and no other.
  [[nodiscard]] bool covers_all() const;

 private:
  std::vector<Blob> blobs_;
  std::int32_t ranks_ = 0;
};

}  // namespace tutti::bootstrap
