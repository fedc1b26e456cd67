// How ranks are nested: ranks in nodes, nodes in leaves, leaves in pods. In memory that grows with the irregularity of
// the nesting and not with its size.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/rank.hpp"
#include "base/result.hpp"
#include "topology/fabric/layout.hpp"

namespace tutti::topology {

/// Groups of one level that follow each other and are of equal size. A group's size is in *units*: groups of the level
/// below it, ranks at the innermost.
struct GroupRun {
  std::int32_t groups = 0;
  std::int32_t size = 0;
  bool operator==(const GroupRun&) const = default;
};

/// A value. Level 0 is the innermost; the groups of the outermost level are the world: there is one.
/// A *position* is a rank's place in the order in which every group of every level is consecutive: the rank itself
/// unless ranks were dealt out to nodes in another order.
class Levels {
 public:
  static constexpr int kMost = 8;
  static constexpr std::int32_t kMostRanks = 1 << 24;

  Levels() : Levels(flat(1)) {}
  static Levels flat(std::int32_t ranks);
  /// Every group of a level has the same size: sizes[0] ranks a node, sizes[1] nodes a leaf, ...
  static Result<Levels> regular(std::span<const std::int32_t> sizes);
  /// From the runs of each level, innermost first; `rank_at` is empty if positions are ranks. Levels in which nothing
  /// is grouped are left out; one that holds the rest together is added on top if it is missing.
  static Result<Levels> from_runs(std::vector<std::vector<GroupRun>> levels, std::vector<std::int32_t> rank_at = {});
  /// Nodes, and the world of nodes.
  static Levels of(const Layout& layout);
  /// "8x12x16": sizes innermost first. "3+5+8*4": one level of nodes with 3, 5 and four times 8 ranks; further levels
  /// follow after an x: "3+5+8*4x2*3".
  static Result<Levels> parse(std::string_view text);

  /// The same ranks with only some of the levels: `kept` is a bit for each; the outermost is always kept.
  [[nodiscard]] Levels coarsened(std::uint32_t kept) const;

  [[nodiscard]] std::int32_t ranks() const { return ranks_; }
  [[nodiscard]] int depth() const { return static_cast<int>(levels_.size()); }
  [[nodiscard]] bool regular() const { return regular_; }
  /// Whether positions are ranks.
  [[nodiscard]] bool in_rank_order() const { return rank_at_.empty(); }

  [[nodiscard]] Rank rank_at(std::int32_t position) const;
  [[nodiscard]] std::int32_t position_of(Rank rank) const;

  /// Units in the largest and in the smallest group of the level.
  [[nodiscard]] std::int32_t width(int level) const { return levels_[static_cast<std::size_t>(level)].width; }
  [[nodiscard]] std::int32_t least(int level) const { return levels_[static_cast<std::size_t>(level)].least; }
  [[nodiscard]] std::int32_t groups(int level) const { return levels_[static_cast<std::size_t>(level)].groups; }
  [[nodiscard]] std::int32_t units(int level) const { return level == 0 ? ranks_ : groups(level - 1); }
  [[nodiscard]] bool regular(int level) const { return width(level) == least(level); }
  [[nodiscard]] std::vector<GroupRun> runs(int level) const;

  /// A group and its units: log(runs).
  struct Group {
    std::int32_t number = 0;
    std::int32_t first = 0;  // unit
    std::int32_t size = 0;
  };
  [[nodiscard]] Group group(int level, std::int32_t number) const;
  [[nodiscard]] Group group_of_unit(int level, std::int32_t unit) const;
  /// The first position of a group; the end of the world if there is no such group.
  [[nodiscard]] std::int32_t first_position(int level, std::int32_t group) const;

  /// "8 x 12 x 16", "(3 5 4*8) x 6".
  [[nodiscard]] std::string describe() const;
  /// Bytes that it takes in memory.
  [[nodiscard]] std::size_t bytes() const;

  bool operator==(const Levels&) const = default;

 private:
  struct Run {  // with what came before it
    std::int32_t first_group = 0;
    std::int32_t first_unit = 0;
    GroupRun run;
    bool operator==(const Run&) const = default;
  };
  struct Level {
    std::vector<Run> runs;
    std::int32_t groups = 0;
    std::int32_t width = 0;
    std::int32_t least = 0;
    bool operator==(const Level&) const = default;
  };
  struct Unmade {};
  explicit Levels(Unmade) {}
  static Level make_level(const std::vector<GroupRun>& runs);
  [[nodiscard]] Group group_in(const Run& run, std::int32_t number) const;

  std::int32_t ranks_ = 0;
  bool regular_ = true;
  std::vector<Level> levels_;
  std::vector<std::int32_t> rank_at_;
  std::vector<std::int32_t> position_of_;
};

}  // namespace tutti::topology
