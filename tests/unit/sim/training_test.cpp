// Training steps: what is hidden, what is not, and what uniform routing sends.
#include <gtest/gtest.h>

#include <cmath>

#include "sim/routing.hpp"
#include "sim/training.hpp"

namespace tutti::sim {
namespace {

TEST(Training, WithoutCommunicationAStepTakesAsLongAsComputing) {
  const TrainingTimes times = play({.layers = 7, .forward_us = 10, .backward_us = 20});
  EXPECT_NEAR(times.step_us, 30, 1e-9);
  EXPECT_EQ(times.communication_us(), 0);
  EXPECT_NEAR(times.exposed_us(), 0, 1e-9);
}

TEST(Training, BucketsFasterThanBackwardAreHiddenButForTheLast) {
  const TrainingTimes times =
      play({.layers = 4, .forward_us = 10, .backward_us = 40, .buckets = 8, .bucket_us = 3, .last_bucket_us = 3});
  EXPECT_NEAR(times.step_us, 53, 1e-9);
  EXPECT_NEAR(times.gradients_us, 24, 1e-9);
  EXPECT_NEAR(times.exposed_gradients_us, 3, 1e-9);
}

TEST(Training, BucketsSlowerThanBackwardFollowEachOtherFromTheFirst) {
  const TrainingTimes times =
      play({.layers = 4, .forward_us = 10, .backward_us = 40, .buckets = 8, .bucket_us = 9, .last_bucket_us = 9});
  EXPECT_NEAR(times.step_us, 10 + 5 + 8 * 9, 1e-9);  // the first is ready after an eighth of backward
  EXPECT_NEAR(times.exposed_us(), times.step_us - times.compute_us, 1e-9);
}

TEST(Training, ASmallerLastBucketIsReadyAtTheEndOfBackward) {
  const TrainingTimes times = play(
      {.layers = 1, .backward_us = 25, .buckets = 3, .bucket_us = 1, .last_bucket_us = 0.5, .last_bucket_part = 0.5});
  std::vector<double> begins;
  for (const TrainingSpan& span : times.spans) {
    if (span.kind == TrainingSpan::Kind::gradients) begins.push_back(span.begin_us);
  }
  ASSERT_EQ(begins.size(), 3U);
  EXPECT_NEAR(begins[0], 10, 1e-9);
  EXPECT_NEAR(begins[1], 20, 1e-9);
  EXPECT_NEAR(begins[2], 25, 1e-9);
  EXPECT_NEAR(times.step_us, 25.5, 1e-9);
}

TEST(Training, ComputingWaitsForFourExchangesALayer) {
  const TrainingTimes times = play({.layers = 5, .forward_us = 10, .backward_us = 20, .exchange_us = 2});
  EXPECT_NEAR(times.exchanges_us, 5 * 4 * 2, 1e-9);
  EXPECT_NEAR(times.step_us, 30 + 40, 1e-9);
  EXPECT_NEAR(times.exposed_exchanges_us, 40, 1e-9);
}

TEST(Training, AnExchangeWaitsForTheBucketOnItsWayAndGoesBeforeThoseThatWait) {
  const TrainingTimes times =
      play({.layers = 1, .backward_us = 8, .buckets = 8, .bucket_us = 10, .last_bucket_us = 10, .exchange_us = 1});
  // Two exchanges forward, one at the beginning of backward; then buckets are full at 4, 5, 6 and 7: the first is sent
  // until 14, then the exchange that was asked for at 7.
  EXPECT_NEAR(times.exposed_exchanges_us, 3 + (14 - 7) + 1, 1e-9);
  EXPECT_NEAR(times.step_us, 15 + 7 * 10, 1e-9);
}

TEST(Training, TheNetworkDoesOneThingAtATimeAndNothingIsLost) {
  const TrainingTimes times = play({.layers = 6,
                                    .forward_us = 11,
                                    .backward_us = 23,
                                    .buckets = 17,
                                    .bucket_us = 1.7,
                                    .last_bucket_us = 0.3,
                                    .last_bucket_part = 0.1,
                                    .exchange_us = 0.9});
  double end = 0;
  std::int64_t buckets = 0;
  for (const TrainingSpan& span : times.spans) {
    if (span.kind == TrainingSpan::Kind::forward || span.kind == TrainingSpan::Kind::backward) continue;
    EXPECT_GE(span.begin_us, end - 1e-9);
    end = span.end_us;
    if (span.kind != TrainingSpan::Kind::gradients) continue;
    EXPECT_EQ(span.number, buckets++);
  }
  EXPECT_EQ(buckets, 17);
  EXPECT_NEAR(times.compute_us, 34, 1e-9);
  EXPECT_NEAR(times.step_us, times.compute_us + times.exposed_us(), 1e-9);
}

// Published ratios of bytes between nodes: 256 experts, 8 of them a token, 8 ranks a node.
TEST(Routing, OncePerNodeSavesWhatIsPublished) {
  for (const auto& [ranks, ratio] : {std::pair{16, 4.01}, {32, 2.21}, {64, 1.51}, {128, 1.23}, {256, 1.10}}) {
    const UniformRouting routing{.experts = 256, .topk = 8, .ranks = ranks, .nodes = ranks / 8};
    const double per_selection = 8;
    EXPECT_NEAR(per_selection / (static_cast<double>(routing.nodes) * routing.part(routing.nodes)), ratio, 0.02);
  }
}

TEST(Routing, WithAnExpertARankPartsAreTheChanceOfEachExpert) {
  const UniformRouting routing{.tokens = 100, .token_bytes = 2, .experts = 64, .topk = 6, .ranks = 64, .nodes = 8};
  EXPECT_NEAR(routing.part(64), 6.0 / 64, 1e-12);
  EXPECT_NEAR(routing.direct_bytes(), 100 * 2 * 6, 1e-9);
  EXPECT_NEAR(routing.part(1), 1, 1e-12);
  EXPECT_LT(routing.rail_bytes(), routing.direct_bytes());
}

}  // namespace
}  // namespace tutti::sim
