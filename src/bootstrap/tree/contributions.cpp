#include "bootstrap/tree/contributions.hpp"

#include <algorithm>

namespace tutti::bootstrap {

void append_runs(const RankPattern& pattern, std::vector<RankRun>& runs) {
  for (std::int32_t i = 0; i < pattern.repeat; ++i) runs.push_back({pattern.first + i * pattern.step, pattern.count});
}

std::vector<RankPattern> patterns_of(std::vector<RankRun> runs) {
  std::sort(runs.begin(), runs.end(), [](const RankRun& a, const RankRun& b) { return a.first < b.first; });
  std::vector<RankPattern> patterns;
  RankRun run;
  const auto close = [&] {
    if (run.count == 0) return;
    if (!patterns.empty() && patterns.back().count == run.count) {
      RankPattern& last = patterns.back();
      const std::int32_t step = run.first - (last.first + last.step * (last.repeat - 1));
      if (last.repeat == 1 || step == last.step) {
        last.step = step;
        ++last.repeat;
        return;
      }
    }
    patterns.push_back({run.first, run.count, 0, 1});
  };
  for (const RankRun& next : runs) {
    if (run.count > 0 && next.first == run.first + run.count) {
      run.count += next.count;
    } else {
      close();
      run = next;
    }
  }
  close();
  return patterns;
}

std::vector<Blob> merged(std::vector<Blob> blobs) {
  if (blobs.size() < 2) return blobs;
  std::stable_sort(blobs.begin(), blobs.end(), [](const Blob& a, const Blob& b) { return a.bytes < b.bytes; });
  std::vector<Blob> fewer;
  std::vector<RankRun> runs;
  for (auto begin = blobs.begin(); begin != blobs.end();) {
    const auto end = std::find_if(begin, blobs.end(), [&](const Blob& other) { return other.bytes != begin->bytes; });
    runs.clear();
    for (auto each = begin; each != end; ++each) {
      for (const RankPattern& pattern : each->ranks) append_runs(pattern, runs);
    }
    fewer.push_back({end - begin == 1 ? std::move(begin->ranks) : patterns_of(runs), std::move(begin->bytes)});
    begin = end;
  }
  return fewer;
}

std::size_t Contributions::place_of(Rank rank) const {
  for (std::size_t place = 0; place + 1 < blobs_.size(); ++place) {
    const auto& ranks = blobs_[place].ranks;
    if (std::any_of(ranks.begin(), ranks.end(), [&](const RankPattern& each) { return each.contains(index(rank)); }))
      return place;
  }
  return blobs_.size() - 1;  // every rank is told once
}

std::vector<std::uint32_t> Contributions::places() const {
  std::vector<std::uint32_t> places(static_cast<std::size_t>(ranks_));
  std::vector<RankRun> runs;
  for (std::size_t place = 0; place < blobs_.size(); ++place) {
    runs.clear();
    for (const RankPattern& pattern : blobs_[place].ranks) append_runs(pattern, runs);
    for (const RankRun& run : runs)
      std::fill_n(places.begin() + run.first, run.count, static_cast<std::uint32_t>(place));
  }
  return places;
}

Rank Contributions::first_of(std::size_t place) const {
  std::int32_t first = ranks_;
  for (const RankPattern& pattern : blobs_[place].ranks) first = std::min(first, pattern.first);
  return to_rank(first);
}

bool Contributions::covers_all() const {
  std::int64_t told = 0;
  std::size_t patterns = 0;
  for (const Blob& blob : blobs_) {
    patterns += blob.ranks.size();
    for (const RankPattern& pattern : blob.ranks) {
      if (pattern.first < 0 || pattern.count < 1 || pattern.end() > ranks_) return false;
      told += pattern.size();
    }
  }
  if (told != ranks_) return false;
  if (patterns == 1) return true;
  std::vector<bool> seen(static_cast<std::size_t>(ranks_));
  std::vector<RankRun> runs;
  for (const Blob& blob : blobs_) {
    for (const RankPattern& pattern : blob.ranks) {
      runs.clear();
      append_runs(pattern, runs);
      for (const RankRun& run : runs) {
        for (std::int32_t rank = run.first; rank < run.first + run.count; ++rank) {
          if (seen[static_cast<std::size_t>(rank)]) return false;
          seen[static_cast<std::size_t>(rank)] = true;
        }
      }
    }
  }
  return true;
}

}  // namespace tutti::bootstrap
