// Plans as GOAL: read by a reader that shares nothing with the writer, and run.
#include "goal.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "plan/exchange/goal.hpp"
#include "plan/way.hpp"

namespace tutti::plan {
namespace {

using test::GoalTask;

Plan plan_of(Collective collective, std::string_view way, const char* levels, std::uint32_t segments = 1) {
  Plan plan = *parse_way(way, collective, std::make_shared<const topology::Levels>(*topology::Levels::parse(levels)));
  plan.segments = segments;
  return plan;
}

std::string goal_of(const Plan& plan, std::uint64_t count) {
  std::string text;
  const auto written = write_goal(plan, {.count = count}, [&](std::string_view piece) -> Status {
    text += piece;
    return {};
  });
  EXPECT_TRUE(written) << written.error().text;
  return text;
}

test::GoalRun run_of(const Plan& plan, std::uint64_t count) {
  return test::run_goal(test::read_goal(goal_of(plan, count)));
}

TEST(GoalExport, OfEveryMethodRunsToItsEnd) {
  int ran = 0;
  for (const Method& method : methods()) {
    for (const std::int32_t ranks : {1, 2, 5, 8}) {
      for (const std::uint64_t count : {0ULL, 1ULL, 1000ULL}) {
        const Plan plan = flat_plan(method, ranks);
        if (!refusal(plan).empty()) continue;
        const auto run = run_of(plan, count);
        EXPECT_TRUE(run.stuck.empty()) << describe(plan) << ": " << run.stuck;
        EXPECT_EQ(run.messages > 0, ranks > 1 && (count > 0 || method.collective == Collective::barrier))
            << describe(plan) << " " << count;
        ++ran;
      }
    }
  }
  EXPECT_GT(ran, 300);
}

TEST(GoalExport, OfWaysThroughLevelsRunsToItsEnd) {
  for (const auto& [collective, way, levels, segments] :
       {std::tuple(Collective::all_reduce, "circulant>ring", "3+5", 4U),
        std::tuple(Collective::all_reduce, "2*ring>ring|ring@1>ring@0", "4x3", 2U),
        std::tuple(Collective::all_gather, "circulant>ring", "3+5", 2U),
        std::tuple(Collective::reduce_scatter, "direct>ring", "3x3", 2U)}) {
    const auto run = run_of(plan_of(collective, way, levels, segments), 12345);
    EXPECT_TRUE(run.stuck.empty()) << way << ": " << run.stuck;
  }
}

// The bytes are those of the paper's formulas, whatever the rounding of chunks: over all ranks they add up exactly.
TEST(GoalExport, HasTheBytesOfTheAlgorithm) {
  const std::uint64_t count = 1003;
  const auto all = [](const test::GoalRun& run) { return std::accumulate(run.sent.begin(), run.sent.end(), 0ULL); };
  for (const std::uint64_t ranks : {2ULL, 3ULL, 7ULL}) {
    const std::string levels = std::to_string(ranks);
    for (const char* const way : {"ring", "circulant", "two_shot"}) {
      EXPECT_EQ(all(run_of(plan_of(Collective::all_reduce, way, levels.c_str(), 2), count)),
                2 * (ranks - 1) * count * 4);
    }
    for (const char* const way : {"ring", "circulant", "direct"}) {
      EXPECT_EQ(all(run_of(plan_of(Collective::reduce_scatter, way, levels.c_str()), count)),
                (ranks - 1) * count * ranks * 4);
      EXPECT_EQ(all(run_of(plan_of(Collective::all_gather, way, levels.c_str()), count)),
                (ranks - 1) * count * ranks * 4);
    }
    EXPECT_EQ(all(run_of(plan_of(Collective::broadcast, "binomial", levels.c_str()), count)), (ranks - 1) * count * 4);
  }
}

TEST(GoalExport, CountsWidenedPartialResultsInTheirOwnType) {
  Plan plan = plan_of(Collective::all_reduce, "ring", "4");
  plan.widened = true;
  std::string text;
  ASSERT_TRUE(write_goal(plan, {.count = 1000, .type = DataType::bf16}, [&](std::string_view piece) -> Status {
    text += piece;
    return {};
  }));
  const auto run = test::run_goal(test::read_goal(text));
  EXPECT_TRUE(run.stuck.empty());
  EXPECT_GE(run.sent[0], 1000U * 3 / 4 * (4 + 2));
}

TEST(GoalExport, SaysWhatWouldBeTooLongBeforeItWritesAnything) {
  const Plan plan = plan_of(Collective::all_reduce, "ring", "1000", 8);
  bool touched = false;
  const auto written = write_goal(plan, {.count = 1 << 20, .most_steps = 100000}, [&](std::string_view) -> Status {
    touched = true;
    return {};
  });
  ASSERT_FALSE(written);
  EXPECT_FALSE(touched);
  EXPECT_EQ(written.error().code, Code::unsupported);
  EXPECT_NE(written.error().text.find("where 100000 steps are allowed"), std::string::npos) << written.error().text;
}

TEST(GoalExport, HandsOnWhatTheFileSays) {
  const auto written =
      write_goal(plan_of(Collective::all_reduce, "ring", "4"), {.count = 8}, [](std::string_view) -> Status {
        return Error{Code::system, "the disk is full"};
      });
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().text, "the disk is full");
}

}  // namespace
}  // namespace tutti::plan
