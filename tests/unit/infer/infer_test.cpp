// Levels are found again in clusters that are made up: with noise, ragged groups, scattered ranks and missing pairs.
#include <algorithm>

#include "topology/fabric/described.hpp"
#include "topology/infer/description.hpp"
#include "unit/infer/cluster.hpp"

namespace tutti::topology {
namespace {

Partition blocks(std::int32_t ranks, std::int32_t size) {
  return grouped(ranks, [size](std::int32_t rank) { return rank / size; });
}

std::vector<std::int32_t> nodes_of(std::int32_t ranks, std::int32_t size) {
  std::vector<std::int32_t> nodes;
  for (std::int32_t rank = 0; rank < ranks; ++rank) nodes.push_back(rank / size);
  return nodes;
}

// Nodes of 8, leaves of 8 nodes, all joined by a spine: as InfiniBand does, latency alone tells leaves apart.
Cluster leaf_spine(std::int32_t ranks, double noise) {
  return {{{blocks(ranks, 8), 0.5, 200}, {blocks(ranks, 64), 1.5, 50}, {Partition::whole(ranks), 2.5, 50}}, noise};
}

TEST(Inference, FindsLeavesByLatencyThroughNoise) {
  for (const double noise : {0.0, 0.02, 0.05}) {
    for (const unsigned seed : {1U, 2U, 3U}) {
      const auto found = survey(leaf_spine(512, noise), nodes_of(512, 8), seed).inferred;
      ASSERT_EQ(found.levels.size(), 3U) << noise;
      EXPECT_EQ(found.node_levels, 1U);
      EXPECT_EQ(found.levels[0].groups, blocks(512, 8));
      EXPECT_EQ(found.levels[0].by, ToldApart::reported);
      EXPECT_EQ(found.levels[1].groups, blocks(512, 64));
      EXPECT_EQ(found.levels[1].by, ToldApart::latency);
      EXPECT_GT(found.levels[1].sure(), 0.9) << noise;
      EXPECT_NEAR(found.levels[1].latency_us, 1.5, 0.1);
      EXPECT_NEAR(found.levels[2].latency_us, 2.5, 0.2);
    }
  }
}

TEST(Inference, FindsNodesThatNobodyReports) {
  const auto found = survey(leaf_spine(256, 0.03)).inferred;
  ASSERT_EQ(found.levels.size(), 3U);
  EXPECT_EQ(found.levels[0].groups, blocks(256, 8));
  EXPECT_EQ(found.levels[1].groups, blocks(256, 64));
  EXPECT_EQ(found.node_levels, 0U);
}

TEST(Inference, TellsLevelsApartByBandwidthWhereLatencyIsTheSame) {
  const Cluster tapered{{{blocks(64, 16), 10, 10}, {Partition::whole(64), 10, 2}}, 0.05};
  const auto found = survey(tapered).inferred;
  ASSERT_EQ(found.levels.size(), 2U);
  EXPECT_EQ(found.levels[0].groups, blocks(64, 16));
  EXPECT_EQ(found.levels[0].by, ToldApart::bandwidth);
}

TEST(Inference, TakesGroupsOfDifferentSizes) {
  const auto ragged = grouped(40, [](std::int32_t rank) { return rank < 3 ? 0 : rank < 20 ? 1 : rank < 27 ? 2 : 3; });
  const auto found = survey({{{ragged, 1, 20}, {Partition::whole(40), 5, 5}}, 0.05}).inferred;
  ASSERT_EQ(found.levels.size(), 2U);
  EXPECT_EQ(found.levels[0].groups, ragged);
}

TEST(Inference, FindsGroupsWhoseRanksAreScattered) {
  const auto dealt = grouped(48, [](std::int32_t rank) { return rank % 3; });
  const auto found = survey({{{dealt, 1, 20}, {Partition::whole(48), 5, 5}}, 0.03}).inferred;
  ASSERT_EQ(found.levels.size(), 2U);
  EXPECT_EQ(found.levels[0].groups, dealt);
}

TEST(Inference, SeesNoLevelWhereAllPairsAreAlike) {
  for (const unsigned seed : {1U, 2U, 3U, 4U}) {
    const auto found = survey({{{Partition::whole(32), 5, 5}}, 0.1}, {}, seed).inferred;
    EXPECT_EQ(found.levels.size(), 1U) << seed;
    EXPECT_EQ(found.levels.back().sure(), 1);
  }
}

TEST(Inference, BelievesNodesMoreThanMeasurements) {
  // Ranks 0-3 and 4-7 report to be nodes, and the pairs of 0-1-4-5 are the fastest.
  const auto odd = grouped(8, [](std::int32_t rank) { return rank % 4 / 2; });
  const auto found = survey({{{odd, 1, 50}, {Partition::whole(8), 5, 5}}, 0}, nodes_of(8, 4)).inferred;
  ASSERT_EQ(found.levels.size(), 2U);
  EXPECT_EQ(found.levels[0].groups, blocks(8, 4));
  ASSERT_FALSE(found.remarks.empty());
  EXPECT_NE(found.remarks[0].find("contradicts"), std::string::npos) << found.remarks[0];
}

TEST(Inference, OfOneNodeFindsThePartsInside) {
  const Cluster sockets{{{blocks(16, 8), 0.2, 20}, {Partition::whole(16), 0.6, 8}}, 0.02};
  auto found = survey(sockets, std::vector<std::int32_t>(16, 0)).inferred;
  ASSERT_EQ(found.levels.size(), 2U);
  EXPECT_EQ(found.node_levels, 2U);
  EXPECT_EQ(names_of(found), (std::vector<std::string>{"inner", "node"}));
}

TEST(Inference, GoesOnWithoutSomeOfThePairs) {
  std::mt19937 random(7);
  auto measurement = survey(leaf_spine(512, 0.03), nodes_of(512, 8)).measurement;
  std::erase_if(measurement.probes, [&](const Probe&) { return random() % 10 < 3; });
  const auto found = infer_levels(measurement);
  ASSERT_TRUE(found) << found.error().text;
  ASSERT_EQ(found->levels.size(), 3U);
  EXPECT_EQ(found->levels[1].groups, blocks(512, 64));
}

TEST(Inference, IsLessSureOfFewPairsAndOfPairsThatDisagree) {
  const auto few = survey({{{blocks(4, 2), 1, 10}, {Partition::whole(4), 10, 1}}, 0}).inferred;
  const auto many = survey({{{blocks(64, 16), 1, 10}, {Partition::whole(64), 10, 1}}, 0}).inferred;
  EXPECT_LT(few.levels[0].sure(), many.levels[0].sure());
  EXPECT_GT(few.levels[0].sure(), 0.5);
  auto chained = survey({{{blocks(64, 16), 1, 10}, {Partition::whole(64), 10, 1}}, 0}).measurement;
  std::size_t spoilt = 0;
  for (Probe& probe : chained.probes) {  // a third of the pairs inside are slow today, and no group falls apart
    if (probe.one / 16 == probe.other / 16 && ++spoilt % 3 == 0) probe.latency_us = {11, 11};
  }
  const auto found = infer_levels(chained);
  ASSERT_TRUE(found);
  EXPECT_LT(found->levels[0].sure() - 0.4, many.levels[0].sure());
}

TEST(Inference, RefusesWhatIsNoMeasurement) {
  const Probe good{0, 1, {1, 1}, {1, 1}, 0};
  const auto error = [&](Measurement measurement) {
    const auto found = infer_levels(measurement);
    return found ? std::string() : found.error().text;
  };
  EXPECT_NE(error({3, {}, {good}}).find("between rank 0 and rank 2"), std::string::npos);
  EXPECT_NE(error({2, {}, {{0, 2, {1, 1}, {1, 1}, 0}}}).find("there are 0 to 1"), std::string::npos);
  EXPECT_NE(error({2, {}, {{0, 0, {1, 1}, {1, 1}, 0}}}).find("ranks 0 and 0"), std::string::npos);
  EXPECT_NE(error({2, {}, {{0, 1, {1, 0}, {1, 1}, 0}}}).find("above 0"), std::string::npos);
  EXPECT_NE(error({2, {}, {{0, 1, {1, 1}, {1, std::nan("")}, 0}}}).find("above 0"), std::string::npos);
  EXPECT_NE(error({2, {0}, {good}}).find("nodes of 1 ranks"), std::string::npos);
  EXPECT_NE(error({0, {}, {}}), "");
}

TEST(Settling, JoinsLevelsThatAloneShowNoDifference) {
  auto found = survey(leaf_spine(128, 0), nodes_of(128, 8)).inferred;
  ASSERT_EQ(found.levels.size(), 3U);
  std::mt19937 random(1);
  const Cluster alone{{{blocks(128, 8), 0.5, 200}, {Partition::whole(128), 1.5, 50}}, 0};
  std::vector<Probe> probes;
  for (const Pair& pair : sample_pairs(found, 8)) probes.push_back(alone.probe(pair, random));
  settle(found, probes);
  ASSERT_EQ(found.levels.size(), 2U);
  EXPECT_EQ(found.node_levels, 1U);
  EXPECT_DOUBLE_EQ(found.levels[1].latency_us, 1.5);
  EXPECT_NE(found.remarks.back().find("alone"), std::string::npos);
}

TEST(Description, IsAFabricWhoseNumbersAreMeasured) {
  auto found = survey(leaf_spine(128, 0), nodes_of(128, 8)).inferred;
  found.levels[2].loaded_GBps = 12.5;
  const auto written = write_description(describe(found, {}, "a test"));
  const auto read = read_description(written);
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->ranks(), 128);
  EXPECT_EQ(read->nodes(), 16);
  ASSERT_EQ(read->levels.size(), 3U);
  EXPECT_EQ(read->levels[1].name, "leaf");
  EXPECT_EQ(read->levels[1].arity.value, 8);
  EXPECT_EQ(read->levels[1].latency_us.provenance, Provenance::measured);
  EXPECT_DOUBLE_EQ(read->levels[1].latency_us.value, 1.5);
  EXPECT_DOUBLE_EQ(read->levels[2].oversubscription.value, 4);
  EXPECT_EQ(read->copy_GBps.provenance, Provenance::assumed);
  EXPECT_TRUE(fabric_of(*read));
}

TEST(Description, PlacesScatteredRanksAndNamesHosts) {
  const auto dealt = grouped(8, [](std::int32_t rank) { return rank % 2; });
  const Cluster cluster{{{dealt, 1, 20}, {Partition::whole(8), 5, 5}}, 0};
  auto nodes = survey(cluster, {0, 1, 0, 1, 0, 1, 0, 1}).inferred;
  const auto description = describe(nodes, {"a", "b"}, "a test");
  EXPECT_EQ(description.placement, (std::vector<std::int32_t>{0, 2, 4, 6, 1, 3, 5, 7}));
  EXPECT_EQ(description.hosts, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(check(description));
  EXPECT_TRUE(describe(nodes, {"same", "same"}, "a test").hosts.empty());
  EXPECT_TRUE(nodes.remarks.empty()) << "the nodes come in their order";
}

TEST(Description, SaysWhenOnlyNamesCouldKeepTheOrderOfNodes) {
  const auto dealt = grouped(8, [](std::int32_t rank) { return rank % 2; });  // leaves of nodes of one rank
  auto found = survey({{{dealt, 1, 20}, {Partition::whole(8), 5, 5}}, 0}, {0, 1, 2, 3, 4, 5, 6, 7}).inferred;
  EXPECT_TRUE(describe(found, {}, "a test").hosts.empty());
  ASSERT_FALSE(found.remarks.empty());
  EXPECT_NE(found.remarks.back().find("names of their own"), std::string::npos);
}

}  // namespace
}  // namespace tutti::topology
