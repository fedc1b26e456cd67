// What `tutti plan` answers: figures, reports, data and pictures.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "plan/axis.hpp"
#include "plan/way.hpp"
#include "tools/plan/answer.hpp"
#include "tools/plan/document.hpp"
#include "tools/plan/messages.hpp"
#include "tools/plan/picture.hpp"
#include "tools/plan/report.hpp"
#include "tools/text/figures.hpp"

namespace tutti::explain {
namespace {

Question ask(const char* collective, const char* bytes, std::int64_t ranks, const char* levels = "",
             const char* algo = "") {
  Question question;
  question.call.collective = collective;
  question.call.bytes = bytes;
  question.cluster.ranks = ranks;
  question.cluster.levels = levels;
  question.algo = algo;
  return question;
}

Answer answered(const Question& question) {
  auto answer = find_answer(question);
  EXPECT_TRUE(answer) << (answer ? "" : answer.error().text);
  return std::move(*answer);
}

std::string error_of(const Question& question) {
  const auto answer = find_answer(question);
  return answer ? "" : answer.error().text;
}

// A site of so many ranks on one node of two cores, with links that nobody assumes.
plan::TuningTable measured_on(std::int32_t ranks) {
  const auto levels = *topology::Levels::parse(std::to_string(ranks));
  plan::TuningTable table;
  table.at(plan::Site::of(levels, 1, "shm", "a model", 2)).links = topology::MeasuredLinks{
      .levels = {{.latency_us = 7, .overhead_us = 1, .bandwidth_GBps = 3}}, .reduce_GBps = 8, .copy_GBps = 9};
  return table;
}

TEST(Plan, OfRanksOnThisMachineIsThatOfAJob) {
  Question question = ask("all_reduce", "256K", 2);
  question.cluster.cores = 2;
  const Answer answer = answered(question);
  const auto job = topology::fabric_of(topology::Layout::regular(1, 2), {.cores = 2});
  EXPECT_EQ(answer.world.fabric.link(0).latency_us, job.link(0).latency_us);
  EXPECT_EQ(answer.world.fabric.link(0).exchange, job.link(0).exchange);
  const auto chosen = plan::select({.collective = plan::Collective::all_reduce, .count = 65536}, job, {});
  EXPECT_EQ(way_of(answer.plan()), way_of(chosen->plan));
  const std::string text = report(answer);
  EXPECT_NE(text.find("a job on this machine, whose 2 cores"), std::string::npos) << text;
  EXPECT_NE(text.find("ways are ranked by all four"), std::string::npos) << text;
  EXPECT_NE(text.find("in windows"), std::string::npos) << text;
}

TEST(Plan, OfRanksOnThisMachineGoesByWhatWasMeasuredForSuchJobs) {
  Question question = ask("all_reduce", "256K", 2);
  question.cluster.cores = 2;
  question.cluster.known = measured_on(2);
  EXPECT_EQ(answered(question).world.fabric.link(0).latency_us, 7);
  EXPECT_NE(report(answered(question)).find("links measured"), std::string::npos);
  question.cluster.cores = 1;
  EXPECT_NE(answered(question).world.fabric.link(0).latency_us, 7) << "measured with more cores";
  question.cluster.cores = 2;
  question.cluster.known = measured_on(4);
  EXPECT_NE(answered(question).world.fabric.link(0).latency_us, 7) << "measured with more ranks";
}

// Whether every element that is opened is closed in turn, and nothing reserved stands in the text.
bool is_well_formed(const std::string& xml) {
  std::vector<std::string> open;
  for (std::size_t at = xml.find('<'); at != std::string::npos; at = xml.find('<', at)) {
    const auto end = xml.find('>', at);
    if (end == std::string::npos) return false;
    const std::string tag = xml.substr(at + 1, end - at - 1);
    if (tag.find('<') != std::string::npos || std::count(tag.begin(), tag.end(), '"') % 2 != 0) return false;
    const std::string name = tag.substr(0, tag.find(' '));
    if (tag.starts_with("/")) {
      if (open.empty() || "/" + open.back() != tag) return false;
      open.pop_back();
    } else if (!tag.starts_with("?") && !tag.ends_with("/")) {
      open.push_back(name);
    }
    at = end + 1;
    const auto text_end = std::min(xml.find('<', at), xml.size());
    const std::string text = xml.substr(at, text_end - at);
    if (text.find('>') != std::string::npos) return false;
  }
  return open.empty() && xml.find("</svg>") != std::string::npos;
}

TEST(PlanCommand, ReachesTheCutOnALargeClusterWithAnAssumedHierarchy) {
  const auto document = document_of(answered(ask("all_reduce", "1G", 98304)));
  EXPECT_EQ(document["schema"], "tutti.plan/1");
  EXPECT_EQ(document["ranks"], 98304);
  EXPECT_EQ(document["bytes"], 1U << 30);
  EXPECT_GE(document["fraction_of_bound"], 0.95);
  EXPECT_LE(document["template_bytes"], 4096);
  EXPECT_LE(document["planning_ms"], 1000.0);
  EXPECT_EQ(document["levels"].size(), 2U);
  for (const char* const field :
       {"collective", "fabric", "plan", "levels", "rounds", "predicted_us", "candidates", "planning_ms"})
    EXPECT_TRUE(document.contains(field)) << field;
  EXPECT_TRUE(document["bound_us"].contains("latency") && document["bound_us"].contains("bandwidth"));
  EXPECT_FALSE(document["plan"]["stripes"].empty());
}

TEST(PlanCommand, TakesFewRoundsForSmallMessages) {
  for (const char* const levels : {"256x384", "8x32x12x32", "256*3+232", "7x5x3"}) {
    const auto answer = answered(ask("all_reduce", "8", 0, levels));
    int most = 0;
    for (int level = 0; level < answer.world.fabric.levels->depth(); ++level)
      most += 2 * plan::ceil_log2(answer.world.fabric.levels->width(level));
    EXPECT_LE(rounds_of(answer.plan()), static_cast<std::uint32_t>(most)) << levels;
  }
}

TEST(PlanCommand, AssumesSupernodesAndSaysSo) {
  const auto answer = answered(ask("all_reduce", "1M", 1000));
  EXPECT_EQ(answer.world.levels, "256*3+232");
  EXPECT_EQ(answer.world.fabric.ranks(), 1000);
  const auto text = report(answer);
  EXPECT_NE(text.find("supernodes of 256 ranks are assumed, the last one with 232"), std::string::npos) << text;
  EXPECT_NE(text.find("assumed)"), std::string::npos) << text;
}

TEST(PlanCommand, ShowsTheChoiceTheReasonsAndWhoWasRefused) {
  const auto text = report(answered(ask("all_reduce", "1M", 7)));
  for (const char* const word : {"way", "predicted", "bound", "why", "the next best", "refused because",
                                 "needs a power of two", "Rounds of one segment", "->"})
    EXPECT_NE(text.find(word), std::string::npos) << word << "\n" << text;
}

TEST(PlanCommand, NamesThePriceOfDeterminism) {
  auto question = ask("all_reduce", "1M", 8);
  question.call.deterministic = true;
  const auto answer = answered(question);
  ASSERT_TRUE(answer.free);
  EXPECT_GE(answer.selection.cost.total_us, answer.free->cost.total_us);
  EXPECT_NE(report(answer).find("deterministic costs"), std::string::npos);
  EXPECT_TRUE(document_of(answer).contains("deterministic"));
}

TEST(PlanCommand, RefusesWhatMakesNoSense) {
  EXPECT_NE(error_of(ask("all_reduced", "8", 4)).find("all_reduce, reduce"), std::string::npos);
  EXPECT_NE(error_of(ask("all_reduce", "8", 0)).find("--ranks"), std::string::npos);
  EXPECT_NE(error_of(ask("all_reduce", "", 4)).find("--bytes"), std::string::npos);
  for (const char* const bytes : {"0", "-1", "1Z", "99999999999T", "8388608T", "x"})
    EXPECT_NE(error_of(ask("all_reduce", bytes, 4)), "") << bytes;
  for (const char* const levels : {"4y", "0x4", "4x", "99999x99999", "3x3"})
    EXPECT_NE(error_of(ask("all_reduce", "8", 4, levels)), "") << levels;
  EXPECT_NE(error_of(ask("all_reduce", "8", 4, "", "rong")).find("circulant"), std::string::npos);
  EXPECT_NE(error_of(ask("all_reduce", "8", 7, "", "rabenseifner")).find("--algo"), std::string::npos);
  EXPECT_NE(error_of(ask("all_reduce", "8", 4, "", "ring;reduce:chain")), "");
  auto root = ask("reduce", "8", 4);
  root.call.root = 4;
  EXPECT_NE(error_of(root).find("0 to 3"), std::string::npos);
}

Question ask_preset(const char* collective, const char* bytes, const char* preset) {
  Question question = ask(collective, bytes, 0);
  question.cluster.preset = preset;
  return question;
}

TEST(PlanCommand, ChangesItsMindBetweenPresetsAndSaysWhy) {
  std::set<std::string> ways;
  std::set<std::string> reasons;
  for (const char* const preset : {"laptop", "cloud-tcp", "tianchi-512", "tpu-v4", "meta-roce-24k", "baidu-hpn-100k"}) {
    const auto answer = answered(ask_preset("all_reduce", "64M", preset));
    ways.insert(plan::way_of(answer.plan()));
    reasons.insert(answer.selection.reason);
    const auto text = report(answer);
    EXPECT_NE(text.find("why"), std::string::npos) << preset;
    EXPECT_NE(text.find(std::string("of ") + preset), std::string::npos) << text.substr(0, 300);
  }
  EXPECT_GE(ways.size(), 3U);
  EXPECT_EQ(reasons.size(), 6U);
}

TEST(PlanCommand, NamesTheNumbersThatAreAssumedAndWhereTheNetworkIsNarrow) {
  const auto answer = answered(ask_preset("all_reduce", "1G", "meta-roce-24k"));
  const auto text = report(answer);
  EXPECT_NE(text.find("this rests on numbers that are assumed"), std::string::npos) << text;
  EXPECT_NE(text.find("7 times less than they can send"), std::string::npos) << text;
  const auto document = document_of(answer);
  EXPECT_EQ(document["fabric"], "meta-roce-24k");
  EXPECT_EQ(document["levels"][3]["name"], "cluster");
  EXPECT_FALSE(document["assumed"].empty());
  for (const auto& one : document["assumed"]) EXPECT_FALSE(one["source"].get<std::string>().empty());
}

TEST(PlanCommand, CutsADescribedFabricToItsFirstRanks) {
  auto question = ask_preset("all_reduce", "1M", "dgx-superpod-h100");
  question.cluster.ranks = 100;
  const auto answer = answered(question);
  EXPECT_EQ(answer.world.fabric.ranks(), 100);
  EXPECT_EQ(answer.world.levels, "8*12+4*1x13*1");
  question.cluster.ranks = 20000;
  EXPECT_NE(error_of(question).find("dgx-superpod-h100 has 16384"), std::string::npos) << error_of(question);
}

TEST(PlanCommand, RefusesContradictoryAndUnknownDescriptions) {
  auto question = ask_preset("all_reduce", "1M", "laptop");
  question.cluster.levels = "4x4";
  EXPECT_NE(error_of(question).find("give one of them"), std::string::npos);
  EXPECT_NE(error_of(ask_preset("all_reduce", "1M", "lapdog")).find("nearest is laptop"), std::string::npos);
  question = ask("all_reduce", "1M", 0);
  question.cluster.fabric = "/nowhere/at.all";
  EXPECT_NE(error_of(question).find("/nowhere/at.all"), std::string::npos);
}

TEST(PlanCommand, RoundsBlocksUpToWholeElements) {
  EXPECT_EQ(answered(ask("all_gather", "1", 6)).bytes, 24);
  EXPECT_EQ(answered(ask("all_reduce", "1", 6)).bytes, 4);
  EXPECT_EQ(answered(ask("barrier", "", 6)).bytes, 0);
}

TEST(PlanCommand, DrawsEveryCollectiveAndSize) {
  for (const auto collective : plan::kCollectives) {
    for (const char* const levels : {"1", "2", "5", "4x3", "3+5", "64", "16x16", "256*3+232"}) {
      const std::string name(to_string(collective));
      const auto answer = answered(ask(name.c_str(), "64K", 0, levels));
      EXPECT_TRUE(is_well_formed(draw(answer))) << name << " on " << levels;
      EXPECT_FALSE(report(answer).empty());
    }
  }
  EXPECT_TRUE(is_well_formed(draw(answered(ask("all_reduce", "1M", 0, "4x3", "2*ring>circulant|ring@1>circulant@0")))));
  EXPECT_FALSE(is_well_formed("<svg><g></svg>"));
}

TEST(PlanCommand, ListsEachMessageWithItsRoundAndLevel) {
  const auto answer = answered(ask("all_reduce", "1M", 0, "2x2", "circulant>ring"));
  const auto messages = messages_of(answer.plan(), 1);
  ASSERT_EQ(messages.size(), 4U);
  const std::pair<std::int32_t, int> expected[] = {{0, 0}, {3, 1}, {3, 1}, {0, 0}};
  for (std::size_t i = 0; i < messages.size(); ++i) {
    EXPECT_EQ(messages[i].round, i);
    EXPECT_EQ(messages[i].to, expected[i].first);
    EXPECT_EQ(messages[i].level, expected[i].second);
  }
  EXPECT_DOUBLE_EQ(messages[0].share, 0.5);
  EXPECT_DOUBLE_EQ(messages[1].share, 0.25);
}

TEST(Figures, HaveThreeDigitsAndAUnit) {
  EXPECT_EQ(text::time(0.5), "0.50 us");
  EXPECT_EQ(text::time(12345), "12.3 ms");
  EXPECT_EQ(text::bytes(1536), "1.50 KiB");
  EXPECT_EQ(text::bytes(1 << 30), "1 GiB");
  EXPECT_EQ(text::per_cent(0.953), "95.3 %");
}

}  // namespace
}  // namespace tutti::explain
