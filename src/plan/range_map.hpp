// A value for every number of 0..infinity, kept as runs: memory and time go with the number of runs, not of numbers.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <iterator>
#include <map>
#include <utility>

namespace tutti::plan {

template <typename Value>
class RangeMap {
 public:
  explicit RangeMap(Value initial) { runs_.emplace(0, std::move(initial)); }

  /// Calls look(first, end, const value&) for every run within [first, end), seen as if cut at its borders.
  template <typename Look>
  void look(std::uint32_t first, std::uint32_t end, Look&& look) const {
    if (first >= end) return;
    for (auto at = std::prev(runs_.upper_bound(first)); at != runs_.end() && at->first < end; ++at) {
      const auto next = std::next(at);
      look(std::max(first, at->first), next == runs_.end() ? end : std::min(end, next->first), at->second);
    }
  }

  /// Calls visit(first, end, value&) for every run within [first, end), cut at its borders.
  template <typename Visit>
  void visit(std::uint32_t first, std::uint32_t end, Visit&& visit) {
    if (first >= end) return;
    cut(end);
    for (auto at = cut(first); at != runs_.end() && at->first < end; ++at) {
      const auto next = std::next(at);
      visit(at->first, next == runs_.end() ? end : next->first, at->second);
    }
  }

  void assign(std::uint32_t first, std::uint32_t end, Value value) {
    if (first >= end) return;
    cut(end);
    const auto at = cut(first);
    auto last = std::next(at);
    while (last != runs_.end() && last->first < end) ++last;
    runs_.erase(std::next(at), last);
    at->second = std::move(value);
    if constexpr (std::equality_comparable<Value>) join(at);
  }

 private:
  using Runs = std::map<std::uint32_t, Value>;

  // The run that begins at `where`, made by splitting one if need be.
  typename Runs::iterator cut(std::uint32_t where) {
    const auto after = runs_.upper_bound(where);
    const auto at = std::prev(after);
    return at->first == where ? at : runs_.emplace_hint(after, where, at->second);
  }

  // Makes one run of this one and its neighbours where they hold the same.
  void join(typename Runs::iterator at) {
    if (const auto next = std::next(at); next != runs_.end() && next->second == at->second) runs_.erase(next);
    if (at != runs_.begin() && std::prev(at)->second == at->second) runs_.erase(at);
  }

  Runs runs_;
};

}  // namespace tutti::plan
