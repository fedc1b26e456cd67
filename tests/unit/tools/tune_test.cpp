// Who is probed with whom, and what choices are called elsewhere.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "tools/tune/exporting.hpp"
#include "tools/tune/pairing.hpp"
#include "tools/tune/rates.hpp"

namespace tutti::tune {
namespace {

using topology::Levels;

TEST(Pairs, OfALevelMeetThereAndHoldNobodyTwice) {
  for (const char* const text : {"2", "5", "4x2", "2x3x4", "3+5+8*2", "1+4"}) {
    const Levels levels = *Levels::parse(text);
    for (int level = 0; level < levels.depth(); ++level) {
      const auto pairs = all_pairs(levels, level);
      ASSERT_FALSE(pairs.empty()) << text << " level " << level;
      EXPECT_EQ(one_pair(levels, level).size(), 1U);
      std::set<int> seen;
      for (const auto& [one, other] : pairs) {
        EXPECT_TRUE(seen.insert(one).second);
        EXPECT_TRUE(seen.insert(other).second);
        EXPECT_LT(std::max(one, other), levels.ranks());
        if (level == 0) continue;
        // Not in one unit: of the first positions of units, another one comes between them.
        const auto unit_of = [&](int rank) {
          std::int32_t unit = 0;
          while (levels.first_position(level - 1, unit + 1) <= levels.position_of(Rank{rank})) ++unit;
          return unit;
        };
        EXPECT_NE(unit_of(one), unit_of(other)) << text;
      }
    }
  }
  EXPECT_EQ(all_pairs(*Levels::parse("4x2"), 1).size(), 4U);
  EXPECT_EQ(all_pairs(*Levels::parse("5"), 0).size(), 2U);
}

Handling handling_of(double call, double round) {
  Handling handling{.one_round_us = call + round, .two_rounds_us = call + 2 * round};
  for (std::size_t i = 0; i < handling.exchange.size(); ++i) {
    handling.exchange[i] = call + round + topology::MessageTimes::kBytes[i] / 5e3;
    handling.window[i] = call + round + topology::MessageTimes::kBytes[i] / 20e3;
  }
  handling.exchanged_us = 50;
  handling.combined_us = 60;
  handling.stored_us = 70;
  handling.copied_us = 25;
  return handling;
}

TEST(Handling, ComesApartIntoCallRoundAndBytes) {
  const Handling handling = handling_of(0.2, 0.1);
  const auto level = handling.level(0.01);
  EXPECT_NEAR(handling.call_us(), 0.2, 1e-9);
  EXPECT_NEAR(level.latency_us + 2 * level.overhead_us, 0.1, 1e-9);
  EXPECT_NEAR(level.overhead_us, 0.01, 1e-9);
  EXPECT_NEAR(handling.level(5).overhead_us, 0.04, 1e-9) << "no more than most of a round";
  EXPECT_NEAR(level.exchange.of(1 << 20), (1 << 20) / 5e3, 1e-6);
  EXPECT_NEAR(level.window.of(1 << 20), (1 << 20) / 20e3, 1e-6);
  EXPECT_NEAR(level.bandwidth_GBps, 5, 1e-6);
  EXPECT_NEAR(handling.combine_GBps(), Handling::kHandled / 5e3, 1e-6) << "two passes";
  EXPECT_NEAR(handling.reduce_GBps(), Handling::kHandled / 20e3, 1e-6);
}

TEST(Handling, MoreBytesNeverTakeLessAndNothingIsBelowZero) {
  Handling handling = handling_of(0.2, 0.1);
  handling.exchange[4] = 0.1;     // less than a round of nothing
  handling.two_rounds_us = 0.05;  // less than one
  handling.combined_us = 40;      // less than the exchange alone
  const auto level = handling.level(0.01);
  for (std::size_t i = 1; i < level.exchange.us.size(); ++i) EXPECT_GE(level.exchange.us[i], level.exchange.us[i - 1]);
  EXPECT_GE(level.latency_us, 0);
  EXPECT_GE(level.overhead_us, 0);
  EXPECT_GT(handling.combine_GBps(), 0);
}

TEST(Handling, AShortCallThatWasDisturbedTakesNothingFromLongOnes) {
  Handling handling = handling_of(0.2, 0.1);
  handling.one_round_us = 5000;
  const auto level = handling.level(0.01);
  EXPECT_GT(level.exchange.of(1 << 18), 50);
  EXPECT_LT(level.latency_us, 1);
}

TEST(Handling, TheBestOfEachNumberCountsAndWhatIsUnknownDoesNot) {
  Handling best = handling_of(0.2, 0.1);
  Handling other = handling_of(0.1, 0.2);
  other.window = {};
  best.improve(other);
  EXPECT_NEAR(best.two_rounds_us, 0.4, 1e-9);
  EXPECT_NEAR(best.one_round_us, 0.3, 1e-9);
  EXPECT_GT(best.window[0], 0);
  EXPECT_NEAR(Handling::middle({handling_of(1, 1), handling_of(2, 1), handling_of(9, 1)}).one_round_us, 3, 1e-9);
}

TEST(Handling, ARoundIsTheDifferenceOfCallsThatWereSeenTogether) {
  Handling best = handling_of(0.3, 0.2);
  best.improve(handling_of(0.45, 0.06));  // one round takes longer here, and two take less: not both can be right
  const auto level = best.level(0.01);
  EXPECT_NEAR(level.latency_us + 2 * level.overhead_us, 0.06, 1e-9);
  best.improve(handling_of(0.2, 0.1));
  EXPECT_NEAR(best.two_rounds_us - best.one_round_us, 0.1, 1e-9);
}

TEST(Handling, ARoundIsNoVanishingPartOfACall) {
  Handling handling = handling_of(0.3, 0.1);
  handling.two_rounds_us = handling.one_round_us + 0.009;  // as was answered once
  const auto level = handling.level(0.01);
  EXPECT_GE(level.latency_us + 2 * level.overhead_us, 0.04);
  EXPECT_NEAR(handling.call_us() + level.latency_us + 2 * level.overhead_us, 0.4, 1e-9);
}

class Exports : public testing::Test {
 protected:
  Exports() {
    fabric_.levels = std::make_shared<const Levels>(*Levels::parse("16"));
    fabric_ = *with_measured(
        fabric_, {.levels = {{2, 0.5, 5, 0, 0}}, .reduce_GBps = 8, .copy_GBps = 8, .probes = 3, .seconds = 1});
  }
  topology::Fabric fabric_;
  plan::Site site_ = plan::Site::of(*Levels::parse("16"), 1, "shm", "Model 7", 16);
};

TEST_F(Exports, NcclsTableHasTenFieldsALineAndNoGapBetweenSizes) {
  const auto table = nccl_table(site_, fabric_);
  ASSERT_TRUE(table);
  std::istringstream lines(*table);
  std::string last;
  std::uint64_t next = 0;
  std::set<std::string> collectives;
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LT(line.size(), 256U) << "the plug-in reads no longer ones";
    if (line.starts_with('#')) continue;
    std::vector<std::string> fields;
    std::istringstream parts(line);
    for (std::string field; std::getline(parts, field, ',');) fields.push_back(field);
    ASSERT_EQ(fields.size(), 10U) << line;
    if (fields[0] != last) next = 0;
    last = fields[0];
    collectives.insert(last);
    EXPECT_EQ(std::stoull(fields[1]), next) << line;
    next = std::stoull(fields[2]) + 1;
    EXPECT_TRUE(std::set<std::string>({"ring", "tree", "pat"}).contains(fields[3])) << line;
    EXPECT_TRUE(std::set<std::string>({"ll", "simple"}).contains(fields[4])) << line;
    EXPECT_EQ(fields[6] + "," + fields[7], "1,16");
  }
  EXPECT_EQ(collectives, std::set<std::string>({"allreduce", "allgather", "reducescatter", "broadcast", "reduce"}));
  EXPECT_NE(table->find("allreduce,0,"), std::string::npos);
  EXPECT_NE(table->find(",tree,ll,"), std::string::npos) << *table;
}

TEST_F(Exports, UccsScoresCoverAllSizesOfEachCollectiveOnce) {
  const auto scores = ucc_scores(fabric_);
  ASSERT_TRUE(scores);
  std::istringstream tokens(*scores);
  std::string end = "inf";
  for (std::string token; std::getline(tokens, token, '#');) {
    const auto colon = token.find(':');
    const auto dash = token.find('-', colon);
    const auto at = token.find(":@", dash);
    ASSERT_NE(at, std::string::npos) << token;
    const std::string begin = token.substr(colon + 1, dash - colon - 1);
    EXPECT_EQ(begin, end == "inf" ? "0" : end) << *scores;
    end = token.substr(dash + 1, at - dash - 1);
  }
  EXPECT_EQ(end, "inf");
  EXPECT_NE(scores->find("allreduce:0-"), std::string::npos) << *scores;
  EXPECT_NE(scores->find("-inf:@sra_knomial"), std::string::npos) << *scores;
}

}  // namespace
}  // namespace tutti::tune
