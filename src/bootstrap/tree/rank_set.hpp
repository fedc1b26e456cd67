// A set of ranks in memory that grows with its gaps.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/rank.hpp"

namespace tutti::bootstrap {

/// Ranks first, first + 1, ..., first + count - 1.
struct RankRun {
  std::int32_t first = 0;
  std::int32_t count = 0;
  bool operator==(const RankRun&) const = default;
};

/// A value.
class RankSet {
 public:
  RankSet() = default;
  explicit RankSet(RankRun run) { add(run); }

  void add(RankRun run);
  void remove(RankRun run);
  void add(const RankSet& other);
  void clear() { runs_.clear(); }

  [[nodiscard]] bool contains(std::int32_t rank) const;
  [[nodiscard]] bool overlaps(RankRun run) const { return first_common(run) >= 0; }
  /// The lowest rank of `run` that is in the set, or -1.
  [[nodiscard]] std::int32_t first_common(RankRun run) const;
  [[nodiscard]] std::int64_t size() const;
  [[nodiscard]] bool empty() const { return runs_.empty(); }
  [[nodiscard]] const std::vector<RankRun>& runs() const { return runs_; }  // ascending, with gaps between
  /// 0..world_size-1 without these.
  [[nodiscard]] RankSet missing_of(std::int32_t world_size) const;

 private:
  std::vector<RankRun> runs_;
};

/// "rank 3", "ranks 2, 5-7"; the first eight runs, then "and N more".
std::string describe(const RankSet& ranks);

}  // namespace tutti::bootstrap
