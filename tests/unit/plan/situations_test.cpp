// What plans cost where the ranks' processors move the bytes: by the size of messages, in place and in windows.
#include <gtest/gtest.h>

#include <cmath>

#include "plan/cost/footprint.hpp"
#include "plan/program.hpp"
#include "plan/select/select.hpp"
#include "plan/way.hpp"

namespace tutti::plan {
namespace {

using topology::Fabric;
using topology::Layout;
using topology::MessageTimes;

Fabric two_cores() {
  return topology::fabric_of(Layout::regular(1, 2), {.cores = 2});
}

Plan way(const char* text, const Fabric& fabric, Collective collective = Collective::all_reduce) {
  return *parse_way(text, collective, fabric.levels);
}

double us(const char* text, double bytes, Situation situation = {}) {
  const Fabric fabric = two_cores();
  return predict(way(text, fabric), bytes, DataType::f32, fabric, situation).total_us;
}

// Elements that a rank copies from partial results to its output although nothing but where its buffers lie asks for
// it.
double copied_in_place(const Plan& plan) {
  const auto copies = [&](bool in_place) {
    double chunks = 0;
    const Program program = lower(plan, Rank{0}, in_place);
    for (const Step& step : program.steps)
      if (step.verb == Verb::copy && step.src != Buffer::in) chunks += step.chunks;
    return chunks / program.chunks;
  };
  return copies(true) - copies(false);
}

TEST(Situations, VolumesSayWhatProgramsCopyInPlaceOnly) {
  for (const Method& method : methods()) {
    if (method.collective != Collective::all_reduce || method.paired) continue;
    for (const std::int32_t ranks : {2, 4, 8}) {
      const Plan plan = flat_plan(method, ranks);
      if (!refusal(plan).empty()) continue;
      double said = 0;
      for (const Algorithm* algorithm : {method.down, method.up})
        if (algorithm != nullptr) said += algorithm->volume(ranks, 2).kept;
      EXPECT_DOUBLE_EQ(copied_in_place(plan), said) << method.name << " on " << ranks;
    }
  }
}

TEST(Situations, AMessageCostsWhatItsSizeCosts) {
  const Fabric fabric = two_cores();
  const topology::Link& link = fabric.link(0);
  for (const double bytes : {64.0, 4096.0, 65536.0, 1048576.0, 16777216.0}) {
    const double round = link.latency_us + 2 * link.overhead_us;
    const double written = bytes / fabric.copy_GBps * 1e-3;  // to memory that caches do not hold yet
    const double expected =
        fabric.call_us + round + link.exchange.of(bytes) + bytes / link.combine_GBps * 1e-3 + written;
    EXPECT_NEAR(us("recursive_doubling", bytes), expected, 1e-9 * expected) << bytes;
  }
}

TEST(Situations, CopiesResultsElsewhereAndAPassInWindowsArePaidOnce) {
  const Fabric fabric = two_cores();
  constexpr double kBytes = 1 << 18;
  const double written = kBytes / fabric.copy_GBps * 1e-3;
  const double kept = kBytes / fabric.link(0).combine_GBps * 1e-3;
  const double apart = us("recursive_doubling", kBytes);
  // Recursive doubling copies what it is about to write over; others have their results in other memory only.
  EXPECT_NEAR(us("recursive_doubling", kBytes, {.in_place = true}), apart - written + kept, 1e-9 * apart);
  EXPECT_NEAR(us("rabenseifner", kBytes, {.in_place = true}), us("rabenseifner", kBytes) - written, 1e-9 * apart);
  const double saved = fabric.link(0).exchange.of(kBytes) - fabric.link(0).window.of(kBytes);
  EXPECT_NEAR(us("recursive_doubling", kBytes, {.in_windows = true}), apart - saved, 1e-9 * apart);
}

TEST(Situations, TakesThePlanThatIsGoodInAllOfThem) {
  const auto chosen = [](std::uint64_t bytes) {
    return select({.collective = Collective::all_reduce, .count = bytes / 4}, two_cores(), {}).value();
  };
  EXPECT_LE(rounds_of(chosen(8).plan), 1U);
  EXPECT_LE(rounds_of(chosen(512).plan), 1U);
  for (const std::uint64_t bytes : {std::uint64_t{1} << 16, std::uint64_t{1} << 18, std::uint64_t{1} << 20}) {
    const Selection selection = chosen(bytes);
    EXPECT_EQ(rounds_of(selection.plan), 2U) << bytes << ": " << describe(selection.plan);
    double product = 1;
    for (const Situation situation : kSituations)
      product *= predict(selection.plan, static_cast<double>(bytes), DataType::f32, two_cores(), situation).total_us;
    EXPECT_NEAR(selection.candidates.front().rank_us, std::pow(product, 0.25), 1e-9 * selection.cost.total_us);
  }
}

// Messages may be small while the ranks' vectors together are in no cache.
TEST(Situations, WhatCachesDoNotHoldIsMovedAsTwoRanksMoveSoMuch) {
  const Fabric fabric = two_cores();
  const topology::Link& link = fabric.link(0);
  constexpr double kBytes = 1 << 24;
  EXPECT_DOUBLE_EQ(footprint_of(Collective::all_reduce, kBytes, 2, 2, false), kBytes);
  EXPECT_DOUBLE_EQ(footprint_of(Collective::all_reduce, kBytes, 8, 8, false), 4 * kBytes);
  EXPECT_DOUBLE_EQ(footprint_of(Collective::all_gather, kBytes, 2, 2, true), kBytes / 2);
  EXPECT_DOUBLE_EQ(bytes_us(link, 65536, 65536), link.exchange.of(65536));
  EXPECT_DOUBLE_EQ(bytes_us(link, 65536, kBytes), link.exchange.of(kBytes) / 256);
  EXPECT_DOUBLE_EQ(bytes_us(link, 64, 128), link.exchange.of(64)) << "never quicker for that";
  const double split = 2 * (link.latency_us + 2 * link.overhead_us) + link.exchange.of(kBytes);
  const double expected =
      fabric.call_us + split + kBytes / 2 / link.combine_GBps * 1e-3 + kBytes / fabric.copy_GBps * 1e-3;
  EXPECT_NEAR(us("rabenseifner", kBytes), expected, 1e-9 * expected);
  const topology::Link nic{.bandwidth_GBps = 50};
  EXPECT_DOUBLE_EQ(bytes_us(nic, 1e6, 1e9), 20);
}

TEST(Situations, ASegmentThatCachesHoldIsPassedOnFromThere) {
  const Fabric fabric = two_cores();
  const topology::Link& link = fabric.link(0);
  constexpr double kBytes = 1 << 24;
  const double gathered = 16 * bytes_us(link, kBytes / 32, kBytes);
  const double spread = 16 * bytes_us(link, kBytes / 32, kBytes / 16);
  ASSERT_LT(spread, gathered);
  const auto transfer = [&](std::uint32_t segments) {
    Plan plan = way("two_shot", fabric);
    plan.segments = segments;
    return predict(plan, kBytes, DataType::f32, fabric).transfer_us;
  };
  EXPECT_NEAR(transfer(1) - transfer(16), gathered - spread, 1e-6 * gathered);
  EXPECT_GT(select({.collective = Collective::all_reduce, .count = 1 << 22}, fabric, {}).value().plan.segments, 1U);
}

TEST(Situations, NothingChangesWhereNicsMoveTheBytes) {
  const auto levels = std::make_shared<const topology::Levels>(*topology::Levels::parse("8x4"));
  const Fabric fabric = topology::assumed_fabric(levels);
  const auto selection = select({.collective = Collective::all_reduce, .count = 1 << 20}, fabric, {}).value();
  for (const Candidate& candidate : selection.candidates) EXPECT_EQ(candidate.rank_us, candidate.cost.total_us);
}

TEST(MessageTimes, FollowAPowerFromSizeToSize) {
  MessageTimes times;
  for (std::size_t i = 0; i < MessageTimes::kSizes; ++i) times.us[i] = static_cast<double>(i + 1);
  EXPECT_DOUBLE_EQ(times.of(0), 0);
  EXPECT_DOUBLE_EQ(times.of(32), 0.5);
  EXPECT_DOUBLE_EQ(times.of(64), 1);
  EXPECT_DOUBLE_EQ(times.of(128), std::sqrt(2));
  EXPECT_DOUBLE_EQ(times.of(256), 2);
  EXPECT_DOUBLE_EQ(times.of(16777216), 10);
  EXPECT_DOUBLE_EQ(times.of(2 * 16777216.0), 20);
  EXPECT_DOUBLE_EQ(times.times(4).of(256), 8);
}

}  // namespace
}  // namespace tutti::plan
