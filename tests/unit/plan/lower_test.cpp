#include "plan/lower.hpp"

#include <gtest/gtest.h>

#include "plan/plan.hpp"

namespace tutti::plan {
namespace {

Plan plan_of(Collective collective, const char* name, std::int32_t ranks, std::uint32_t segments = 1) {
  Plan plan = flat_plan(*find_method(collective, name), ranks);
  plan.segments = segments;
  return plan;
}

TEST(Lower, TwoRankTwoShotNeedsNoScratchAndNoCopy) {
  const Program program = lower(plan_of(Collective::all_reduce, "two_shot", 2), Rank{0}, false);
  EXPECT_FALSE(program.uses_acc);
  EXPECT_EQ(program.slots, 0U);
  ASSERT_EQ(program.size(), 4U);
  EXPECT_EQ(to_string(program.steps[0]), "send to 1: in[1]");
  EXPECT_EQ(to_string(program.steps[1]), "recv_reduce from 1: out[0] = in[0] op it");
  EXPECT_EQ(to_string(program.steps[2]), "send to 1: out[0]");
  EXPECT_EQ(to_string(program.steps[3]), "recv from 1: out[1]");
}

TEST(Lower, StepsToOnePeerArePostedInProgramOrder) {
  const Program program = lower(plan_of(Collective::all_reduce, "ring", 4, 3), Rank{1}, false);
  std::vector<std::vector<std::uint32_t>> posted_after(program.size());
  for (std::uint32_t i = 0; i < program.size(); ++i) {
    for (const Edge edge : program.successors_of(i)) {
      if (edge.when_posted != 0) posted_after[edge.step].push_back(i);
    }
  }
  std::int64_t last_send = -1;
  for (std::uint32_t i = 0; i < program.size(); ++i) {
    if (program.steps[i].verb != Verb::send) continue;
    if (last_send >= 0) {
      EXPECT_EQ(posted_after[i], std::vector<std::uint32_t>{static_cast<std::uint32_t>(last_send)});
    }
    last_send = i;
  }
}

TEST(Lower, SegmentsFollowEachOtherInAWavefront) {
  const Program program = lower(plan_of(Collective::all_reduce, "two_shot", 2, 4), Rank{0}, false);
  std::vector<std::uint32_t> sends;
  for (std::uint32_t i = 0; i < program.size(); ++i) {
    if (program.steps[i].verb == Verb::send) sends.push_back(program.steps[i].src_first);
  }
  // contribution of segment 0, result of segment 0 with contribution of segment 1, ...: chunk 1 is the peer's, 0 is
  // ours
  EXPECT_EQ(sends, (std::vector<std::uint32_t>{1, 0, 3, 2, 5, 4, 7, 6}));
}

TEST(Lower, GrowsWithTheRanksOwnStepsOnly) {
  const Program program = lower(plan_of(Collective::all_reduce, "circulant", 98304), Rank{12345}, false);
  EXPECT_LT(program.size(), 120U);  // 2 * 17 rounds of a send and a receive, some cut in two by the wrap
  const Program doubling = lower(plan_of(Collective::all_reduce, "recursive_doubling", 98304), Rank{98303}, false);
  EXPECT_LT(doubling.size(), 45U);
}

TEST(Lower, NoRankNeedsMoreScratchThanThePlanSays) {
  for (const Method& method : methods()) {
    for (const std::int32_t ranks : {1, 2, 3, 4, 8}) {
      Plan plan = flat_plan(method, ranks);
      if (!refusal(plan).empty()) continue;
      for (const int mode : {0, 1, 2, 3}) {
        if (mode != 0 && !is_reduction(method.collective)) continue;
        plan.widened = (mode & 1) != 0;
        plan.divides = (mode & 2) != 0;
        for (std::int32_t rank = 0; rank < ranks; ++rank) {
          const Program program = lower(plan, Rank{rank}, true);
          const std::uint32_t slots = (program.slots + program.chunks - 1) / program.chunks;
          EXPECT_LE((program.uses_acc ? 1U : 0U) + (program.uses_acc2 ? 1U : 0U) + slots, std::max(1U, program.scratch))
              << describe(plan) << " mode " << mode;
        }
      }
    }
  }
}

TEST(Print, ShowsStepsAndWhatTheyWaitFor) {
  const auto text = print(lower(plan_of(Collective::all_reduce, "recursive_doubling", 2), Rank{0}, false));
  EXPECT_NE(text.find("send to 1: in[0]"), std::string::npos) << text;
  EXPECT_NE(text.find("recv_reduce from 1: out[0] = in[0] op it"), std::string::npos) << text;
}

TEST(Lower, SendsInTurnFollowEachOther) {
  const Program program = lower(plan_of(Collective::all_to_all, "pairwise", 5), Rank{2}, false);
  std::uint32_t waiting_sends = 0;
  for (std::uint32_t i = 0; i < program.size(); ++i) {
    if (program.steps[i].verb != Verb::send) continue;
    waiting_sends += program.steps[i].dependencies;
  }
  EXPECT_EQ(waiting_sends, 3U);  // of four: all but the first
}

}  // namespace
}  // namespace tutti::plan
