// A value for every number of 0..infinity, kept as runs: memory and time go with the number of runs, not of numbers.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

namespace tutti::plan {

/// Runs lie in blocks, so that a new one moves few others.
template <typename Value>
class RangeMap {
 public:
  explicit RangeMap(Value initial) { blocks_.push_back({{0, std::move(initial)}}); }

  /// Calls look(first, end, const value&) for every run within [first, end), seen as if cut at its borders.
  template <typename Look>
  void look(std::uint32_t first, std::uint32_t end, Look&& look) const {
    if (first >= end) return;
    for (Place at = find(first); is_run(at) && run(at).first < end; at = next(at))
      look(std::max(first, run(at).first), end_of(at, end), run(at).value);
  }

  /// Calls visit(first, end, value&) for every run within [first, end), cut at its borders.
  template <typename Visit>
  void visit(std::uint32_t first, std::uint32_t end, Visit&& visit) {
    if (first >= end) return;
    cut(end);
    for (Place at = cut(first); is_run(at) && run(at).first < end; at = next(at))
      visit(run(at).first, end_of(at, end), run(at).value);
  }

  void assign(std::uint32_t first, std::uint32_t end, Value value) {
    if (first >= end) return;
    cut(end);
    const Place at = cut(first);
    erase_until(at, end);
    run(at).value = std::move(value);
    if constexpr (std::equality_comparable<Value>) join(at);
  }

 private:
  static constexpr std::size_t kMostInBlock = 128;

  struct Run {
    std::uint32_t first;
    Value value;
  };
  using Block = std::vector<Run>;  // never empty
  struct Place {
    std::size_t block;
    std::size_t at;
  };

  Run& run(Place place) { return blocks_[place.block][place.at]; }
  [[nodiscard]] const Run& run(Place place) const { return blocks_[place.block][place.at]; }
  [[nodiscard]] bool is_run(Place place) const { return place.block < blocks_.size(); }
  [[nodiscard]] Place next(Place place) const {
    return place.at + 1 < blocks_[place.block].size() ? Place{place.block, place.at + 1} : Place{place.block + 1, 0};
  }
  // Where a run ends, or `end` if that is before.
  [[nodiscard]] std::uint32_t end_of(Place place, std::uint32_t end) const {
    const Place after = next(place);
    return is_run(after) ? std::min(end, run(after).first) : end;
  }

  // The run that holds `where`.
  [[nodiscard]] Place find(std::uint32_t where) const {
    const auto block =
        std::prev(std::upper_bound(blocks_.begin(), blocks_.end(), where, [](std::uint32_t number, const Block& each) {
          return number < each.front().first;
        }));
    const auto at =
        std::prev(std::upper_bound(block->begin(), block->end(), where,
                                   [](std::uint32_t number, const Run& each) { return number < each.first; }));
    return {static_cast<std::size_t>(block - blocks_.begin()), static_cast<std::size_t>(at - block->begin())};
  }

  // The run that begins at `where`, made by splitting one if need be.
  Place cut(std::uint32_t where) {
    Place at = find(where);
    if (run(at).first == where) return at;
    Block& block = blocks_[at.block];
    Value same = block[at.at].value;
    block.insert(block.begin() + static_cast<std::ptrdiff_t>(++at.at), Run{where, std::move(same)});
    if (block.size() <= kMostInBlock) return at;
    constexpr std::size_t kHalf = kMostInBlock / 2;
    Block rest(std::make_move_iterator(block.begin() + kHalf), std::make_move_iterator(block.end()));
    block.erase(block.begin() + kHalf, block.end());
    blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(at.block) + 1, std::move(rest));
    return at.at < kHalf ? at : Place{at.block + 1, at.at - kHalf};
  }

  // The runs behind this one that begin before `end`.
  void erase_until(Place at, std::uint32_t end) {
    const auto before_end = [&](const Run& each) { return each.first < end; };
    while (true) {
      Block& block = blocks_[at.block];
      const auto begin = block.begin() + static_cast<std::ptrdiff_t>(at.at) + 1;
      const auto stop = std::find_if_not(begin, block.end(), before_end);
      const bool whole = stop == block.end();
      block.erase(begin, stop);
      if (!whole || at.block + 1 == blocks_.size() || !before_end(blocks_[at.block + 1].front())) return;
      Block& after = blocks_[at.block + 1];
      after.erase(after.begin(), std::find_if_not(after.begin(), after.end(), before_end));
      if (!after.empty()) return;
      blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(at.block) + 1);
    }
  }

  void erase(Place place) {
    Block& block = blocks_[place.block];
    block.erase(block.begin() + static_cast<std::ptrdiff_t>(place.at));
    if (block.empty()) blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(place.block));
  }

  // Makes one run of this one and its neighbours where they hold the same.
  void join(Place at) {
    const Place after = next(at);
    if (is_run(after) && run(after).value == run(at).value) erase(after);
    if (at.block == 0 && at.at == 0) return;
    const Place before = at.at > 0 ? Place{at.block, at.at - 1} : Place{at.block - 1, blocks_[at.block - 1].size() - 1};
    if (run(before).value == run(at).value) erase(at);
  }

  std::vector<Block> blocks_;
};

}  // namespace tutti::plan
