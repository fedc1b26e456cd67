// What `tutti sim` answers: rows, data, traces, plots and errors.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tools/sim/document.hpp"
#include "tools/sim/plot.hpp"
#include "tools/sim/rehearse.hpp"
#include "tools/sim/report.hpp"
#include "tools/sim/trace.hpp"

namespace tutti::predict {
namespace {

Question ask(const char* collective, const char* levels, const char* sizes) {
  Question question;
  question.call.collective = collective;
  question.cluster.levels = levels;
  question.sizes = sizes;
  return question;
}

Rehearsal rehearsed(const Question& question) {
  auto rehearsal = rehearse(question, [](const std::string&, double) {});
  EXPECT_TRUE(rehearsal) << rehearsal.error().text;
  return std::move(*rehearsal);
}

std::string error_of(const Question& question) {
  const auto rehearsal = rehearse(question, [](const std::string&, double) {});
  return rehearsal ? "" : rehearsal.error().text;
}

TEST(Sim, ARowForEverySizeWithBandwidthsOfItsTime) {
  const auto rehearsal = rehearsed(ask("all_reduce", "8x4", "1K:1M"));
  ASSERT_EQ(rehearsal.rows.size(), 11U);
  for (const Row& row : rehearsal.rows) {
    EXPECT_NEAR(row.algbw_GBps, static_cast<double>(row.bytes) / row.time_us * 1e-3, 1e-9);
    EXPECT_NEAR(row.busbw_GBps, row.algbw_GBps * 2 * 31 / 32, 1e-9);
    EXPECT_GT(row.time_us, 0);
    EXPECT_FALSE(row.replanned);
  }
}

TEST(Sim, EveryCollectiveHasAnAnswer) {
  for (const plan::Collective collective : plan::kCollectives) {
    const auto rehearsal = rehearsed(ask(std::string(to_string(collective)).c_str(), "4x3", "64K"));
    ASSERT_EQ(rehearsal.rows.size(), 1U);
    EXPECT_GT(rehearsal.rows.front().time_us, 0) << to_string(collective);
  }
}

TEST(Sim, TheDocumentHasWhatItsSchemaPromises) {
  Question question = ask("all_reduce", "8x4", "1M");
  question.failures = {"nic:3"};
  question.use = true;
  const auto rehearsal = rehearsed(question);
  const auto document = document_of(question, rehearsal, {.wall_ms = 1, .peak_rss_MB = 2});
  EXPECT_EQ(document["schema"], "tutti.sim/1");
  for (const char* const key : {"collective", "ranks", "fabric", "rows", "wall_ms", "peak_rss_MB", "what_if"})
    EXPECT_TRUE(document.contains(key)) << key;
  for (const char* const key : {"bytes", "time_us", "algbw_GBps", "busbw_GBps", "bound_us", "rounds", "slower", "use"})
    EXPECT_TRUE(document["rows"][0].contains(key)) << key;
  EXPECT_GE(document["rows"][0]["slower"].get<double>(), 1);
}

TEST(Sim, TheTraceIsJsonWithAnEventForEveryTaskOfTheRanksThatAreSimulated) {
  Question question = ask("all_reduce", "4x2", "1M");
  question.unfolded = true;
  question.spans = true;
  const auto rehearsal = rehearsed(question);
  const auto trace = nlohmann::json::parse(trace_of(rehearsal));
  EXPECT_EQ(trace["traceEvents"].size(), rehearsal.rows.front().outcome.tasks);
  for (const auto& event : trace["traceEvents"]) EXPECT_GE(event["dur"].get<double>(), 0);
}

TEST(Sim, ThePlotHasAllRows) {
  const auto rehearsal = rehearsed(ask("all_reduce", "4x2", "1K:4K"));
  const std::string script = plot_script("it's.svg", rehearsal);
  for (const char* const part : {"'it''s.svg'", "\n1024 ", "\n2048 ", "\n4096 ", "bound"})
    EXPECT_NE(script.find(part), std::string::npos) << part;
}

TEST(Sim, WhatIsForcedMayBeOfAnyLength) {
  Question question = ask("all_reduce", "5000", "1M");
  question.algo = "ring";
  const auto rehearsal = rehearsed(question);
  EXPECT_EQ(rehearsal.rows.front().rounds, 2U * 4999);
  EXPECT_EQ(rehearsal.rows.front().outcome.classes, 1);
}

TEST(Sim, SaysWhatIsWrong) {
  const auto with = [](const auto& change) {
    Question question = ask("all_reduce", "8x4", "1M");
    change(question);
    return error_of(question);
  };
  const auto says = [](const std::string& error, const char* what) { return error.find(what) != std::string::npos; };
  EXPECT_TRUE(says(with([](Question& q) { q.sizes = "1M:1K"; }), "below the first"));
  EXPECT_TRUE(says(with([](Question& q) { q.sizes = "0"; }), "1 to 2^60"));
  EXPECT_TRUE(says(with([](Question& q) { q.sizes = "2097152T"; }), "1 to 2^60"));
  EXPECT_TRUE(says(with([](Question& q) { q.routing = "magic"; }), "ideal, adaptive, ecmp"));
  EXPECT_TRUE(says(with([](Question& q) { q.failures = {"cable:1"}; }), "nic, rail, leaf, plane, node"));
  EXPECT_TRUE(says(with([](Question& q) { q.stragglers = {"32:2"}; }), "0 to 31"));
  EXPECT_TRUE(says(with([](Question& q) { q.oversubscribed = {"7:2"}; }), "levels are 0, 1"));
  EXPECT_TRUE(says(with([](Question& q) { q.algo = "no_such_way"; }), "no_such_way"));
  EXPECT_TRUE(says(with([](Question& q) { q.plan_file = "/nonexistent.json"; }), "/nonexistent.json"));
  EXPECT_TRUE(says(with([](Question& q) { q.call.collective = "all_produce"; }), "all_produce"));
}

}  // namespace
}  // namespace tutti::predict
