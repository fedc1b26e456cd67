// The children of a place in the tree, and which ranks are reached through each.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "bootstrap/tree/machine.hpp"
#include "bootstrap/tree/rank_set.hpp"

namespace tutti::bootstrap {

// 1 parent + 32 + 31 = 64 connections at most.
inline constexpr std::size_t kNetworkSeats = 32;
inline constexpr std::size_t kLocalSeats = 31;

struct Child {
  LinkId link = kNoLink;
  std::int32_t rank = 0;
  bool local = false;
  bool left = false;  // it said goodbye: its end is no loss
  std::string node_name;
  Where door;
  std::int32_t passed_on = 0;  // newcomers that were sent there
  RankSet ranks;               // itself and those below it
};

class Family {
 public:
  [[nodiscard]] bool has_seat(bool local) const {
    const auto taken =
        std::count_if(children_.begin(), children_.end(), [&](const Child& c) { return c.local == local; });
    return static_cast<std::size_t>(taken) < (local ? kLocalSeats : kNetworkSeats);
  }

  Child& seat(Child child) { return children_.emplace_back(std::move(child)); }

  /// The child that should take in a newcomer that finds no seat here: those that stay first, in turn, and never one
  /// below the newcomer itself, which would cut both off the tree. Null: none can.
  Child* next_host(bool local, std::int32_t newcomer) {
    Child* best = nullptr;
    for (auto& child : children_) {
      if (child.local != local || child.door.empty() || child.ranks.contains(newcomer)) continue;
      if (best == nullptr || std::pair(child.left, child.passed_on) < std::pair(best->left, best->passed_on))
        best = &child;
    }
    return best;
  }

  [[nodiscard]] Child* find(LinkId link) {
    const auto at = std::find_if(children_.begin(), children_.end(), [&](const Child& c) { return c.link == link; });
    return at == children_.end() ? nullptr : &*at;
  }
  [[nodiscard]] Child* leading_to(std::int32_t rank) {
    const auto at =
        std::find_if(children_.begin(), children_.end(), [&](const Child& c) { return c.ranks.contains(rank); });
    return at == children_.end() ? nullptr : &*at;
  }

  /// From now on `run` is reached through `child` and no other.
  void claim(Child& child, RankRun run) {
    for (auto& other : children_) {
      if (&other != &child) other.ranks.remove(run);
    }
    child.ranks.add(run);
  }
  /// The lowest rank of `run` that is reached through a child other than `child`, or -1.
  [[nodiscard]] std::int32_t first_elsewhere(const Child& child, RankRun run) const {
    for (const auto& other : children_) {
      if (&other == &child) continue;
      if (const auto rank = other.ranks.first_common(run); rank >= 0) return rank;
    }
    return -1;
  }

  /// Those of `ranks` that are reached through no child.
  [[nodiscard]] RankSet not_below(RankSet ranks) const {
    for (const auto& child : children_) {
      for (const auto& run : child.ranks.runs()) ranks.remove(run);
    }
    return ranks;
  }

  void remove(LinkId link) {
    std::erase_if(children_, [&](const Child& child) { return child.link == link; });
  }

  [[nodiscard]] std::int64_t ranks_below() const {
    std::int64_t total = 0;
    for (const auto& child : children_) total += child.ranks.size();
    return total;
  }
  [[nodiscard]] RankSet all_ranks() const {
    RankSet all;
    for (const auto& child : children_) all.add(child.ranks);
    return all;
  }
  [[nodiscard]] bool empty() const { return children_.empty(); }
  [[nodiscard]] const std::vector<Child>& children() const { return children_; }

 private:
  std::vector<Child> children_;
};

}  // namespace tutti::bootstrap
