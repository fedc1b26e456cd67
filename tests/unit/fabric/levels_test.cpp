#include "topology/fabric/levels.hpp"

#include <gtest/gtest.h>

#include "topology/fabric/fabric.hpp"

namespace tutti::topology {
namespace {

TEST(Levels, CountGroupsAndUnitsOfEveryLevel) {
  const auto levels = *Levels::parse("8x32x12x32");
  EXPECT_EQ(levels.ranks(), 98304);
  EXPECT_EQ(levels.depth(), 4);
  EXPECT_TRUE(levels.regular());
  EXPECT_EQ(levels.groups(0), 12288);
  EXPECT_EQ(levels.groups(3), 1);
  EXPECT_EQ(levels.units(1), 12288);
  EXPECT_EQ(levels.group_of_unit(0, 8 * 100 + 3).number, 100);
  EXPECT_EQ(levels.group(1, 5).first, 160);
  EXPECT_EQ(levels.first_position(1, 5), 5 * 256);
  EXPECT_EQ(levels.first_position(1, 384), 98304);
  EXPECT_LT(levels.bytes(), 1024U);
}

TEST(Levels, MayBeRagged) {
  const auto levels = *Levels::parse("3+5+8*2x1+3");
  EXPECT_EQ(levels.ranks(), 24);
  EXPECT_FALSE(levels.regular());
  EXPECT_EQ(levels.depth(), 3);  // nodes, leaves, and the two leaves together
  EXPECT_EQ(levels.width(0), 8);
  EXPECT_EQ(levels.least(0), 3);
  EXPECT_EQ(levels.group_of_unit(0, 7).number, 1);
  EXPECT_EQ(levels.group_of_unit(0, 8).first, 8);
  EXPECT_EQ(levels.group(1, 1).size, 3);
  EXPECT_EQ(levels.first_position(1, 1), 3);
  EXPECT_EQ(levels.describe(), "(3 5 2*8) x (1 3) x 2");
}

TEST(Levels, LeaveOutWhatGroupsNothing) {
  EXPECT_EQ(Levels::parse("1x5")->depth(), 1);
  EXPECT_EQ(Levels::parse("5x1")->depth(), 1);
  EXPECT_EQ(Levels::parse("1")->ranks(), 1);
  EXPECT_EQ(*Levels::parse("4x1x3"), *Levels::parse("4x3"));
}

TEST(Levels, AreTakenTogether) {
  const auto levels = *Levels::parse("4x3x2");
  EXPECT_EQ(levels.coarsened(0), Levels::flat(24));
  EXPECT_EQ(levels.coarsened(1), *Levels::parse("4x6"));
  EXPECT_EQ(levels.coarsened(2), *Levels::parse("12x2"));
  EXPECT_EQ(levels.coarsened(3), levels);
  const auto ragged = *Levels::parse("3+5+2x2+1");
  EXPECT_EQ(ragged.coarsened(2).runs(0), (std::vector<GroupRun>{{1, 8}, {1, 2}}));
  EXPECT_EQ(ragged.coarsened(1).runs(1), (std::vector<GroupRun>{{1, 3}}));
}

TEST(Levels, KeepRanksThatWereDealtOutInTurn) {
  const std::uint64_t nodes[] = {7, 9, 7, 9, 7};
  const auto levels = Levels::of(Layout::from_nodes(nodes));
  EXPECT_FALSE(levels.in_rank_order());
  EXPECT_EQ(levels.runs(0), (std::vector<GroupRun>{{1, 3}, {1, 2}}));
  for (std::int32_t position = 0; position < 5; ++position)
    EXPECT_EQ(levels.position_of(levels.rank_at(position)), position);
  EXPECT_EQ(index(levels.rank_at(1)), 2);
  EXPECT_TRUE(Levels::of(Layout::regular(3, 4)).in_rank_order());
}

TEST(Levels, RefuseNonsense) {
  for (const char* const text : {"", "x", "4x", "0", "4x0", "-1", "4*", "*4", "4+", "2+3x3", "99999999",
                                 "4096x4096x4096", "2x2x2x2x2x2x2x2x2", "4 x 3", "a"}) {
    EXPECT_FALSE(Levels::parse(text)) << text;
  }
  EXPECT_FALSE(Levels::from_runs({{{1, 3}}}, {0, 1, 1}));
  EXPECT_FALSE(Levels::from_runs({{{1, 3}}}, {0, 1}));
  EXPECT_FALSE(Levels::from_runs({{{2, 1 << 24}}}));
}

TEST(Fabric, HasALinkForEachLevel) {
  Links links;
  links.cores = 64;
  EXPECT_EQ(fabric_of(Layout::regular(1, 8), links).links.size(), 1U);
  EXPECT_EQ(fabric_of(Layout::regular(4, 8), links).links.size(), 2U);
  const auto thin = fabric_of(Layout::regular(4, 1), links);
  EXPECT_EQ(thin.links.size(), 1U);
  EXPECT_EQ(thin.link(0).latency_us, links.network.latency_us);
  const auto wide = fabric_of(Layout::regular(4, 8), links);
  EXPECT_EQ(wide.ranks_in_unit(1), 8);
  EXPECT_EQ(wide.uplink_GBps(1), links.network.uplink_GBps);  // which the ranks of a node share
}

TEST(Fabric, OfNodesOnOneMachineHasRanksThatShareItsCores) {
  Links links;
  links.cores = 2;
  const auto apart = fabric_of(Layout::regular(4, 2), links);
  links.neighbours = 4;
  const auto together = fabric_of(Layout::regular(4, 2), links);
  EXPECT_EQ(apart.crowd, 1);
  EXPECT_EQ(together.crowd, 4);
  EXPECT_EQ(together.link(1).overhead_us, 4 * apart.link(1).overhead_us);
  EXPECT_GT(together.link(0).latency_us, apart.link(0).latency_us);
  EXPECT_EQ(together.link(0).bandwidth_GBps, apart.link(0).bandwidth_GBps);
}

}  // namespace
}  // namespace tutti::topology
