// Experts in parallel between real processes: `tutti perf moe` checks every row and result itself, and the example
// compares forward and backward with one rank.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <csignal>
#include <fstream>
#include <thread>

#include "multiprocess/shell.hpp"

namespace tutti::test {
namespace {

constexpr const char* kBatch = " --tokens 40 --hidden 300 --experts 10 --topk 3 -n 3 -w 1";

void expect_right(const Outcome& outcome) {
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_NE(outcome.out.find("# Results : OK"), std::string::npos) << outcome.out << outcome.err;
}

nlohmann::json document(const Folder& folder) {
  return nlohmann::json::parse(read_file(folder.file("moe.json")), nullptr, false);
}

class MoeOver : public testing::TestWithParam<const char*> {};

TEST_P(MoeOver, EveryRoutingAndRouteIsRightAndTheDocumentSaysWhatItTook) {
  const std::string transports = GetParam();
  for (const std::string route : {"direct", "hierarchical", "auto"}) {
    Folder folder;
    const std::string nodes = transports == "shm" ? "" : " --nodes 2";
    const auto outcome =
        run("TUTTI_TRANSPORTS=" + transports + " tutti run -n 5" + nodes + " -- tutti perf moe --routing all --route " +
            route + kBatch + " -J " + folder.file("moe.json"));
    expect_right(outcome);
    const auto json = document(folder);
    ASSERT_TRUE(json.is_object()) << outcome.out;
    EXPECT_EQ(json["schema"], "tutti.moe/1");
    EXPECT_EQ(json["ranks"], 5);
    ASSERT_EQ(json["rows"].size(), 5U);
    for (const auto& row : json["rows"]) {
      EXPECT_TRUE(row["ok"]);
      EXPECT_GT(row["dispatch_us"]["p50"], 0);
      EXPECT_GE(row["combine_us"]["p99"], row["combine_us"]["p50"]);
      EXPECT_GE(row["amp"], 1);
      EXPECT_GT(row["bound_us"], 0);
      if (nodes.empty()) {
        EXPECT_EQ(row["route"], "none");
      } else if (route != "auto") {
        EXPECT_EQ(row["route"], route);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Transports, MoeOver, testing::Values("shm", "shm,ucx", "shm,ofi", "ucx"),
                         [](const auto& test) {
                           std::string name = test.param;
                           for (char& c : name) c = c == ',' ? '_' : c;
                           return name;
                         });

TEST(Moe, EveryTypeOnTheWireIsRightWithinItsError) {
  for (const char* wire : {"float", "half", "bfloat16", "f8"}) {
    for (const char* type : {"float", "half", "bfloat16"}) {
      expect_right(run("tutti run -n 3 -- tutti perf moe" + std::string(kBatch) + " -d " + type + " --wire " + wire));
    }
  }
}

TEST(Moe, RowsThatAreMoreThanCachesHoldAreRight) {
  expect_right(run("tutti run -n 3 -- tutti perf moe --tokens 1200 --hidden 8192 --experts 6 --topk 2 -n 1 -w 0"));
}

TEST(Moe, SendsEachRowToANodeOnceWithHeadersOfTwoPercent) {
  Folder folder;
  expect_right(
      run("tutti run -n 6 --nodes 3 -- tutti perf moe --routing all --route hierarchical --tokens 64 --hidden 4096 "
          "--experts 24 --topk 6 -n 2 -w 0 -J " +
          folder.file("moe.json")));
  const auto json = document(folder);
  for (const auto& row : json["rows"]) {
    EXPECT_LE(row["amp"], 1.02) << row["routing"];
    EXPECT_GE(row["amp"], 1.0) << row["routing"];
  }
}

TEST(Moe, ReplaysAFileAndNamesTheLineThatIsWrong) {
  Folder folder;
  const std::string routes = folder.file("routes.txt");
  std::ofstream(routes) << "0 1 2\n3\n\n9,8\n";
  const std::string command = "tutti run -n 3 -- tutti perf moe --routing replay --replay " + routes + kBatch;
  expect_right(run(command));
  std::ofstream(routes, std::ios::app) << "1 10\n";
  const auto outcome = run(command);
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find(routes + ":5: '10' is no expert of 10"), std::string::npos) << outcome.err;
}

TEST(Moe, RefusesWrongCallsWithTwo) {
  for (const char* rest : {"--routing fast", "--routing replay", "--topk 0", "--topk 9 --experts 8", "--tokens -1",
                           "--sigma -1", "--wire int8", "--route up", "-J", "all_reduce"}) {
    const auto outcome = run(std::string("tutti run -n 2 -- tutti perf moe ") + rest);
    EXPECT_EQ(outcome.code, 2) << rest << outcome.err;
    EXPECT_FALSE(outcome.err.empty()) << rest;
  }
}

TEST(Moe, ARankThatDiesIsNamedAndNobodyHangs) {
  Command job(
      "TUTTI_TIMEOUT=5s tutti run -n 3 -- tutti perf moe --tokens 256 --hidden 1024 --experts 6 --topk 2 -n 1000000 -w "
      "0");
  ASSERT_TRUE(job.says("#     routing", std::chrono::seconds(20)));
  const auto pids = pids_in(job.out());
  ASSERT_EQ(pids.size(), 3U);
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  ASSERT_EQ(::kill(pids[2], SIGKILL), 0);
  const auto outcome = job.wait();
  EXPECT_NE(outcome.code, 0);
  EXPECT_LT(outcome.took, std::chrono::seconds(25));
  EXPECT_NE(outcome.err.find("rank 2"), std::string::npos) << outcome.err;
}

TEST(MoeLayer, IsTheSameForwardAndBackwardAsOnOneRank) {
  for (const char* job : {"-n 1", "-n 4", "-n 6 --nodes 2", "-n 5 --nodes 3"}) {
    for (const char* shape : {"8 100", "3 7", "17 1"}) {
      const auto outcome = run(std::string("tutti run ") + job + " -- moe_layer " + shape);
      EXPECT_EQ(outcome.code, 0) << job << outcome.out << outcome.err;
      EXPECT_NE(outcome.out.find("are the same as on one rank"), std::string::npos) << outcome.out;
    }
  }
}

}  // namespace
}  // namespace tutti::test
