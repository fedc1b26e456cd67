// Every algorithm, forced in turn, between real processes on one node and on several: no wrong element.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "multiprocess/shell.hpp"

namespace tutti::test {
namespace {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr int kWorlds[] = {3};  // everything takes ten times as long
#else
constexpr int kWorlds[] = {2, 3, 5, 8, 16};
#endif
constexpr const char* kRight = "# Out of bounds values : 0 OK\n";
constexpr const char* kSweep = " -b 4 -e 64K -f 128 -n 1 -w 0 -d float,bfloat16";

std::string forced(const std::string& collective, const std::string& way, const std::string& ranks) {
  return "TUTTI_ALGO='" + collective + ":" + way + "' tutti run -n " + ranks + " --timeout 300s -- tutti perf " +
         collective + (collective == "barrier" ? "" : kSweep);
}

void expect_right(const Outcome& outcome, bool counts) {
  EXPECT_EQ(outcome.code, 0) << outcome.out.substr(0, 2000) << outcome.err;
  EXPECT_TRUE(!counts || outcome.out.find(kRight) != std::string::npos) << outcome.out << outcome.err;
}

class ForcedRanks : public testing::TestWithParam<int> {};

TEST_P(ForcedRanks, EveryAlgorithmIsRight) {
  const auto info = nlohmann::json::parse(run("tutti info --json").out);
  std::size_t ran = 0;
  for (const auto& algorithm : info.at("algorithms")) {
    const auto collective = algorithm.at("collective").get<std::string>();
    const auto name = algorithm.at("name").get<std::string>();
    SCOPED_TRACE(collective + ":" + name);
    const Outcome outcome = run(forced(collective, name, std::to_string(GetParam())));
    const bool is_power = (GetParam() & (GetParam() - 1)) == 0;
    if (!is_power && outcome.code != 0) {
      EXPECT_NE(outcome.err.find("needs a power of two"), std::string::npos) << outcome.err;
      continue;
    }
    expect_right(outcome, collective != "barrier");
    ++ran;
  }
  EXPECT_GT(ran, 40U);
}

INSTANTIATE_TEST_SUITE_P(Ranks, ForcedRanks, testing::ValuesIn(kWorlds),
                         [](const auto& test) { return "over" + std::to_string(test.param); });

TEST(ForcedWays, OverLevelsAreRightBetweenNodes) {
  const std::pair<const char*, const char*> ways[] = {{"all_reduce", "two_shot>ring/2"},
                                                      {"all_reduce", "3*circulant>ring|ring@1>circulant@0"},
                                                      {"all_reduce", "double_tree"},
                                                      {"all_reduce", "bidirectional_ring/4"},
                                                      {"all_reduce", "one_shot>one_shot"},
                                                      {"all_reduce", "bucket"},
                                                      {"reduce_scatter", "direct>ring"},
                                                      {"all_gather", "circulant>ring"},
                                                      {"broadcast", "scatter_direct>binomial"},
                                                      {"reduce", "circulant_gather>chain"},
                                                      {"gather", "binomial>linear"},
                                                      {"scatter", "linear>binomial"},
                                                      {"all_to_all", "rail"}};
  for (const auto& [collective, way] : ways) {
    SCOPED_TRACE(std::string(collective) + ":" + way);
    expect_right(run(forced(collective, way, "6 --nodes 2")), true);
  }
}

TEST(ForcedWays, OverUnevenNodesAreRight) {
  const std::pair<const char*, const char*> ways[] = {{"all_reduce", "circulant>circulant"},
                                                      {"all_reduce", "binomial>two_shot"},
                                                      {"reduce_scatter", "ring>direct"},
                                                      {"all_gather", "bruck(3)>ring"}};
  for (const auto& [collective, way] : ways) {
    SCOPED_TRACE(std::string(collective) + ":" + way);
    expect_right(run(forced(collective, way, "8 --nodes 1,7")), true);
  }
}

TEST(ForcedWays, ThatDoNotFitAreRefusedWithTheReason) {
  const Outcome outcome = run(forced("all_reduce", "ring@1>ring@0", "4 --nodes 1,3"));
  EXPECT_NE(outcome.code, 0);
  EXPECT_NE(outcome.err.find("regular levels"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace tutti::test
