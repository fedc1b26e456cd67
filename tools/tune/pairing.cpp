#include "tools/tune/pairing.hpp"

#include <algorithm>

namespace tutti::tune {
namespace {

struct Unit {
  std::int32_t first = 0;  // position
  std::int32_t ranks = 0;
};

Unit unit_of(const topology::Levels& levels, int level, std::int32_t unit) {
  if (level == 0) return {unit, 1};
  const std::int32_t first = levels.first_position(level - 1, unit);
  return {first, levels.first_position(level - 1, unit + 1) - first};
}

}  // namespace

std::vector<Pair> all_pairs(const topology::Levels& levels, int level) {
  std::vector<Pair> pairs;
  for (std::int32_t number = 0; number < levels.groups(level); ++number) {
    const auto group = levels.group(level, number);
    for (std::int32_t i = 0; i + 1 < group.size; i += 2) {
      const Unit one = unit_of(levels, level, group.first + i);
      const Unit other = unit_of(levels, level, group.first + i + 1);
      for (std::int32_t k = 0; k < std::min(one.ranks, other.ranks); ++k)
        pairs.emplace_back(index(levels.rank_at(one.first + k)), index(levels.rank_at(other.first + k)));
    }
  }
  return pairs;
}

std::vector<Pair> one_pair(const topology::Levels& levels, int level) {
  auto pairs = all_pairs(levels, level);
  pairs.resize(std::min<std::size_t>(pairs.size(), 1));
  return pairs;
}

}  // namespace tutti::tune
