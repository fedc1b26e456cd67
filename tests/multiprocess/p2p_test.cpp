// `tutti perf p2p` between real processes: over each transport, among idle ranks, and with wrong arguments.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "multiprocess/shell.hpp"

namespace tutti::test {
namespace {

constexpr const char* kRight = "# Out of bounds values : 0 OK\n";
constexpr const char* kSweep = " -b 0 -e 4M -f 16 -n 3 -w 1";

void expect_right(const Outcome& outcome) {
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_NE(outcome.out.find(kRight), std::string::npos) << outcome.out << outcome.err;
}

class P2pOver : public testing::TestWithParam<const char*> {};

TEST_P(P2pOver, EveryModeIsRightAndTheDocumentNamesThePath) {
  const std::string transport = GetParam();
  Folder folder;
  const std::string nodes = transport == "shm" ? "" : " --nodes 2";
  const auto outcome = run("TUTTI_TRANSPORTS=" + transport + " tutti run -n 2" + nodes + " -- tutti perf p2p" + kSweep +
                           " -J " + folder.file("p2p.json"));
  expect_right(outcome);
  EXPECT_NE(outcome.out.find("# Path " + transport), std::string::npos) << outcome.out;
  const auto json = nlohmann::json::parse(read_file(folder.file("p2p.json")), nullptr, false);
  ASSERT_TRUE(json.is_object());
  EXPECT_EQ(json["schema"], "tutti.p2p/1");
  EXPECT_EQ(json["transports"], nlohmann::json({transport}));
  ASSERT_EQ(json["paths"].size(), 1U);
  EXPECT_EQ(json["paths"][0].get<std::string>().find(transport), 0U);
  EXPECT_EQ(json["same_node"], transport == "shm");
  ASSERT_EQ(json["rows"].size(), 7U);  // 0, 1, 16, 256, 4K, 64K, 1M
  for (const auto& row : json["rows"]) {
    EXPECT_EQ(row["wrong"], 0);
    EXPECT_GT(row["latency_us"]["p50"], 0);
    EXPECT_GE(row["latency_us"]["p99"], row["latency_us"]["min"]);
    EXPECT_EQ(row["bandwidth_GBps"] > 0, row["bytes"] > 0);
    EXPECT_EQ(row["bidirectional_GBps"] > 0, row["bytes"] > 0);
    EXPECT_GT(row["messages_per_s"], 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Transports, P2pOver, testing::Values("shm", "ucx", "ofi"),
                         [](const auto& test) { return std::string(test.param); });

TEST(P2p, IsBetweenTheRanksThatWereNamedWhileTheOthersWait) {
  Folder folder;
  const auto outcome = run("tutti run -n 5 --nodes 2 -- tutti perf p2p --mode rate,latency --from 4 --to 1 -J " +
                           folder.file("p2p.json") + kSweep);
  expect_right(outcome);
  EXPECT_NE(outcome.out.find("# From rank 4 "), std::string::npos) << outcome.out;
  const auto json = nlohmann::json::parse(read_file(folder.file("p2p.json")), nullptr, false);
  ASSERT_TRUE(json.is_object());
  EXPECT_EQ(json["ranks"], 5);
  EXPECT_EQ(json["from"]["rank"], 4);
  EXPECT_EQ(json["to"]["rank"], 1);
  EXPECT_EQ(json["modes"], nlohmann::json({"rate", "latency"}));
  EXPECT_FALSE(json["rows"][0].contains("bandwidth_GBps"));
}

TEST(P2p, RanksThatWaitDoSoLongerThanACallMayTake) {
  const auto outcome =
      run("TUTTI_TIMEOUT=1s tutti run -n 3 -- tutti perf p2p --mode latency -b 4M -e 4M -n 3000 -w 0 --to 1");
  expect_right(outcome);
  EXPECT_GT(outcome.took, std::chrono::seconds(1)) << "too short to prove anything: more iterations are needed";
}

TEST(P2p, ExitCodeAndCountTellWrongBytesInEveryMode) {
  for (const char* mode : {"latency", "bandwidth", "bidirectional", "rate"}) {
    const auto outcome =
        run("tutti run -n 2 -- " TUTTI_CORRUPTED_PERF " p2p -b 64 -e 64 -n 1 -w 0 --mode " + std::string(mode));
    EXPECT_EQ(outcome.code, 1) << mode;
    EXPECT_NE(outcome.out.find("FAILED"), std::string::npos) << mode << outcome.out << outcome.err;
  }
}

TEST(P2p, IsStartedByMpirun) {
  if (!has_program("mpirun.openmpi")) GTEST_SKIP() << "mpirun.openmpi is not installed";
  expect_right(run(
      "OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 mpirun.openmpi --oversubscribe -n 3 tutti perf p2p" +
      std::string(kSweep)));
}

TEST(P2p, RefusesWrongCallsWithTwo) {
  for (const char* rest : {"--mode fast", "--mode latency,", "--from 2", "--to -1", "--from 1", "--from 1 --to 1",
                           "-b 2 -e 1", "-b 1Q", "-n 0", "-f 1", "--window 0", "all_reduce"}) {
    const auto outcome = run(std::string("tutti run -n 2 -- tutti perf p2p ") + rest);
    EXPECT_EQ(outcome.code, 2) << rest << outcome.err;
    EXPECT_FALSE(outcome.err.empty());
  }
  const auto alone = run("tutti perf p2p");
  EXPECT_EQ(alone.code, 2);
  EXPECT_NE(alone.err.find("tutti run -n 2"), std::string::npos) << alone.err;
  const auto before = run("tutti perf -b 8 p2p");
  EXPECT_EQ(before.code, 2);
  EXPECT_NE(before.err.find("goes behind p2p"), std::string::npos) << before.err;
}

TEST(P2p, RefusesAFileThatCannotBeWrittenBeforeItMeasures) {
  const auto outcome = run("tutti run -n 2 -- tutti perf p2p -b 1 -e 1 -n 1 -J /no/such/folder/p2p.json");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.err.find("/no/such/folder/p2p.json"), std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.out.find("#wrong"), std::string::npos) << outcome.out;
}

}  // namespace
}  // namespace tutti::test
