// One rank of each class gives what all ranks give.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "plan/algorithms/catalogue.hpp"
#include "plan/cost/cost.hpp"
#include "plan/cost/footprint.hpp"
#include "plan/way.hpp"
#include "sim/simulate.hpp"

namespace tutti::sim {
namespace {

topology::Fabric fabric_of(const char* levels) {
  return topology::assumed_fabric(std::make_shared<const topology::Levels>(topology::Levels::parse(levels).value()));
}

Call call_of(const topology::Fabric& fabric, double bytes, plan::Situation situation = {}) {
  return {.bytes = bytes, .reduce_GBps = fabric.reduce_GBps, .copy_GBps = fabric.copy_GBps, .situation = situation};
}

struct Both {
  Outcome folded;
  Outcome unfolded;
};

Result<Both> both_tiers(const plan::Plan& plan, const topology::Fabric& fabric, double bytes,
                        plan::Situation situation = {}) {
  const Network network = TUTTI_TRY(Network::make(fabric, {}, {}));
  Both both;
  both.folded = TUTTI_TRY(simulate(plan, call_of(fabric, bytes, situation), network, {.tier = Tier::folded}));
  both.unfolded = TUTTI_TRY(simulate(plan, call_of(fabric, bytes, situation), network, {.tier = Tier::unfolded}));
  return both;
}

void expect_agreement(const plan::Plan& plan, const topology::Fabric& fabric, double bytes,
                      plan::Situation situation = {}) {
  const auto both = both_tiers(plan, fabric, bytes, situation);
  ASSERT_TRUE(both) << describe(plan) << ": " << both.error().text;
  EXPECT_NEAR(both->folded.time_us, both->unfolded.time_us, 1e-9 * both->unfolded.time_us)
      << describe(plan) << ", " << bytes << " bytes, " << both->folded.classes << " classes";
  // The bound is that of ordinary memory.
  const double bound = situation.in_windows ? 0 : bound_of(plan.collective, bytes, fabric).bandwidth_us;
  EXPECT_GE(both->folded.time_us, bound * (1 - 1e-9)) << describe(plan);
}

std::vector<plan::Plan> plans_of(std::int32_t ranks) {
  std::vector<plan::Plan> plans;
  for (const plan::Method& method : plan::methods()) {
    if (method.paired || method.all_levels) continue;
    plans.push_back(flat_plan(method, ranks));
    if (!refusal(plans.back()).empty()) plans.pop_back();
  }
  return plans;
}

TEST(Folding, AgreesWithAllRanksForEveryMethodOn2To40Ranks) {
  for (std::int32_t ranks = 2; ranks <= 40; ++ranks) {
    const auto fabric = fabric_of(std::to_string(ranks).c_str());
    for (const plan::Plan& plan : plans_of(ranks)) expect_agreement(plan, fabric, 1e6);
  }
}

topology::Fabric node_of(std::int32_t ranks, std::int32_t cores) {
  return topology::fabric_of(topology::Layout::regular(1, ranks), {.cores = cores});
}

TEST(Folding, AgreesWithAllRanksWhereProcessorsMoveTheBytes) {
  for (const std::int32_t ranks : {2, 3, 8, 13}) {
    for (const double bytes : {64.0, 5e4, 3e7}) {
      for (plan::Plan plan : plans_of(ranks)) {
        for (const plan::Situation situation : plan::kSituations)
          expect_agreement(plan, node_of(ranks, ranks), bytes, situation);
        expect_agreement(plan, node_of(ranks, 2), bytes);
        plan.segments = 4;
        expect_agreement(plan, node_of(ranks, 2), bytes);
      }
    }
  }
}

TEST(Folding, AgreesWithTheClosedFormOnTwoRanksWhereProcessorsMoveTheBytes) {
  const auto fabric = node_of(2, 2);
  for (const char* const way : {"recursive_doubling", "one_shot", "rabenseifner", "two_shot", "circulant"}) {
    const plan::Plan plan = plan::parse_way(way, plan::Collective::all_reduce, fabric.levels).value();
    for (const double bytes : {64.0, 4096.0, 65536.0, 1e6, 16777216.0}) {
      for (const plan::Situation situation : plan::kSituations) {
        const double predicted = plan::predict(plan, bytes, DataType::f32, fabric, situation).total_us;
        const auto both = both_tiers(plan, fabric, bytes, situation);
        ASSERT_TRUE(both) << both.error().text;
        EXPECT_NEAR(both->unfolded.time_us, predicted, 1e-9 * predicted)
            << way << ", " << bytes << " bytes, in place " << situation.in_place << ", in windows "
            << situation.in_windows;
      }
    }
  }
}

TEST(Folding, AgreesWithTheClosedFormWhereItIsNotKnownWhatReducingOnTheWayTakes) {
  auto fabric = node_of(2, 2);
  for (topology::Link& link : fabric.links) link.combine_GBps = 0;
  const plan::Plan plan = plan::parse_way("recursive_doubling", plan::Collective::all_reduce, fabric.levels).value();
  for (const plan::Situation situation : plan::kSituations) {
    const double predicted = plan::predict(plan, 65536, DataType::f32, fabric, situation).total_us;
    EXPECT_NEAR(both_tiers(plan, fabric, 65536, situation)->unfolded.time_us, predicted, 1e-9 * predicted);
  }
}

TEST(Folding, CopiesNothingToWhereItIs) {
  const auto fabric = node_of(2, 2);
  for (const char* const way : {"ring", "direct", "bruck", "circulant"}) {
    const plan::Plan plan = plan::parse_way(way, plan::Collective::all_gather, fabric.levels).value();
    for (const double bytes : {4096.0, 1e6, 16777216.0}) {
      const double predicted = plan::predict(plan, bytes, DataType::f32, fabric, {.in_place = true}).total_us;
      const auto outcome = both_tiers(plan, fabric, bytes, {.in_place = true})->unfolded;
      EXPECT_NEAR(outcome.time_us, predicted, 1e-9 * predicted) << way << ", " << bytes << " bytes";
    }
  }
}

// A processor that copies cannot move bytes meanwhile.
TEST(Folding, TakesCopiesFromTheProcessorsTime) {
  const auto fabric = node_of(2, 2);
  for (const char* const way : {"ring", "direct", "circulant"}) {
    const plan::Plan plan = plan::parse_way(way, plan::Collective::all_gather, fabric.levels).value();
    for (const double bytes : {65536.0, 1e6, 16777216.0}) {
      const plan::Cost predicted = plan::predict(plan, bytes, DataType::f32, fabric);
      const auto both = both_tiers(plan, fabric, bytes).value();
      EXPECT_NEAR(both.folded.time_us, both.unfolded.time_us, 1e-9 * predicted.total_us);
      // It may copy before the first byte is there.
      EXPECT_LE(both.unfolded.time_us, predicted.total_us * (1 + 1e-9)) << way << ", " << bytes << " bytes";
      EXPECT_GE(both.unfolded.time_us, (predicted.transfer_us + predicted.reduce_us) * (1 - 1e-9))
          << way << ", " << bytes << " bytes";
    }
  }
}

// Who only sends, or only receives, has its processor for that alone; but a message of one piece passes one processor
// after the other.
TEST(Folding, AgreesWithTheClosedFormWhereTrafficGoesOneWay) {
  const auto fabric = node_of(2, 2);
  for (const plan::Collective collective : {plan::Collective::broadcast, plan::Collective::gather}) {
    const plan::Plan plan = plan::parse_way("linear", collective, fabric.levels).value();
    for (const double bytes : {4096.0, 1e6, 16777216.0}) {
      const double predicted = plan::predict(plan, bytes, DataType::f32, fabric).transfer_us;
      const auto outcome = both_tiers(plan, fabric, bytes)->unfolded;
      const double sent = collective == plan::Collective::gather ? bytes / 2 : bytes;
      const double footprint = plan::footprint_of(collective, bytes, 2, 2, false);
      const double part = sent > 32768 ? 0.5 * (1 + 32768 / sent) : 1;
      EXPECT_NEAR(predicted, plan::bytes_us(fabric.link(0), sent, footprint) * part, 1e-9 * predicted);
      EXPECT_GE(outcome.time_us, predicted);
      EXPECT_LE(outcome.time_us, predicted + sent / fabric.copy_GBps * 1e-3 + 1);
    }
  }
}

// Results that were just made lie in caches, if a segment of all that ranks go through fits there.
TEST(Folding, SegmentsSaveWhatTheClosedFormSaysTheySave) {
  const auto fabric = node_of(2, 2);
  plan::Plan plan = plan::parse_way("two_shot", plan::Collective::all_reduce, fabric.levels).value();
  constexpr double kBytes = 16777216;
  const double whole = both_tiers(plan, fabric, kBytes)->folded.time_us;
  plan.segments = 8;
  const double cut = both_tiers(plan, fabric, kBytes)->folded.time_us;
  const double predicted = plan::predict(plan, kBytes, DataType::f32, fabric).total_us;
  EXPECT_LT(cut, 0.95 * whole);
  EXPECT_NEAR(cut, predicted, 0.1 * predicted);
}

TEST(Folding, AgreesWithAllRanksForEveryMethodOn41To64Ranks) {
  for (std::int32_t ranks = 41; ranks <= 64; ++ranks) {
    const auto fabric = fabric_of(std::to_string(ranks).c_str());
    for (const plan::Plan& plan : plans_of(ranks)) expect_agreement(plan, fabric, 1e6);
  }
}

TEST(Folding, AgreesWithAllRanksForEveryMethodOn96And100And127Ranks) {
  for (const std::int32_t ranks : {96, 100, 127}) {
    const auto fabric = fabric_of(std::to_string(ranks).c_str());
    for (const plan::Plan& plan : plans_of(ranks)) expect_agreement(plan, fabric, 8);
  }
}

// Those whose ranks have few steps; the others have a million messages here.
TEST(Folding, AgreesWithAllRanksOn1000And1024Ranks) {
  for (const std::int32_t ranks : {1000, 1024}) {
    const auto fabric = fabric_of(std::to_string(ranks).c_str());
    for (const plan::Plan& plan : plans_of(ranks)) {
      if (lower(plan, Rank{ranks / 2}, false).size() + lower(plan, Rank{0}, false).size() <= 200)
        expect_agreement(plan, fabric, 1e6);
    }
  }
}

TEST(Folding, AgreesWithAllRanksOnNestedRaggedAndStripedWorlds) {
  const std::vector<std::pair<const char*, std::vector<const char*>>> worlds = {
      {"4x3", {"circulant", "circulant>ring", "two_shot>recursive_doubling", "bucket"}},
      {"3x5", {"circulant|circulant@1>circulant@0", "ring", "bruck(3)>circulant"}},
      {"8x4x3", {"rabenseifner>circulant>ring", "circulant>circulant", "3*pat>ring>ring|ring@2>pat@1>pat@0"}},
      {"2x2x7x2", {"circulant>circulant>circulant>circulant", "recursive_doubling"}},
      {"8*5+3", {"circulant", "circulant>circulant"}},
      {"4*6+2x3+4", {"two_shot>circulant>recursive_doubling", "ring>ring>ring"}}};
  for (const auto& [levels, ways] : worlds) {
    auto fabric = fabric_of(levels);
    for (const char* const way : ways) {
      const auto plan = plan::parse_way(way, plan::Collective::all_reduce, fabric.levels);
      ASSERT_TRUE(plan) << plan.error().text;
      expect_agreement(*plan, fabric, 3e6);
    }
    fabric.links.back().uplink_GBps = fabric.uplink_GBps(fabric.levels->depth() - 1) / 3;  // crowded
    expect_agreement(plan::parse_way(ways.front(), plan::Collective::all_reduce, fabric.levels).value(), fabric, 3e6);
  }
}

TEST(Folding, TakesOneRankForAllWhereAllDoTheSame) {
  const auto fabric = fabric_of("8x15x7");
  const Network network = Network::make(fabric, {}, {}).value();
  for (const char* const way : {"rabenseifner>circulant>circulant", "two_shot>ring>bruck", "ring>pat>circulant"}) {
    const auto plan = plan::parse_way(way, plan::Collective::all_reduce, fabric.levels).value();
    const auto outcome = simulate(plan, call_of(fabric, 1e6), network, {});
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->classes, 1) << way;
  }
}

}  // namespace
}  // namespace tutti::sim
