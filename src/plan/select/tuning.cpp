#include "plan/select/tuning.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tutti::plan {
namespace {

class Fnv1a {
 public:
  void add(std::string_view text) {
    for (const char c : text) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  }
  void add(std::int64_t number) { add(std::to_string(number) + ";"); }
  [[nodiscard]] std::string text() const { return fmt::format("{:016x}", hash_); }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
};

std::string plural(std::int64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace

Site Site::of(const topology::Levels& levels, std::int32_t nodes, std::string transports, std::string cpu,
              std::int32_t cores) {
  Fnv1a hash;
  for (int level = 0; level < levels.depth(); ++level) {
    hash.add("level;");
    for (const topology::GroupRun& run : levels.runs(level)) {
      hash.add(run.groups);
      hash.add(run.size);
    }
  }
  if (!levels.in_rank_order()) {
    for (std::int32_t position = 0; position < levels.ranks(); ++position) hash.add(index(levels.rank_at(position)));
  }
  hash.add(nodes);
  hash.add(cores);
  hash.add(transports + ";" + cpu);
  return {.ranks = levels.ranks(),
          .nodes = nodes,
          .levels = levels.describe(),
          .transports = std::move(transports),
          .cpu = std::move(cpu),
          .cores = cores,
          .fingerprint = hash.text()};
}

std::string Site::describe() const {
  return fmt::format("{} on {}, {}, {}, {}, {}", plural(ranks, "rank"), plural(nodes, "node"), levels, transports,
                     plural(cores, "core"), cpu);
}

const TunedChoice* TunedSite::find(Collective collective, std::uint64_t bytes) const {
  const auto found = std::find_if(choices.begin(), choices.end(), [&](const TunedChoice& one) {
    return one.collective == collective && one.least_bytes <= bytes && bytes <= one.most_bytes;
  });
  return found == choices.end() ? nullptr : &*found;
}

void TunedSite::put(const TunedChoice& choice) {
  std::vector<TunedChoice> kept;
  for (TunedChoice& old : choices) {
    const bool apart = old.collective != choice.collective || old.most_bytes < choice.least_bytes ||
                       choice.most_bytes < old.least_bytes;
    // What is left of it may stand where it was measured.
    if (!apart && old.measured_bytes >= choice.least_bytes && old.measured_bytes <= choice.most_bytes) continue;
    if (!apart && old.measured_bytes < choice.least_bytes) old.most_bytes = choice.least_bytes - 1;
    if (!apart && old.measured_bytes > choice.most_bytes) old.least_bytes = choice.most_bytes + 1;
    kept.push_back(std::move(old));
  }
  kept.push_back(choice);
  std::sort(kept.begin(), kept.end(), [](const TunedChoice& a, const TunedChoice& b) {
    return std::pair(a.collective, a.least_bytes) < std::pair(b.collective, b.least_bytes);
  });
  choices = std::move(kept);
}

const TunedSite* TuningTable::find(std::string_view fingerprint) const {
  const auto found = std::find_if(sites.begin(), sites.end(),
                                  [&](const TunedSite& one) { return one.site.fingerprint == fingerprint; });
  return found == sites.end() ? nullptr : &*found;
}

TunedSite& TuningTable::at(const Site& site) {
  for (TunedSite& one : sites) {
    if (one.site.fingerprint == site.fingerprint) return one;
  }
  return sites.emplace_back(TunedSite{site, {}, {}});
}

std::vector<SizeRange> ranges_of(const std::vector<std::uint64_t>& sizes) {
  std::vector<SizeRange> ranges;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::uint64_t least = i == 0 ? sizes[i] : ranges.back().most + 1;
    std::uint64_t most = sizes[i];
    if (i + 1 < sizes.size()) {
      const double middle = std::sqrt(static_cast<double>(sizes[i]) * static_cast<double>(sizes[i + 1]));
      most = std::clamp(static_cast<std::uint64_t>(middle), sizes[i], sizes[i + 1] - 1);
    }
    ranges.push_back({least, most});
  }
  return ranges;
}

}  // namespace tutti::plan
