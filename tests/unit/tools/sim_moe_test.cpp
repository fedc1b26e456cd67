// What `tutti sim moe` answers.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tools/sim/moe_report.hpp"
#include "tools/sim/training.hpp"

namespace tutti::predict {
namespace {

MoeQuestion ask(const char* levels = "8x4") {
  MoeQuestion question;
  question.cluster.levels = levels;
  question.tokens = 512;
  question.hidden = 1024;
  question.experts = 64;
  question.expert_ranks = 32;
  question.topk = 6;
  return question;
}

std::string error_of(const MoeQuestion& question) {
  const auto moe = exchange_tokens(question);
  return moe ? "" : moe.error().text;
}

const MoeRow& row_of(const Moe& moe, const std::string& routing, const std::string& route) {
  for (const MoeRow& row : moe.rows)
    if (row.routing == routing && row.route == route) return row;
  ADD_FAILURE() << routing << " " << route;
  return moe.rows.front();
}

TEST(SimMoe, UniformExchangesTakeAsLongAsThoseOfATrainingStep) {
  const auto moe = exchange_tokens(ask());
  ASSERT_TRUE(moe) << moe.error().text;
  TrainingQuestion step;
  step.cluster.levels = "8x4";
  step.layers = 1;
  step.parameters = "0";
  step.experts = 64;
  step.expert_ranks = 32;
  step.topk = 6;
  step.tokens = 512;
  step.hidden = 1024;
  const auto training = train(step, [](const std::string&, double) {});
  ASSERT_TRUE(training) << training.error().text;
  const MoeRow& direct = row_of(*moe, "uniform", "direct");
  const MoeRow& rail = row_of(*moe, "uniform", "rail");
  EXPECT_NEAR(direct.dispatch_us / training->exchange->direct_us, 1, 0.02);
  EXPECT_NEAR(rail.dispatch_us / training->exchange->rail_us, 1, 0.02);
  EXPECT_NEAR(direct.combine_us / direct.dispatch_us, 1, 0.15) << "as much, only posted by one rank after the other";
  EXPECT_NEAR(direct.busiest, 1, 1e-9);
}

TEST(SimMoe, RailsSendLessBetweenNodesAndPopularExpertsHoldRanksUp) {
  const auto moe = exchange_tokens(ask());
  ASSERT_TRUE(moe);
  ASSERT_EQ(moe->rows.size(), 4U);
  for (const char* const routing : {"uniform", "zipf"})
    EXPECT_LT(row_of(*moe, routing, "rail").node_bytes, row_of(*moe, routing, "direct").node_bytes);
  EXPECT_GT(row_of(*moe, "zipf", "direct").busiest, 1.5);
  EXPECT_GT(row_of(*moe, "zipf", "direct").dispatch_us, row_of(*moe, "uniform", "direct").dispatch_us);
  for (const MoeRow& row : moe->rows) {
    EXPECT_GT(row.bound_us, 0);
    EXPECT_LE(row.fraction(), 1) << row.routing << " " << row.route;
  }
}

TEST(SimMoe, OneNodeHasNoRails) {
  MoeQuestion question = ask("32");
  const auto moe = exchange_tokens(question);
  ASSERT_TRUE(moe);
  for (const MoeRow& row : moe->rows) EXPECT_EQ(row.route, "direct");
}

TEST(SimMoe, AnswersAreTheSameAsTextAndAsData) {
  const MoeQuestion question = ask();
  const auto moe = exchange_tokens(question);
  ASSERT_TRUE(moe);
  const auto document = document_of(question, *moe, 1.5);
  EXPECT_EQ(document.at("schema"), "tutti.sim_moe/1");
  EXPECT_EQ(document.at("rows").size(), 4U);
  EXPECT_EQ(document.at("rows").at(0).at("dispatch_us"), moe->rows[0].dispatch_us);
  const std::string text = report(question, *moe);
  EXPECT_NE(text.find("to 6 of 64 experts on 32 ranks"), std::string::npos) << text;
  EXPECT_NE(text.find("zipf"), std::string::npos);
}

TEST(SimMoe, WrongQuestionsSayWhatMakesSense) {
  MoeQuestion question = ask();
  question.topk = 65;
  EXPECT_EQ(error_of(question), "--topk 65: there are only 64 experts");
  question = ask();
  question.experts = 65;
  EXPECT_EQ(error_of(question), "--experts 65 do not lie evenly on 32 ranks: see --expert-ranks");
  question = ask();
  question.routings = {"even"};
  EXPECT_EQ(error_of(question), "--routing even: uniform and zipf are known");
  question = ask();
  question.type = "float99";
  EXPECT_EQ(error_of(question), "there is no element type 'float99'");
  question = ask("2048");
  question.experts = 2048;
  question.expert_ranks = 2048;
  EXPECT_NE(error_of(question).find("up to 1024 can be simulated"), std::string::npos);
}

}  // namespace
}  // namespace tutti::predict
