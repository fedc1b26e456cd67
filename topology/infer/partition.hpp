// Ranks in groups.
#pragma once

#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace tutti::topology {

/// A value: the group of each rank. Groups are numbered in the order of their lowest rank.
class Partition {
 public:
  Partition() = default;
  /// From any numbers of groups.
  explicit Partition(std::span<const std::int32_t> group_of);
  /// All ranks in one group.
  static Partition whole(std::int32_t ranks);

  [[nodiscard]] std::int32_t ranks() const { return static_cast<std::int32_t>(group_of_.size()); }
  [[nodiscard]] std::int32_t groups() const { return groups_; }
  [[nodiscard]] std::int32_t group_of(std::int32_t rank) const { return group_of_[static_cast<std::size_t>(rank)]; }
  [[nodiscard]] bool together(std::int32_t one, std::int32_t other) const { return group_of(one) == group_of(other); }
  /// Whether every group of this lies in one group of `coarser`.
  [[nodiscard]] bool refines(const Partition& coarser) const;
  /// The ranks of each group.
  [[nodiscard]] std::vector<std::vector<std::int32_t>> members() const;
  bool operator==(const Partition&) const = default;

 private:
  std::vector<std::int32_t> group_of_;
  std::int32_t groups_ = 0;
};

/// Sets that grow together (union-find).
class Merger {
 public:
  explicit Merger(std::int32_t ranks) : parent_(static_cast<std::size_t>(ranks)) {
    std::iota(parent_.begin(), parent_.end(), 0);
  }
  void merge(std::int32_t one, std::int32_t other);
  [[nodiscard]] bool are_apart(std::int32_t one, std::int32_t other) { return root_of(one) != root_of(other); }
  [[nodiscard]] Partition partition();

 private:
  std::int32_t root_of(std::int32_t rank);
  std::vector<std::int32_t> parent_;
};

}  // namespace tutti::topology
