// A value for every number of 0..infinity, kept as runs: memory and time go with the number of runs, not of numbers.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <utility>
#include <vector>

namespace tutti::plan {

template <typename Value>
class RangeMap {
 public:
  explicit RangeMap(Value initial) { runs_.push_back({0, std::move(initial)}); }

  /// Calls look(first, end, const value&) for every run within [first, end), seen as if cut at its borders.
  template <typename Look>
  void look(std::uint32_t first, std::uint32_t end, Look&& look) const {
    if (first >= end) return;
    for (std::size_t at = find(first); at < runs_.size() && runs_[at].first < end; ++at) {
      const std::uint32_t stop = at + 1 == runs_.size() ? end : std::min(end, runs_[at + 1].first);
      look(std::max(first, runs_[at].first), stop, runs_[at].value);
    }
  }

  /// Calls visit(first, end, value&) for every run within [first, end), cut at its borders.
  template <typename Visit>
  void visit(std::uint32_t first, std::uint32_t end, Visit&& visit) {
    if (first >= end) return;
    cut(end);
    for (std::size_t at = cut(first); at < runs_.size() && runs_[at].first < end; ++at) {
      visit(runs_[at].first, at + 1 == runs_.size() ? end : runs_[at + 1].first, runs_[at].value);
    }
  }

  void assign(std::uint32_t first, std::uint32_t end, Value value) {
    if (first >= end) return;
    cut(end);
    const std::size_t at = cut(first);
    std::size_t last = at + 1;
    while (last < runs_.size() && runs_[last].first < end) ++last;
    runs_.erase(place(at + 1), place(last));
    runs_[at].value = std::move(value);
    if constexpr (std::equality_comparable<Value>) join(at);
  }

 private:
  struct Run {
    std::uint32_t first;
    Value value;
  };

  auto place(std::size_t at) { return runs_.begin() + static_cast<std::ptrdiff_t>(at); }

  // The run that holds `where`.
  [[nodiscard]] std::size_t find(std::uint32_t where) const {
    const auto after = std::upper_bound(runs_.begin(), runs_.end(), where,
                                        [](std::uint32_t number, const Run& run) { return number < run.first; });
    return static_cast<std::size_t>(after - runs_.begin()) - 1;
  }

  // The run that begins at `where`, made by splitting one if need be.
  std::size_t cut(std::uint32_t where) {
    const std::size_t at = find(where);
    if (runs_[at].first == where) return at;
    runs_.insert(place(at + 1), Run{where, runs_[at].value});
    return at + 1;
  }

  // Makes one run of this one and its neighbours where they hold the same.
  void join(std::size_t at) {
    if (at + 1 < runs_.size() && runs_[at + 1].value == runs_[at].value) runs_.erase(place(at + 1));
    if (at > 0 && runs_[at - 1].value == runs_[at].value) runs_.erase(place(at));
  }

  std::vector<Run> runs_;
};

}  // namespace tutti::plan
