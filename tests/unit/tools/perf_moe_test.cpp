// The choices and the bounds of `tutti perf moe`, against counts made by hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tools/perf/moe/bound.hpp"
#include "tools/perf/moe/choices.hpp"

namespace tutti::perf::moe {
namespace {

Options options_of(int experts, int topk) {
  Options options;
  options.tokens = 500;
  options.experts = experts;
  options.topk = topk;
  return options;
}

TEST(MoeChoices, AreDifferentExpertsTheSameAgainAndOthersForAnotherRank) {
  const Options options = options_of(16, 4);
  const Homes homes = even_homes(16, {0, 0, 1, 1});
  for (const Routing routing :
       {Routing::uniform, Routing::group_limited, Routing::log_normal, Routing::zipf, Routing::k_hot}) {
    const auto ids = choose(options, routing, homes, 1).value();
    EXPECT_EQ(ids, choose(options, routing, homes, 1).value());
    if (routing != Routing::k_hot) {
      EXPECT_NE(ids, choose(options, routing, homes, 2).value());
    }
    for (std::size_t token = 0; token < ids.size(); token += 4) {
      const std::set<int> experts(ids.begin() + static_cast<std::ptrdiff_t>(token),
                                  ids.begin() + static_cast<std::ptrdiff_t>(token + 4));
      ASSERT_EQ(experts.size(), 4U);
      ASSERT_GE(*experts.begin(), 0);
      ASSERT_LT(*experts.rbegin(), 16);
    }
  }
}

TEST(MoeChoices, ThatAreGroupLimitedStayOnTheNodesThatATokenDrew) {
  Options options = options_of(16, 3);
  options.groups = 1;
  const Homes homes = even_homes(16, {0, 0, 1, 1});
  const auto ids = choose(options, Routing::group_limited, homes, 0).value();
  std::set<int> nodes;
  for (std::size_t at = 0; at < ids.size(); ++at) {
    EXPECT_EQ(homes.node_of(ids[at]), homes.node_of(ids[at / 3 * 3]));
    nodes.insert(homes.node_of(ids[at]));
  }
  EXPECT_EQ(nodes.size(), 2U);
}

TEST(MoeChoices, ThatAreSkewedFavourAFewExperts) {
  Options options = options_of(32, 2);
  options.exponent = 1.5;
  const Homes homes = even_homes(32, {0});
  const auto busiest = [&](Routing routing) {
    std::vector<int> counts(32);
    const auto ids = choose(options, routing, homes, 0).value();
    for (const int id : ids) ++counts[static_cast<std::size_t>(id)];
    return *std::max_element(counts.begin(), counts.end());
  };
  EXPECT_GT(busiest(Routing::zipf), 4 * busiest(Routing::uniform));
  EXPECT_GT(busiest(Routing::log_normal), 2 * busiest(Routing::uniform));
}

TEST(MoeBound, CountsEachRowOnceANodeAndOnceARank) {
  const Homes homes = even_homes(8, {0, 0, 1, 1});  // two experts a rank
  const std::vector<std::int32_t> ids = {4, 5, 6, -1, 0, 1, 2, 3};
  const Rows rows = rows_of(ids, 4, homes, 0);
  EXPECT_EQ(rows.out_of_node, (std::vector<double>{1, 0}));
  EXPECT_EQ(rows.into_node, (std::vector<double>{0, 1}));
  EXPECT_EQ(rows.into_rank, (std::vector<double>{0, 1, 1, 1}));
  EXPECT_EQ(rows.out_of_rank, (std::vector<double>{3, 0, 0, 0}));
  EXPECT_EQ(rows.network(), 1);
  EXPECT_EQ(rows.between_ranks(), 3);
}

TEST(MoeBound, IsTheSlowerOfWireAndRankAndOneLatency) {
  const Rows rows{{10, 0}, {0, 10}, {0, 0, 20, 0}, {20, 0, 0, 0}};
  const Speeds speeds{.network_GBps = 1, .node_GBps = 1, .latency_us = 5};
  EXPECT_DOUBLE_EQ(bound_us(rows, 1000, speeds), 25);
  EXPECT_DOUBLE_EQ(bound_us(rows, 1000, {.network_GBps = 0.1, .node_GBps = 1, .latency_us = 5}), 105);
}

TEST(MoeBound, OfUniformChoicesIsTheClosedForm) {
  Options options = options_of(256, 8);
  options.tokens = 4000;
  const Homes homes = even_homes(256, {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3});
  const auto ids = choose(options, Routing::uniform, homes, 5).value();
  EXPECT_NEAR(rows_of(ids, 8, homes, 5).network() / 4000, 2.711, 0.02);  // (N-1)(1 - C(192,8)/C(256,8))
}

}  // namespace
}  // namespace tutti::perf::moe
