#include "topology/infer/pairs.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <numeric>
#include <set>

namespace tutti::topology {
namespace {

Pair ordered(std::int32_t one, std::int32_t other) {
  return {std::min(one, other), std::max(one, other)};
}

std::size_t log2_of(std::size_t count) {
  return count < 2 ? 1 : static_cast<std::size_t>(std::bit_width(count - 1));
}

std::size_t all_pairs(std::size_t count) {
  return count * (count - 1) / 2;
}

// The same numbers every time: which pairs are measured depends on nothing but the job's shape (xorshift64).
class Dice {
 public:
  std::size_t below(std::size_t bound) {
    state_ ^= state_ << 13U;
    state_ ^= state_ >> 7U;
    state_ ^= state_ << 17U;
    return static_cast<std::size_t>(state_ % bound);
  }

 private:
  std::uint64_t state_ = 0x9e3779b97f4a7c15U;
};

// Each with those 1, 2, 4, ... places further, and with as many by chance.
void connect(const std::vector<std::int32_t>& order, Dice& dice, std::set<Pair>& pairs) {
  const std::size_t count = order.size();
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t step = 1; step < count; step *= 2) {
      if (i + step < count) pairs.insert(ordered(order[i], order[i + step]));
      if (const std::size_t other = dice.below(count); other != i) pairs.insert(ordered(order[i], order[other]));
    }
  }
}

}  // namespace

std::size_t pair_budget(std::int32_t ranks) {
  const auto count = static_cast<std::size_t>(ranks);
  return std::min(all_pairs(count), 4 * count * log2_of(count));
}

std::vector<Pair> first_pairs(std::int32_t ranks, const std::vector<std::int32_t>& node_of) {
  const auto count = static_cast<std::size_t>(ranks);
  std::vector<std::int32_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::set<Pair> pairs;
  if (all_pairs(count) <= 2 * count * log2_of(count)) {
    for (const std::int32_t one : order) {
      for (std::int32_t other = one + 1; other < ranks; ++other) pairs.emplace(one, other);
    }
  } else {
    if (!node_of.empty()) {
      std::ranges::stable_sort(order, {}, [&](std::int32_t rank) { return node_of[static_cast<std::size_t>(rank)]; });
    }
    Dice dice;
    connect(order, dice, pairs);
  }
  return {pairs.begin(), pairs.end()};
}

std::vector<Pair> more_pairs(const Inferred& inferred, const std::vector<Probe>& measured, std::size_t most) {
  std::set<Pair> known;
  for (const Probe& probe : measured) known.insert(ordered(probe.one, probe.other));
  std::set<Pair> wanted;
  Dice dice;
  for (std::size_t level = 0; level + 1 < inferred.levels.size(); ++level) {
    if (inferred.levels[level].by == ToldApart::reported) continue;
    std::map<std::int32_t, std::vector<std::int32_t>> first_of_groups;  // by the group above
    const Partition& above = inferred.levels[level + 1].groups;
    for (const auto& members : inferred.levels[level].groups.members()) {
      // Not always the same one: another's pair may be known already.
      first_of_groups[above.group_of(members.front())].push_back(members[dice.below(members.size())]);
    }
    for (const auto& [group, firsts] : first_of_groups) connect(firsts, dice, wanted);
  }
  std::vector<Pair> pairs;
  std::ranges::set_difference(wanted, known, std::back_inserter(pairs));
  if (pairs.size() > most) pairs.resize(most);
  return pairs;
}

std::vector<Pair> sample_pairs(const Inferred& inferred, std::size_t of_each_level) {
  std::set<Pair> pairs;
  for (std::size_t level = 0; level < inferred.levels.size(); ++level) {
    const auto groups = inferred.levels[level].groups.members();
    std::vector<Pair> of_level;
    for (const auto& members : groups) {
      for (const std::int32_t other : members) {  // the group's first rank with the first of each other unit
        const std::int32_t first = members.front();
        if (other == first) continue;
        if (level > 0) {
          const Partition& units = inferred.levels[level - 1].groups;
          if (units.together(first, other)) continue;
        }
        of_level.push_back(ordered(first, other));
      }
    }
    const std::size_t step = std::max<std::size_t>(1, of_level.size() / of_each_level);
    for (std::size_t i = 0, taken = 0; i < of_level.size() && taken < of_each_level; i += step, ++taken)
      pairs.insert(of_level[i]);
  }
  return {pairs.begin(), pairs.end()};
}

std::vector<Pair> load_pairs(const Inferred& inferred, std::size_t level) {
  std::vector<Pair> pairs;
  if (level == 0) return pairs;
  const auto units = inferred.levels[level - 1].groups.members();
  std::map<std::int32_t, const std::vector<std::int32_t>*> waiting;  // the unit without a partner, by group
  bool has_room = false;
  for (const auto& unit : units) {
    has_room = has_room || unit.size() > 1;
    auto& partner = waiting[inferred.levels[level].groups.group_of(unit.front())];
    if (partner == nullptr) {
      partner = &unit;
      continue;
    }
    for (std::size_t i = 0; i < std::min(partner->size(), unit.size()); ++i)
      pairs.push_back(ordered((*partner)[i], unit[i]));
    partner = nullptr;
  }
  if (!has_room) pairs.clear();
  return pairs;
}

std::vector<std::vector<Pair>> waves_of(const std::vector<Pair>& pairs, const std::vector<std::int32_t>& node_of) {
  std::vector<std::vector<Pair>> waves;
  std::map<std::int32_t, std::vector<bool>> busy;  // by node and wave
  const auto node = [&](std::int32_t rank) { return node_of.empty() ? rank : node_of[static_cast<std::size_t>(rank)]; };
  for (const Pair& pair : pairs) {
    auto& one = busy[node(pair.first)];
    auto& other = busy[node(pair.second)];
    std::size_t wave = 0;
    const auto is_busy = [&](const std::vector<bool>& waves_of_node) {
      return wave < waves_of_node.size() && waves_of_node[wave];
    };
    while (is_busy(one) || is_busy(other)) ++wave;
    for (auto* const each : {&one, &other}) {
      each->resize(std::max(each->size(), wave + 1));
      (*each)[wave] = true;
    }
    waves.resize(std::max(waves.size(), wave + 1));
    waves[wave].push_back(pair);
  }
  return waves;
}

}  // namespace tutti::topology
