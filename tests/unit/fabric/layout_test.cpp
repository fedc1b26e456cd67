#include "topology/fabric/layout.hpp"

#include <gtest/gtest.h>

namespace tutti::topology {
namespace {

TEST(Layout, NumbersNodesByTheirLowestRank) {
  const std::uint64_t nodes[] = {77, 77, 5, 77, 5, 9};
  const auto layout = Layout::from_nodes(nodes);
  EXPECT_EQ(layout.ranks(), 6);
  EXPECT_EQ(layout.nodes(), 3);
  EXPECT_EQ(layout.node_of(Rank{0}), 0);
  EXPECT_EQ(layout.node_of(Rank{2}), 1);
  EXPECT_EQ(layout.node_of(Rank{3}), 0);
  EXPECT_EQ(layout.node_of(Rank{5}), 2);
  EXPECT_EQ(layout.ranks_on(0), 3);
  EXPECT_EQ(layout.largest_node(), 3);
}

TEST(Layout, SurvivesItsOwnRuns) {
  const auto layout = Layout::regular(3, 4);
  const auto runs = layout.runs();
  EXPECT_EQ(Layout::from_runs({runs.begin(), runs.end()}), layout);
}

TEST(Layout, RefusesRunsWithGapsAndWildNumbers) {
  EXPECT_EQ(Layout::from_runs({{1, 2, 0}}).ranks(), 0);
  EXPECT_EQ(Layout::from_runs({{0, 2, 0}, {3, 1, 1}}).ranks(), 0);
  EXPECT_EQ(Layout::from_runs({{0, 2, 1}}).ranks(), 0);
  EXPECT_EQ(Layout::from_runs({{0, -2, 0}}).ranks(), 0);
  EXPECT_EQ(Layout::from_runs({{0, 2'000'000'000, 0}}).ranks(), 0);
}

}  // namespace
}  // namespace tutti::topology
