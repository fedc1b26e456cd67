// What `tutti sim step` answers.
#include <gtest/gtest.h>

#include <algorithm>

#include <nlohmann/json.hpp>
#include <string>

#include "tools/sim/training_group.hpp"
#include "tools/sim/training_report.hpp"

namespace tutti::predict {
namespace {

TrainingQuestion ask() {
  TrainingQuestion question;
  question.cluster.levels = "8x4";
  question.parameters = "10M";
  question.layers = 4;
  question.bucket = "4M";
  question.compute_ms = 20;
  return question;
}

TrainingQuestion with_experts() {
  TrainingQuestion question = ask();
  question.experts = 64;
  question.expert_ranks = 32;
  question.topk = 6;
  question.tokens = 512;
  question.hidden = 1024;
  return question;
}

Training trained(const TrainingQuestion& question) {
  auto training = train(question, [](const std::string&, double) {});
  EXPECT_TRUE(training) << training.error().text;
  return std::move(*training);
}

std::string error_of(const TrainingQuestion& question) {
  const auto training = train(question, [](const std::string&, double) {});
  return training ? "" : training.error().text;
}

TEST(SimStep, BucketsAreAllReducesOfTheirSizeAndHoldAllGradients) {
  const Training training = trained(ask());
  EXPECT_EQ(training.gradient_bytes, 20e6);
  EXPECT_EQ(training.step.buckets, 5);
  EXPECT_EQ(training.bucket->bytes, 4U << 20U);
  EXPECT_NEAR((4 + training.step.last_bucket_part) * (4 << 20), 20e6, 1e-3);
  Question alone;
  alone.call.collective = "all_reduce";
  alone.call.type = "bfloat16";
  alone.cluster.levels = "8x4";
  alone.sizes = "4M";
  const auto rehearsal = rehearse(alone, [](const std::string&, double) {});
  ASSERT_TRUE(rehearsal);
  EXPECT_EQ(training.step.bucket_us, rehearsal->rows.front().time_us);
}

TEST(SimStep, ExchangesTakeTheFasterRoute) {
  const Training training = trained(with_experts());
  ASSERT_TRUE(training.exchange);
  EXPECT_GT(training.exchange->direct_us, 0);
  EXPECT_GT(training.exchange->rail_us, 0);
  EXPECT_EQ(training.step.exchange_us, std::min(training.exchange->direct_us, training.exchange->rail_us));
  EXPECT_NEAR(training.times.exchanges_us, 16 * training.step.exchange_us, 1e-6);
}

TEST(SimStep, ARailHasItsShareOfWhatLeadsOutOfNodes) {
  Question question;
  question.cluster.levels = "8x4";
  question.oversubscribed = {"1:2"};
  const auto setting = make_setting(question);
  ASSERT_TRUE(setting);
  const Setting rail = along_rail(*setting);
  EXPECT_EQ(rail.fabric.ranks(), 4);
  EXPECT_NEAR(rail.fabric.uplink_GBps(0), setting->fabric.uplink_GBps(1) / 8, 1e-9);
  EXPECT_EQ(inside_node(*setting).fabric.ranks(), 8);
}

TEST(SimStep, TheDocumentAndTheTraceAddUp) {
  const TrainingQuestion question = with_experts();
  const Training training = trained(question);
  const auto document = document_of(question, training, 1);
  EXPECT_EQ(document["schema"], "tutti.step/1");
  const auto& times = document["times"];
  EXPECT_NEAR(times["step_us"].get<double>(), times["compute_us"].get<double>() + times["exposed_us"].get<double>(),
              1e-6);
  EXPECT_NEAR(times["compute_us"].get<double>(), 20e3, 1e-6);
  const auto trace = nlohmann::json::parse(trace_of(training.times));
  EXPECT_EQ(trace["traceEvents"].size(), 2 + 16 + 16 + 5U);  // names, computing, exchanges, buckets
  EXPECT_NE(report(question, training).find("most of the step is"), std::string::npos);
}

TEST(SimStep, WhatMakesNoSenseIsSaid) {
  TrainingQuestion question = ask();
  question.parameters = "70X";
  EXPECT_NE(error_of(question).find("--parameters '70X'"), std::string::npos);
  question = ask();
  question.type = "quad";
  EXPECT_NE(error_of(question).find("quad"), std::string::npos);
  question = ask();
  question.parameters = "1T";
  question.bucket = "16";
  EXPECT_NE(error_of(question).find("larger ones"), std::string::npos);
  question = with_experts();
  question.hidden = 0;
  EXPECT_NE(error_of(question).find("--hidden"), std::string::npos);
  question = with_experts();
  question.topk = 65;
  EXPECT_NE(error_of(question).find("--topk 65"), std::string::npos);
  question = with_experts();
  question.expert_ranks = 5;
  EXPECT_NE(error_of(question).find("evenly"), std::string::npos);
  question = with_experts();
  question.experts = 60;
  question.expert_ranks = 12;
  EXPECT_NE(error_of(question), "");
}

}  // namespace
}  // namespace tutti::predict
