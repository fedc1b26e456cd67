// Which pairs are measured: few, enough to connect all, and not two at once on a node.
#include <algorithm>
#include <set>

#include "unit/infer/cluster.hpp"

namespace tutti::topology {
namespace {

std::vector<std::int32_t> nodes_of(std::int32_t ranks, std::int32_t size) {
  std::vector<std::int32_t> nodes;
  for (std::int32_t rank = 0; rank < ranks; ++rank) nodes.push_back(rank / size);
  return nodes;
}

TEST(FirstPairs, AreAllOfASmallJobAndFewOfALargeOne) {
  EXPECT_TRUE(first_pairs(1, {}).empty());
  EXPECT_EQ(first_pairs(4, {}).size(), 6U);
  for (const std::int32_t ranks : {100, 1000, 4096}) {
    const auto pairs = first_pairs(ranks, nodes_of(ranks, 8));
    EXPECT_LE(pairs.size(), 2 * static_cast<std::size_t>(ranks) * 12);
    Merger merger(ranks);
    for (const Pair& pair : pairs) {
      EXPECT_LT(pair.first, pair.second);
      merger.merge(pair.first, pair.second);
    }
    EXPECT_EQ(merger.partition().groups(), 1) << ranks;
    EXPECT_EQ(std::set<Pair>(pairs.begin(), pairs.end()).size(), pairs.size());
  }
}

TEST(FirstPairs, JoinNeighboursOfANodeWhereverItsRanksAre) {
  std::vector<std::int32_t> dealt;
  for (std::int32_t rank = 0; rank < 300; ++rank) dealt.push_back(rank % 30);
  const auto pairs = first_pairs(300, dealt);
  Merger merger(300);
  for (const auto& [one, other] : pairs) {
    if (one % 30 == other % 30) merger.merge(one, other);
  }
  EXPECT_EQ(merger.partition().groups(), 30);
}

TEST(MorePairs, StayWithinTheBudget) {
  const auto leaves = grouped(1000, [](std::int32_t rank) { return rank * 7919 % 1000 / 10; });  // scattered tens
  const auto seen = survey({{{leaves, 1, 20}, {Partition::whole(1000), 5, 5}}, 0.02});
  EXPECT_LE(seen.measurement.probes.size(), pair_budget(1000));
  std::set<Pair> asked;
  for (const Probe& probe : seen.measurement.probes) EXPECT_TRUE(asked.emplace(probe.one, probe.other).second);
}

TEST(Waves, HoldEveryPairOnceAndEachNodeOnce) {
  const auto nodes = nodes_of(256, 8);
  const auto pairs = first_pairs(256, nodes);
  const auto waves = waves_of(pairs, nodes);
  std::multiset<Pair> all;
  for (const auto& wave : waves) {
    std::set<std::int32_t> busy;
    for (const Pair& pair : wave) {
      all.insert(pair);
      const auto one = nodes[static_cast<std::size_t>(pair.first)];
      const auto other = nodes[static_cast<std::size_t>(pair.second)];
      EXPECT_TRUE(busy.insert(one).second);
      EXPECT_TRUE(one == other || busy.insert(other).second);
    }
  }
  EXPECT_EQ(all, std::multiset<Pair>(pairs.begin(), pairs.end()));
  EXPECT_LE(waves.size(), 8U * 4 * 8) << "each node has 8 ranks with 4 log2 256 pairs at most";
}

TEST(LoadPairs, LetEveryRankSendOrReceiveOnceBetweenUnits) {
  const auto leaves = grouped(24, [](std::int32_t rank) { return rank / 8; });
  const auto found = survey({{{leaves, 1, 20}, {Partition::whole(24), 5, 5}}, 0}).inferred;
  EXPECT_TRUE(load_pairs(found, 0).empty());
  const auto pairs = load_pairs(found, 1);
  EXPECT_EQ(pairs.size(), 8U) << "the third leaf has no partner";
  std::set<std::int32_t> used;
  for (const auto& [one, other] : pairs) {
    EXPECT_FALSE(leaves.together(one, other));
    EXPECT_TRUE(used.insert(one).second && used.insert(other).second);
  }
}

TEST(SamplePairs, AreOfEveryLevelAndNotMany) {
  const auto leaves = grouped(640, [](std::int32_t rank) { return rank / 16; });
  const auto found = survey({{{leaves, 1, 20}, {Partition::whole(640), 5, 5}}, 0}, {}, 3).inferred;
  const auto pairs = sample_pairs(found, 8);
  const auto inside =
      std::ranges::count_if(pairs, [&](const Pair& pair) { return leaves.together(pair.first, pair.second); });
  EXPECT_EQ(inside, 8);
  EXPECT_EQ(pairs.size(), 16U);
}

}  // namespace
}  // namespace tutti::topology
