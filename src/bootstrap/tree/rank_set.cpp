#include "bootstrap/tree/rank_set.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tutti::bootstrap {
namespace {

std::int32_t end_of(const RankRun& run) {
  return run.first + run.count;
}

}  // namespace

void RankSet::add(RankRun run) {
  if (run.count <= 0) return;
  // The runs that touch the new one, neighbours included, melt into it.
  const auto begin =
      std::partition_point(runs_.begin(), runs_.end(), [&](const RankRun& r) { return end_of(r) < run.first; });
  auto end = begin;
  std::int32_t first = run.first;
  std::int32_t last = end_of(run);
  for (; end != runs_.end() && end->first <= end_of(run); ++end) {
    first = std::min(first, end->first);
    last = std::max(last, end_of(*end));
  }
  runs_.insert(runs_.erase(begin, end), {first, last - first});
}

void RankSet::add(const RankSet& other) {
  for (const auto& run : other.runs_) add(run);
}

void RankSet::remove(RankRun run) {
  if (run.count <= 0) return;
  const auto begin =
      std::partition_point(runs_.begin(), runs_.end(), [&](const RankRun& r) { return end_of(r) <= run.first; });
  auto end = begin;
  std::vector<RankRun> left;
  for (; end != runs_.end() && end->first < end_of(run); ++end) {
    if (end->first < run.first) left.push_back({end->first, run.first - end->first});
    if (end_of(*end) > end_of(run)) left.push_back({end_of(run), end_of(*end) - end_of(run)});
  }
  const auto at = runs_.erase(begin, end);
  runs_.insert(at, left.begin(), left.end());
}

bool RankSet::contains(std::int32_t rank) const {
  return overlaps({rank, 1});
}

std::int32_t RankSet::first_common(RankRun run) const {
  const auto at =
      std::partition_point(runs_.begin(), runs_.end(), [&](const RankRun& r) { return end_of(r) <= run.first; });
  if (at == runs_.end() || at->first >= end_of(run)) return -1;
  return std::max(at->first, run.first);
}

std::int64_t RankSet::size() const {
  std::int64_t total = 0;
  for (const auto& run : runs_) total += run.count;
  return total;
}

RankSet RankSet::missing_of(std::int32_t world_size) const {
  RankSet missing(RankRun{0, world_size});
  for (const auto& run : runs_) missing.remove(run);
  return missing;
}

std::string describe(const RankSet& ranks) {
  constexpr std::size_t kMostShown = 8;
  std::string text = ranks.size() == 1 ? "rank " : "ranks ";
  std::int64_t shown = 0;
  for (std::size_t i = 0; i < ranks.runs().size(); ++i) {
    if (i == kMostShown) return text + fmt::format(" and {} more", ranks.size() - shown);
    const auto& run = ranks.runs()[i];
    text += i == 0 ? "" : ", ";
    text += run.count == 1 ? fmt::format("{}", run.first) : fmt::format("{}-{}", run.first, run.first + run.count - 1);
    shown += run.count;
  }
  return text;
}

}  // namespace tutti::bootstrap
