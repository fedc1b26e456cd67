#include "plan/select/select.hpp"

#include <gtest/gtest.h>

namespace tutti::plan {
namespace {

using topology::Layout;
using topology::Links;

Selection choose(const Query& query, const Layout& layout, const char* forced = "") {
  Links links;
  links.cores = 128;
  auto selection = select(query, layout, links, *ForcedAlgorithms::parse(forced));
  EXPECT_TRUE(selection);
  return *selection;
}

TEST(Select, NeverTakesAFlatRingAtScale) {
  for (const std::uint64_t count : {2ULL, 1ULL << 10, 1ULL << 20}) {
    const auto selection = choose({.collective = Collective::all_reduce, .count = count}, Layout::regular(12288, 8));
    EXPECT_NE(selection.plan.algorithm->name, "ring");
    EXPECT_NE(selection.plan.algorithm->name, "one_shot");
  }
}

TEST(Select, TakesFewRoundsForSmallMessagesAndFewBytesForLargeOnes) {
  const Layout layout = Layout::regular(1, 8);
  const auto small = choose({.collective = Collective::all_reduce, .count = 2}, layout);
  const auto large = choose({.collective = Collective::all_reduce, .count = 1 << 24}, layout);
  EXPECT_FALSE(small.plan.algorithm->cut_by_rank);
  EXPECT_TRUE(large.plan.algorithm->cut_by_rank);
  EXPECT_GT(large.plan.segments, 1U);
}

TEST(Select, KeepsToRestrictions) {
  const auto odd = choose({.collective = Collective::all_gather, .count = 1}, Layout::regular(1, 6));
  EXPECT_FALSE(odd.plan.algorithm->power_of_two);
  const auto ordered =
      choose({.collective = Collective::all_reduce, .count = 1 << 20, .commutative = false}, Layout::regular(1, 6));
  EXPECT_FALSE(ordered.plan.algorithm->commutative);
  for (const std::uint64_t count : {1ULL, 1ULL << 24}) {
    const auto same_bits =
        choose({.collective = Collective::all_reduce, .count = count, .deterministic = true}, Layout::regular(2, 3));
    EXPECT_TRUE(same_bits.plan.algorithm->rank_order);
  }
}

TEST(Select, TakesWhatKnowsEveryMessagesLengthWhereRanksKnowOnlyTheirOwn) {
  for (const Collective collective : {Collective::gather, Collective::scatter, Collective::all_to_all}) {
    for (std::int32_t ranks = 1; ranks < 9; ++ranks) {
      const auto selection = choose({.collective = collective, .own_lengths_only = true}, Layout::regular(1, ranks));
      EXPECT_TRUE(selection.plan.algorithm->single_hop);
      EXPECT_TRUE(selection.candidates.front().refused.empty());
    }
  }
}

TEST(Select, SomeAlgorithmServesEveryCall) {
  for (const Collective collective : kCollectives) {
    for (const bool commutative : {false, true}) {
      for (const bool deterministic : {false, true}) {
        for (std::int32_t ranks = 1; ranks < 9; ++ranks) {
          const auto selection = choose(
              {.collective = collective, .count = 100, .commutative = commutative, .deterministic = deterministic},
              Layout::regular(1, ranks));
          EXPECT_TRUE(selection.candidates.front().refused.empty());
        }
      }
    }
  }
}

TEST(Select, ObeysForceAndSegments) {
  const auto selection =
      choose({.collective = Collective::all_reduce, .count = 1}, Layout::regular(1, 4), "all_reduce:ring/8");
  EXPECT_EQ(selection.plan.algorithm->name, "ring");
  EXPECT_EQ(selection.plan.segments, 8U);
}

TEST(Select, SaysWhyAForcedAlgorithmCannotBeUsed) {
  const auto forced = *ForcedAlgorithms::parse("reduce_scatter:recursive_halving");
  const auto selection =
      select({.collective = Collective::reduce_scatter, .count = 1}, Layout::regular(1, 6), Links{}, forced);
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
