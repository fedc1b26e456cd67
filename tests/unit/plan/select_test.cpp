#include "plan/select/select.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "plan/way.hpp"

namespace tutti::plan {
namespace {

using topology::Fabric;
using topology::Layout;
using topology::Levels;
using topology::Links;

Fabric node_fabric(const Layout& layout) {
  Links links;
  links.cores = 128;
  return fabric_of(layout, links);
}

Fabric cluster(const char* levels) {
  return assumed_fabric(std::make_shared<const Levels>(*Levels::parse(levels)));
}

Selection choose(const Query& query, const Fabric& fabric, const char* forced = "") {
  auto selection = select(query, fabric, *ForcedAlgorithms::parse(forced));
  EXPECT_TRUE(selection) << (selection ? "" : selection.error().text);
  return *selection;
}

TEST(Select, NeverTakesAFlatRingAtScale) {
  for (const char* const levels : {"8x32x12x32", "256x384"}) {
    for (const std::uint64_t count : {2ULL, 1ULL << 10, 1ULL << 20, 1ULL << 28}) {
      const auto selection = choose({.collective = Collective::all_reduce, .count = count}, cluster(levels));
      EXPECT_GT(selection.plan.levels->depth(), 1);
      std::uint32_t rounds = 0;
      for (int level = 0; level < cluster(levels).levels->depth(); ++level)
        rounds += 2 * static_cast<std::uint32_t>(ceil_log2(cluster(levels).levels->width(level)));
      EXPECT_LE(rounds_of(selection.plan), rounds) << describe(selection.plan);
    }
  }
}

TEST(Select, ReachesTheCutBoundAtScale) {
  for (const char* const levels : {"8x32x12x32", "256x384", "512x192", "72x1365"}) {
    const auto selection = choose({.collective = Collective::all_reduce, .count = 1ULL << 28}, cluster(levels));
    EXPECT_GE(selection.bound.bandwidth_us / selection.cost.total_us, 0.95)
        << levels << ": " << describe(selection.plan) << " " << selection.cost.total_us;
    EXPECT_LE(selection.bound.bandwidth_us, selection.cost.total_us);
  }
}

// A tree's two halves, each with a message of one piece one way, take two exchanges' time.
TEST(Select, TakesNoTreeForAShortVectorOnTwoRanks) {
  const Fabric node = fabric_of(Layout::regular(1, 2), {.cores = 2});
  for (const std::uint64_t count : {256, 1024, 4096}) {
    const auto selection = choose({.collective = Collective::all_reduce, .count = count}, node);
    EXPECT_NE(describe(selection.plan), "binomial") << count;
    EXPECT_GT(choose({.collective = Collective::all_reduce, .count = count}, node, "all_reduce:binomial").cost.total_us,
              1.3 * selection.cost.total_us)
        << count;
  }
}

TEST(Select, TalksToNeighboursWhereOthersAreManyHopsAway) {
  Fabric torus = cluster("16");
  const Query query{.collective = Collective::all_reduce, .count = 1ULL << 24};
  const double at_one_hop = choose(query, torus, "all_reduce:circulant").cost.total_us;
  const double ring_at_one_hop = choose(query, torus, "all_reduce:ring").cost.total_us;
  torus.links.front().hops = 64.0 / 15;
  EXPECT_GT(choose(query, torus, "all_reduce:circulant").cost.total_us, 4 * at_one_hop);
  EXPECT_DOUBLE_EQ(choose(query, torus, "all_reduce:ring").cost.total_us, ring_at_one_hop);
  EXPECT_EQ(way_of(choose(query, torus).plan), "ring");
}

TEST(Select, NeverBeatsTheBound) {
  for (const Collective collective : kCollectives) {
    if (collective == Collective::barrier) continue;
    for (const char* const levels : {"8", "8x4", "3+5", "4x4x4", "256x16"}) {
      for (const std::uint64_t count : {1ULL, 1ULL << 12, 1ULL << 22}) {
        const auto selection = choose({.collective = collective, .count = count}, cluster(levels));
        EXPECT_GE(selection.cost.total_us, selection.bound.bandwidth_us * 0.999)
            << describe(selection.plan) << " " << count;
      }
    }
  }
}

TEST(Select, TakesFewRoundsForSmallMessagesAndFewBytesForLargeOnes) {
  const Fabric fabric = node_fabric(Layout::regular(1, 8));
  const auto small = choose({.collective = Collective::all_reduce, .count = 2}, fabric);
  const auto large = choose({.collective = Collective::all_reduce, .count = 1 << 24}, fabric);
  EXPECT_EQ(small.plan.stripes()[0].list[0].method->mode, Method::Mode::whole);
  EXPECT_EQ(large.plan.stripes()[0].list[0].method->mode, Method::Mode::split);
}

// What counts is how often a rank must let the others on its core run, and what all of them do together.
TEST(Select, TalksThroughOneRankWhereRanksShareCoresAndMessagesAreSmall) {
  const auto way = [](std::int32_t ranks, std::int32_t cores, Collective collective, std::uint64_t count) {
    const Layout layout = Layout::regular(1, ranks);
    return way_of(choose({.collective = collective, .count = count}, fabric_of(layout, {.cores = cores})).plan);
  };
  for (const std::int32_t ranks : {8, 16, 64}) {
    EXPECT_EQ(way(ranks, 2, Collective::all_reduce, 2), "linear") << ranks;
    EXPECT_EQ(way(ranks, 2, Collective::barrier, 0), "linear") << ranks;
    EXPECT_NE(way(ranks, 2, Collective::all_reduce, 1 << 22), "linear") << ranks;
    EXPECT_EQ(way(ranks, ranks, Collective::barrier, 0), "dissemination") << ranks;
    EXPECT_NE(way(ranks, ranks, Collective::all_reduce, 2), "linear") << ranks;
  }
}

// Where processors move the bytes, transfers overlap with nothing.
TEST(Select, CutsALargeVectorIntoSegmentsOrTilesWhereNicsMoveTheBytes) {
  Fabric fabric = cluster("8");
  fabric.reduce_GBps = 8;
  const Query query{.collective = Collective::all_reduce, .count = 1 << 24};
  const auto large = choose(query, fabric);
  const bool has_tiles =
      scratch_per_element(large.plan) * total_bytes(query, 8) > static_cast<double>(query.staging.value);
  EXPECT_TRUE(large.plan.segments > 1U || has_tiles) << describe(large.plan);
}

// That a root's core has little else to do does not make its wire faster.
TEST(Select, SendsALongVectorOverAWireOnceWhereNodesShareTheirCores) {
  Fabric fabric = cluster("2x4");
  fabric.crowd = 4;
  const auto selection = choose({.collective = Collective::broadcast, .count = 1ULL << 24}, fabric);
  const Tier& outer = selection.plan.stripes()[0].tiers().back();
  EXPECT_NE(outer.method->name, "linear") << describe(selection.plan);
  const auto linear = *parse_way("linear>linear", Collective::broadcast, fabric.levels);
  EXPECT_GT(predict(linear, 1 << 26, DataType::f32, fabric).total_us,
            2 * predict(selection.plan, 1 << 26, DataType::f32, fabric).total_us);
}

TEST(Select, KeepsPartnersBetweenNodesWhereThatIsAsGood) {
  const auto selection = choose({.collective = Collective::all_reduce, .count = 1ULL << 24}, cluster("2x4"));
  const Tier& outer = selection.plan.stripes()[0].tiers()[1];
  EXPECT_TRUE(outer.method->down->volume(4, 2).neighbours) << describe(selection.plan);
}

TEST(Select, SplitsTheDataOverBothOrdersWhereTheInnerLevelIsTheBottleneck) {
  const auto selection = choose({.collective = Collective::all_reduce, .count = 1ULL << 28}, cluster("256x384"));
  EXPECT_EQ(selection.plan.stripes().size(), 2U) << describe(selection.plan);
}

TEST(Select, KeepsToRestrictions) {
  const auto ordered = choose({.collective = Collective::all_reduce, .count = 1 << 20, .commutative = false},
                              node_fabric(Layout::regular(1, 6)));
  EXPECT_FALSE(ordered.plan.stripes()[0].list[0].method->down->commutative);
  for (const std::uint64_t count : {1ULL, 1ULL << 24}) {
    const auto same_bits = choose({.collective = Collective::all_reduce, .count = count, .deterministic = true},
                                  node_fabric(Layout::regular(2, 3)));
    EXPECT_TRUE(same_bits.plan.stripes()[0].list[0].method->down->rank_order);
    EXPECT_EQ(same_bits.plan.levels->depth(), 1);
  }
}

TEST(Select, SomeAlgorithmServesEveryCall) {
  for (const Collective collective : kCollectives) {
    for (const bool commutative : {false, true}) {
      for (const bool deterministic : {false, true}) {
        for (std::int32_t ranks = 1; ranks < 9; ++ranks) {
          for (const bool spread : {false, true}) {
            const auto selection = choose(
                {.collective = collective, .count = 100, .commutative = commutative, .deterministic = deterministic},
                node_fabric(spread ? Layout::regular(ranks, 2) : Layout::regular(1, ranks)));
            EXPECT_TRUE(selection.candidates.front().refused.empty());
            EXPECT_EQ(refusal(selection.plan), "");
          }
        }
      }
    }
  }
}

TEST(Select, ServesBlocksWhoseLengthsOnlySomeKnow) {
  for (const Collective collective : {Collective::gather, Collective::scatter, Collective::all_to_all}) {
    const auto selection =
        choose({.collective = collective, .count = 100, .own_lengths_only = true}, node_fabric(Layout::regular(3, 5)));
    EXPECT_EQ(selection.plan.levels->depth(), 1) << describe(selection.plan);
  }
}

TEST(Select, ObeysForceAndSegments) {
  const auto selection = choose({.collective = Collective::all_reduce, .count = 1}, node_fabric(Layout::regular(1, 4)),
                                "all_reduce:ring/8");
  EXPECT_EQ(way_of(selection.plan), "ring");
  EXPECT_EQ(selection.plan.segments, 8U);
  const auto composed = choose({.collective = Collective::all_reduce, .count = 1}, node_fabric(Layout::regular(3, 4)),
                               "all_reduce:two_shot>ring/2");
  EXPECT_EQ(way_of(composed.plan), "two_shot>ring");
}

TEST(Select, SaysWhyAForcedAlgorithmCannotBeUsed) {
  const auto forced = *ForcedAlgorithms::parse("reduce_scatter:recursive_halving");
  const auto selection =
      select({.collective = Collective::reduce_scatter, .count = 1}, node_fabric(Layout::regular(1, 6)), forced);
  ASSERT_FALSE(selection);
  EXPECT_NE(selection.error().text.find("power of two"), std::string::npos) << selection.error().text;
}

TEST(ForcedAlgorithms, NamesWhatExists) {
  for (const char* text :
       {"all_reduce:rong", "rong", "all_redoce:ring", "all_reduce:ring/0", "all_reduce:ring/x", "all_reduce:"}) {
    EXPECT_FALSE(ForcedAlgorithms::parse(text)) << text;
  }
  EXPECT_NE(ForcedAlgorithms::parse("all_reduce:rong").error().text.find("circulant"), std::string::npos);
  const auto everywhere = *ForcedAlgorithms::parse("ring");
  EXPECT_NE(everywhere.of(Collective::all_gather), nullptr);
  EXPECT_EQ(everywhere.of(Collective::broadcast), nullptr);
}

}  // namespace
}  // namespace tutti::plan
