// Compositions: methods over several levels, in any order, striped, on ragged levels too.
#include "plan/way.hpp"

#include <gtest/gtest.h>

#include "plan/verify/verify.hpp"

namespace tutti::plan {
namespace {

using topology::Levels;

Plan plan_of(Collective collective, const char* way, const char* levels, std::uint32_t segments = 1,
             std::int32_t root = 0) {
  auto parsed_levels = Levels::parse(levels);
  EXPECT_TRUE(parsed_levels) << levels;
  auto plan = parse_way(way, collective, std::make_shared<const Levels>(*parsed_levels));
  EXPECT_TRUE(plan) << way << ": " << (plan ? "" : plan.error().text);
  plan->segments = segments;
  plan->root = Rank{root};
  return *plan;
}

void prove(Plan plan) {
  ASSERT_EQ(refusal(plan), "") << describe(plan);
  for (const bool in_place : {false, true}) {
    for (const int mode : {0, 1, 2, 3}) {
      if (mode != 0 && !is_reduction(plan.collective)) continue;
      plan.widened = (mode & 1) != 0;
      plan.divides = (mode & 2) != 0;
      const auto proven = verify(plan, {.in_place = in_place, .in_rank_order = keeps_rank_order(plan)});
      ASSERT_TRUE(proven) << describe(plan) << (in_place ? " in place: " : ": ") << proven.error().text;
    }
  }
}

constexpr const char* kRegular[] = {"2x2", "4x3", "3x2x2", "8x2", "5x1x2", "2x2x2x2"};
constexpr const char* kRagged[] = {"1+7", "3+5", "3+5+8*2", "1+2+3+4", "2*3+4x2+2x2", "7+1", "3+5+2x2+1"};

TEST(Ways, OfAllReduceAreRightOnEveryShape) {
  for (const char* const way :
       {"circulant>circulant", "ring>circulant", "two_shot>ring", "circulant>recursive_doubling", "binomial>circulant",
        "chain>binomial", "linear>recursive_doubling", "two_shot>tree", "pat>bruck(3)", "circulant>one_shot",
        "ring|ring_reversed", "tree|twin_tree", "3*circulant>circulant|circulant>ring", "double_tree",
        "bidirectional_ring"}) {
    for (const char* const levels : kRegular) prove(plan_of(Collective::all_reduce, way, levels));
    for (const char* const levels : kRagged) prove(plan_of(Collective::all_reduce, way, levels, 2));
  }
}

TEST(Ways, OfAllReduceInOtherOrdersNeedRegularLevels) {
  for (const char* const way : {"circulant@1>circulant@0", "2*ring@0>ring@1|ring@1>ring@0", "bucket",
                                "recursive_doubling@1>recursive_doubling@0", "binomial@1>circulant@0"}) {
    for (const char* const levels : {"2x2", "4x3", "3x4", "8x2"})
      prove(plan_of(Collective::all_reduce, way, levels, 3));
  }
  EXPECT_NE(refusal(plan_of(Collective::all_reduce, "ring@1>ring@0", "3+5")), "");
  EXPECT_NE(refusal(plan_of(Collective::all_reduce, "recursive_doubling>ring", "3+5")), "");
}

TEST(Ways, OfThreeAndMoreLevelsAreRight) {
  for (const char* const levels : {"2x3x2", "4x2x2", "3+5x1+1", "2*2+3x2+1x2", "2x2x2x2"}) {
    const auto depth = Levels::parse(levels)->depth();
    std::string way = "circulant";
    for (int level = 1; level < depth; ++level) way += level % 2 == 1 ? ">ring" : ">circulant";
    prove(plan_of(Collective::all_reduce, way.c_str(), levels, 2));
    prove(plan_of(Collective::reduce_scatter, way.c_str(), levels, 2));
    prove(plan_of(Collective::all_gather, way.c_str(), levels, 2));
  }
}

TEST(Ways, OfBlocksAreRightOnEveryShape) {
  for (const char* const way : {"circulant>circulant", "direct>ring", "ring>bruck(4)", "pat>direct",
                                "ring|ring_reversed", "circulant>ring|ring>circulant"}) {
    for (const auto collective : {Collective::reduce_scatter, Collective::all_gather}) {
      for (const char* const levels : kRegular) prove(plan_of(collective, way, levels));
      for (const char* const levels : {"1+7", "3+5", "1+2+3+4", "7+1", "2*3+4x2+2x2"})
        prove(plan_of(collective, way, levels, 2));
    }
  }
  prove(plan_of(Collective::reduce_scatter, "ring@1>ring@0", "4x3"));
  prove(plan_of(Collective::all_gather, "ring@1>direct@0", "3x4", 2));
}

TEST(Ways, WithARootAreRightForEveryRoot) {
  const std::pair<Collective, const char*> ways[] = {{Collective::broadcast, "binomial>chain"},
                                                     {Collective::broadcast, "scatter_circulant>binomial"},
                                                     {Collective::broadcast, "scatter_ring>scatter_direct"},
                                                     {Collective::broadcast, "linear>scatter_circulant"},
                                                     {Collective::reduce, "binomial>chain"},
                                                     {Collective::reduce, "circulant_gather>binomial"},
                                                     {Collective::reduce, "direct_gather>circulant_gather"},
                                                     {Collective::reduce, "linear>linear"},
                                                     {Collective::gather, "binomial>linear"},
                                                     {Collective::gather, "linear>binomial"},
                                                     {Collective::scatter, "binomial>linear"},
                                                     {Collective::scatter, "linear>binomial"}};
  for (const auto& [collective, way] : ways) {
    for (const char* const levels : {"2x2", "4x3", "3+5", "1+7", "3+1+2", "2*3x2+1"}) {
      const std::int32_t ranks = Levels::parse(levels)->ranks();
      for (std::int32_t root = 0; root < ranks; ++root) prove(plan_of(collective, way, levels, 2, root));
    }
  }
}

TEST(Ways, OfAllToAllOverLevelsAreRight) {
  for (const char* const levels : {"1", "5", "2x2", "4x3", "3x4", "2x3x4", "2x2x2x2", "8x2x3"})
    prove(plan_of(Collective::all_to_all, "rail", levels));
}

TEST(Ways, OfABarrierAreRight) {
  for (const char* const levels : {"4x3", "2x2x2", "5x7"})
    prove(plan_of(Collective::barrier,
                  Levels::parse(levels)->depth() == 2 ? "dissemination>dissemination"
                                                      : "dissemination>dissemination>dissemination",
                  levels));
}

TEST(Ways, ServeRanksThatWereDealtToNodesInTurn) {
  const std::uint64_t nodes[] = {0, 1, 2, 0, 1, 2, 0, 1};
  const auto levels = std::make_shared<const Levels>(Levels::of(topology::Layout::from_nodes(nodes)));
  for (const auto collective : {Collective::all_reduce, Collective::reduce_scatter, Collective::all_gather}) {
    auto plan = parse_way("circulant>circulant", collective, levels);
    ASSERT_TRUE(plan);
    EXPECT_FALSE(keeps_rank_order(*plan));
    prove(*plan);
  }
  for (const auto collective : {Collective::gather, Collective::scatter}) {
    auto plan = parse_way("binomial>binomial", collective, levels);
    ASSERT_TRUE(plan);
    for (std::int32_t root = 0; root < 8; ++root) {
      plan->root = Rank{root};
      prove(*plan);
    }
  }
}

TEST(Ways, AreReadAsTheyAreWritten) {
  const auto levels = std::make_shared<const Levels>(*Levels::parse("4x3x2"));
  for (const char* const way : {"ring", "bruck(4)>ring>circulant", "3*ring@2>ring@1>ring@0|ring>circulant>ring"}) {
    const auto plan = parse_way(way, Collective::all_reduce, levels);
    ASSERT_TRUE(plan) << way;
    const auto again = parse_way(way_of(*plan), Collective::all_reduce, plan->levels);
    ASSERT_TRUE(again) << way_of(*plan);
    EXPECT_EQ(*plan, *again) << way << " " << way_of(*plan);
  }
}

TEST(Ways, ThatMakeNoSenseAreRefused) {
  for (const char* const way :
       {"", "rong", "ring>", ">ring", "ring(4)", "bruck(1)", "bruck(", "bruck(4", "ring@9", "0*ring", "ring||ring",
        "*ring", "bruck()", "ring@", "9999*ring", "a>b>c>d>e>f>g>h>i>j"}) {
    EXPECT_FALSE(check_way(way, Collective::all_reduce)) << way;
  }
  EXPECT_NE(check_way("rong", Collective::all_reduce).error().text.find("circulant"), std::string::npos);
}

TEST(Template, StaysBelow4KiBAtAnySize) {
  const auto plan = plan_of(Collective::all_reduce, "circulant>circulant>circulant>circulant", "8x32x12x32");
  EXPECT_EQ(plan.ranks(), 98304);
  EXPECT_LE(template_bytes(plan), 4096U);
}

TEST(Ways, ThatNameAMethodOfAllLevelsNameNothingElse) {
  const auto levels = std::make_shared<const topology::Levels>(*topology::Levels::parse("3x2"));
  EXPECT_TRUE(refusal(*parse_way("rail", Collective::all_to_all, levels)).empty());
  for (const char* const way : {"rail@1", "rail>rail@1", "rail>pairwise", "pairwise>rail"}) {
    const auto plan = parse_way(way, Collective::all_to_all, levels);
    ASSERT_TRUE(plan) << way;
    EXPECT_EQ(refusal(*plan), "rail handles all levels by itself") << way;
  }
}

}  // namespace
}  // namespace tutti::plan
