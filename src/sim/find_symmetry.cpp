// Whether ranks do the same is found by looking at what they do.
#include <algorithm>
#include <optional>
#include <utility>

#include "sim/ensemble.hpp"

namespace tutti::sim {
namespace {

constexpr std::int32_t kAll = 64;      // units of a level that are all looked at
constexpr std::int32_t kSampled = 48;  // of larger ones: these many, at both ends and between
constexpr std::size_t kMuch = 20000;   // steps and edges of a program: of longer ones only both ends are looked at

std::vector<std::int32_t> distances(std::int32_t size, bool few) {
  std::vector<std::int32_t> all;
  if (few) return {size - 1};  // what both ends of the level do
  if (size <= kAll) {
    for (std::int32_t by = 1; by < size; ++by) all.push_back(by);
    return all;
  }
  for (std::int32_t i = 1; i <= kSampled / 4; ++i) {
    all.push_back(i);
    all.push_back(size - i);
  }
  for (std::int32_t i = 1; i <= kSampled / 2; ++i)
    all.push_back(static_cast<std::int32_t>(std::int64_t{size} * i / (kSampled / 2 + 1)));
  return all;
}

class Finder {
 public:
  Finder(const TaskMaker& maker, const Network& network) : maker_(maker), network_(network) {}

  // Whether moving the units of `level` by any number leaves what ranks do as it is, seen from `base`.
  [[nodiscard]] bool holds(const Symmetry& symmetry, int level, Change change, Position base) {
    if (base_ != base) {
      here_ = maker_.make(network_, base);
      base_ = base;
    }
    const auto& here = here_;
    return std::ranges::all_of(distances(symmetry.size(level), takes_long()), [&](std::int32_t by) {
      const auto there = maker_.make(network_, symmetry.shifted(base, level, by, change));
      if (!(here.list == there.list)) return false;
      for (std::size_t task = 0; task < here.peers.size(); ++task) {
        const Position peer = here.peers[task];
        if (peer >= 0 && symmetry.shifted(peer, level, by, change) != there.peers[task]) return false;
      }
      return true;
    });
  }

  // Whether the rank that was looked at last does very much.
  [[nodiscard]] bool takes_long() const { return here_.effort > kMuch; }

  // What the rank that was looked at does; nothing if none was.
  [[nodiscard]] std::optional<TaskMaker::RankTasks> take() {
    if (base_ < 0) return {};
    return std::move(here_);
  }

 private:
  const TaskMaker& maker_;
  const Network& network_;
  TaskMaker::RankTasks here_;  // of this position
  Position base_ = -1;
};

}  // namespace

FoundSymmetry find_symmetry(const plan::Plan& plan, const TaskMaker& maker, const Network& network) {
  Symmetry symmetry(network.levels());
  if (has_root(plan.collective)) return {symmetry, {}};
  Finder first(maker, network);
  Finder second(maker, network);
  const Position somewhere = network.ranks() - 1 - network.ranks() / 3;
  for (int level = 0; level < symmetry.regular_levels(); ++level) {
    const auto holds = [&](Change change) {
      return first.holds(symmetry, level, change, 0) &&
             (first.takes_long() || second.holds(symmetry, level, change, somewhere));
    };
    if (network.rotates(level) && holds(Change::rotation)) {
      symmetry.set(level, Change::rotation);
    } else if (network.exchanges(level) && plan::is_power_of_two(symmetry.size(level)) && holds(Change::exchange)) {
      symmetry.set(level, Change::exchange);
    }
  }
  return {symmetry, first.take()};
}

}  // namespace tutti::sim
