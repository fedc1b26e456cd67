// What `tutti verify` proves, and what it says when something is wrong.
#include <gtest/gtest.h>

#include "plan/way.hpp"
#include "tools/verify/cluster.hpp"
#include "tools/verify/damage.hpp"
#include "tools/verify/everything.hpp"
#include "tools/verify/proof.hpp"
#include "tools/verify/shapes.hpp"

namespace tutti::prove {
namespace {

TEST(VerifyCommand, ProvesEveryPlanOfSmallWorlds) {
  Outcome outcome(false);
  prove_everything(6, outcome);
  EXPECT_TRUE(outcome.failures().empty()) << outcome.report(0, "");
  EXPECT_GT(outcome.plans(), 5000U);
  const auto document = outcome.document(6, 12.5);
  EXPECT_EQ(document["schema"], "tutti.verify/1");
  EXPECT_EQ(document["max_ranks"], 6);
  EXPECT_EQ(document["plans"], outcome.plans());
  EXPECT_TRUE(document["failures"].is_array());
}

TEST(VerifyCommand, HasWaysThatAreReadAndShapesThatAreLevels) {
  EXPECT_GT(shapes(128).size(), 40U);
  EXPECT_TRUE(shapes(2).empty());
  for (const auto collective : plan::kCollectives) {
    for (const int depth : {2, 3, 4}) {
      for (const auto& way : ways(collective, depth, true)) EXPECT_TRUE(plan::check_way(way, collective)) << way;
    }
  }
}

TEST(VerifyCommand, SaysHowToProveOnePlanAgain) {
  const Shape shape = make_shape("3+5");
  auto plan = plan::parse_way("circulant>ring", plan::Collective::all_reduce, shape.levels).value();
  plan.segments = 2;
  EXPECT_EQ(command_of(plan, shape, {.in_place = true, .widened = true, .divides = false}),
            "tutti verify all_reduce --levels '3+5' --algo 'circulant>ring/2' --in-place --widened");
}

TEST(VerifyCommand, CountsAndReportsWhatDoesNotHold) {
  Outcome outcome(false);
  outcome.count(3);
  outcome.fail({"all_reduce ring: 4 ranks", "rank 1 step 2 (send to 2: in[0]) ...", "tutti verify ..."});
  const auto text = outcome.report(1000, "a test");
  EXPECT_NE(text.find("rank 1 step 2"), std::string::npos);
  EXPECT_NE(text.find("1 of 3 plans do not hold"), std::string::npos);
  EXPECT_EQ(outcome.document(4, 1)["failures"][0]["command"], "tutti verify ...");
}

TEST(VerifyCommand, ProvesWhatCallsGetOnManyRanks) {
  const auto world =
      world::make_world({.ranks = 300, .levels = {}, .preset = {}, .fabric = {}, .tuning = {}, .known = {}});
  ASSERT_TRUE(world);
  Outcome outcome(false);
  const auto proofs = prove_cluster(*world, world->levels, outcome);
  EXPECT_TRUE(outcome.failures().empty()) << report(proofs);
  EXPECT_GE(outcome.plans(), 7U);
}

TEST(VerifyCommand, CatchesDamage) {
  const auto damage = damage_plans(2, 7);
  EXPECT_GE(damage.done(), 200);
  EXPECT_TRUE(damage.is_enough()) << report(damage);
  EXPECT_EQ(static_cast<int>(damage.uncaught.size()), damage.done() - damage.caught());
}

}  // namespace
}  // namespace tutti::prove
