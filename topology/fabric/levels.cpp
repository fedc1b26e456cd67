#include "topology/fabric/levels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>

#include "base/bytes.hpp"

namespace tutti::topology {
namespace {

Error wrong(std::string text) {
  return {Code::invalid_argument, std::move(text)};
}

// Runs next to each other that are alike become one.
std::vector<GroupRun> joined(const std::vector<GroupRun>& runs) {
  std::vector<GroupRun> all;
  for (const GroupRun& run : runs) {
    if (run.groups == 0) continue;
    if (!all.empty() && all.back().size == run.size) {
      all.back().groups += run.groups;
    } else {
      all.push_back(run);
    }
  }
  return all;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// How many units the runs hold together; nothing if there are too many or a run makes no sense.
std::optional<std::int64_t> units_in(const std::vector<GroupRun>& runs) {
  std::int64_t units = 0;
  for (const GroupRun& run : runs) {
    if (run.groups < 0 || run.size <= 0) return std::nullopt;
    units += std::int64_t{run.groups} * run.size;
    if (units > Levels::kMostRanks) return std::nullopt;
  }
  return units;
}

std::int32_t groups_in(const std::vector<GroupRun>& runs) {
  return std::accumulate(runs.begin(), runs.end(), std::int32_t{0},
                         [](std::int32_t sum, const GroupRun& run) { return sum + run.groups; });
}

bool groups_nothing(const std::vector<GroupRun>& runs) {
  return std::all_of(runs.begin(), runs.end(), [](const GroupRun& run) { return run.size == 1; });
}

Result<std::vector<std::int32_t>> inverse_of(const std::vector<std::int32_t>& rank_at, std::int64_t ranks) {
  if (rank_at.empty()) return std::vector<std::int32_t>{};
  if (static_cast<std::int64_t>(rank_at.size()) != ranks) return wrong("levels: positions and ranks differ in number");
  std::vector<std::int32_t> position_of(rank_at.size(), -1);
  for (std::size_t position = 0; position < rank_at.size(); ++position) {
    const std::int32_t rank = rank_at[position];
    if (rank < 0 || rank >= ranks || position_of[static_cast<std::size_t>(rank)] >= 0)
      return wrong(fmt::format("levels: rank {} is missing or doubled", rank));
    position_of[static_cast<std::size_t>(rank)] = static_cast<std::int32_t>(position);
  }
  return position_of;
}

}  // namespace

Levels Levels::flat(std::int32_t ranks) {
  Levels levels(Unmade{});
  levels.ranks_ = ranks;
  levels.levels_.push_back(make_level({{1, ranks}}));
  return levels;
}

Result<Levels> Levels::regular(std::span<const std::int32_t> sizes) {
  std::vector<std::vector<GroupRun>> runs;
  std::int64_t groups = 1;
  for (auto size = sizes.rbegin(); size != sizes.rend(); ++size) {
    if (*size <= 0) return wrong(fmt::format("levels: a group of {} makes no sense", *size));
    runs.push_back({{static_cast<std::int32_t>(groups), *size}});
    groups *= *size;
    if (groups > kMostRanks) return wrong(fmt::format("levels: more than {} ranks", kMostRanks));
  }
  std::reverse(runs.begin(), runs.end());
  return from_runs(std::move(runs));
}

Levels::Level Levels::make_level(const std::vector<GroupRun>& runs) {
  Level level;
  level.least = kMostRanks;
  std::int32_t unit = 0;
  for (const GroupRun& run : runs) {
    level.runs.push_back({level.groups, unit, run});
    level.groups += run.groups;
    unit += run.groups * run.size;
    level.width = std::max(level.width, run.size);
    level.least = std::min(level.least, run.size);
  }
  return level;
}

Result<Levels> Levels::from_runs(std::vector<std::vector<GroupRun>> levels, std::vector<std::int32_t> rank_at) {
  if (levels.empty()) return wrong("levels: there are none");
  const auto ranks = units_in(levels.front());
  if (!ranks || *ranks == 0) return wrong(fmt::format("levels: 1 to {} ranks are possible", kMostRanks));
  Levels made(Unmade{});
  made.ranks_ = static_cast<std::int32_t>(*ranks);
  std::int64_t units = *ranks;
  for (auto& runs : levels) {
    runs = joined(runs);
    const auto held = units_in(runs);
    if (!held || *held != units)
      return wrong(fmt::format("levels: groups of {} units where there are {}", held.value_or(-1), units));
    if (groups_nothing(runs)) continue;
    units = groups_in(runs);
    made.levels_.push_back(make_level(runs));
    made.regular_ = made.regular_ && runs.size() == 1;
  }
  if (units > 1 || made.levels_.empty()) made.levels_.push_back(make_level({{1, static_cast<std::int32_t>(units)}}));
  if (made.depth() > kMost) return wrong(fmt::format("levels: {} of them, where {} are possible", made.depth(), kMost));
  const bool sorted = std::is_sorted(rank_at.begin(), rank_at.end());
  made.position_of_ = TUTTI_TRY(inverse_of(rank_at, *ranks));
  if (sorted) {
    made.position_of_.clear();
  } else {
    made.rank_at_ = std::move(rank_at);
  }
  return made;
}

Levels Levels::of(const Layout& layout) {
  if (layout.nodes() <= 1) return flat(std::max(1, layout.ranks()));
  std::vector<std::vector<std::int32_t>> members(static_cast<std::size_t>(layout.nodes()));
  for (const NodeRun& run : layout.runs()) {
    for (std::int32_t i = 0; i < run.count; ++i) members[static_cast<std::size_t>(run.node)].push_back(run.first + i);
  }
  std::vector<GroupRun> nodes;
  std::vector<std::int32_t> rank_at;
  for (const auto& node : members) {
    nodes.push_back({1, static_cast<std::int32_t>(node.size())});
    rank_at.insert(rank_at.end(), node.begin(), node.end());
  }
  return *from_runs({nodes}, std::move(rank_at));
}

Result<Levels> Levels::parse(std::string_view text) {
  std::vector<std::vector<GroupRun>> levels;
  bool sizes_only = true;
  for (const std::string_view level : split(text, 'x')) {
    std::vector<GroupRun> runs;
    for (const std::string_view part : split(level, '+')) {
      const auto star = part.find('*');
      GroupRun run{1, 0};
      if (star != std::string_view::npos)
        run.groups = static_cast<std::int32_t>(TUTTI_TRY(parse_integer(part.substr(star + 1), 1, kMostRanks)));
      run.size = static_cast<std::int32_t>(TUTTI_TRY(parse_integer(part.substr(0, star), 1, kMostRanks)));
      sizes_only = sizes_only && star == std::string_view::npos;
      runs.push_back(run);
    }
    sizes_only = sizes_only && runs.size() == 1;
    levels.push_back(std::move(runs));
  }
  if (!sizes_only) return from_runs(std::move(levels));
  std::vector<std::int32_t> sizes;
  for (const auto& runs : levels) sizes.push_back(runs.front().size);
  return regular(sizes);
}

Levels Levels::coarsened(std::uint32_t kept) const {
  std::vector<std::vector<GroupRun>> levels;
  int below = -1;  // the level whose groups are the units of the next one
  for (int level = 0; level < depth(); ++level) {
    const bool outermost = level == depth() - 1;
    if (!outermost && ((kept >> level) & 1U) == 0) continue;
    std::vector<GroupRun> runs;
    if (regular_) {
      runs.push_back({groups(level), units(below + 1) / groups(level)});
    } else {
      for (std::int32_t number = 0; number < groups(level); ++number) {
        std::int32_t first = group(level, number).first;
        std::int32_t end = first + group(level, number).size;
        for (int inner = level - 1; inner > below; --inner) {
          first = group(inner, first).first;
          end = end >= groups(inner) ? units(inner) : group(inner, end).first;
        }
        runs.push_back({1, end - first});
      }
    }
    levels.push_back(std::move(runs));
    below = level;
  }
  auto made = from_runs(std::move(levels), rank_at_);
  return made ? *made : *this;
}

Rank Levels::rank_at(std::int32_t position) const {
  return Rank{rank_at_.empty() ? position : rank_at_[static_cast<std::size_t>(position)]};
}

std::int32_t Levels::position_of(Rank rank) const {
  return position_of_.empty() ? index(rank) : position_of_[static_cast<std::size_t>(index(rank))];
}

std::vector<GroupRun> Levels::runs(int level) const {
  std::vector<GroupRun> all;
  for (const Run& run : levels_[static_cast<std::size_t>(level)].runs) all.push_back(run.run);
  return all;
}

Levels::Group Levels::group_in(const Run& run, std::int32_t number) const {
  return {number, run.first_unit + (number - run.first_group) * run.run.size, run.run.size};
}

Levels::Group Levels::group(int level, std::int32_t number) const {
  const auto& runs = levels_[static_cast<std::size_t>(level)].runs;
  if (runs.size() == 1) return group_in(runs.front(), number);
  const auto after = std::upper_bound(runs.begin(), runs.end(), number,
                                      [](std::int32_t value, const Run& run) { return value < run.first_group; });
  return group_in(*std::prev(after), number);
}

Levels::Group Levels::group_of_unit(int level, std::int32_t unit) const {
  const auto& runs = levels_[static_cast<std::size_t>(level)].runs;
  const auto after = runs.size() == 1
                         ? runs.end()
                         : std::upper_bound(runs.begin(), runs.end(), unit,
                                            [](std::int32_t value, const Run& run) { return value < run.first_unit; });
  const Run& run = *std::prev(after);
  return group_in(run, run.first_group + (unit - run.first_unit) / run.run.size);
}

std::int32_t Levels::first_position(int level, std::int32_t number) const {
  if (number >= groups(level)) return ranks_;
  std::int32_t unit = number;
  for (int at = level; at >= 0; --at) unit = group(at, unit).first;
  return unit;
}

std::string Levels::describe() const {
  std::string text;
  for (int level = 0; level < depth(); ++level) {
    const auto all = runs(level);
    if (level > 0) text += " x ";
    if (all.size() == 1) {
      text += fmt::format("{}", all.front().size);
      continue;
    }
    text += "(";
    for (std::size_t i = 0; i < all.size() && i < 8; ++i) {
      text += i == 0 ? "" : " ";
      text += all[i].groups == 1 ? fmt::format("{}", all[i].size) : fmt::format("{}*{}", all[i].groups, all[i].size);
    }
    text += all.size() > 8 ? " ...)" : ")";
  }
  return text;
}

std::size_t Levels::bytes() const {
  std::size_t bytes = sizeof(Levels) + (rank_at_.size() + position_of_.size()) * sizeof(std::int32_t);
  for (const Level& level : levels_) bytes += sizeof(Level) + level.runs.size() * sizeof(Run);
  return bytes;
}

}  // namespace tutti::topology
