// Every collective, type and operator between real processes, checked bit by bit.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "multiprocess/shell.hpp"

namespace tutti::test {
namespace {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr const char* kSweep = " -b 1 -e 64K -f 16 -n 1 -w 0";  // everything takes ten times as long
constexpr const char* kCoarseSweep = kSweep;
#else
constexpr const char* kSweep = " -b 1 -e 1M -f 4 -n 1 -w 0";
constexpr const char* kCoarseSweep = " -b 1 -e 1M -f 16 -n 1 -w 0";
#endif
constexpr const char* kRight = "# Out of bounds values : 0 OK\n";

void expect_right(const Outcome& outcome) {
  EXPECT_EQ(outcome.code, 0) << outcome.out.substr(0, 3000) << outcome.err;
  EXPECT_NE(outcome.out.find(kRight), std::string::npos) << outcome.err;
}

std::string perf(int ranks, const std::string& rest) {
  return "tutti run -n " + std::to_string(ranks) + " --timeout 570s -- tutti perf " + rest;
}

class PerfRanks : public testing::TestWithParam<int> {};

TEST_P(PerfRanks, AllReduceIsRightForEveryTypeAndOperator) {
  expect_right(run(perf(GetParam(), std::string("all_reduce -d all -o all") + kSweep)));
}

TEST_P(PerfRanks, EveryOtherCollectiveIsRightForEveryType) {
  for (const char* collective : {"reduce -r all", "broadcast -r all", "reduce_scatter", "all_gather", "sendrecv"}) {
    SCOPED_TRACE(collective);
    expect_right(run(perf(GetParam(), std::string(collective) + " -d all -o sum,max" + kCoarseSweep)));
  }
}

TEST_P(PerfRanks, BlocksOfEqualAndOfDifferentLengthsAreRightForEveryType) {
  for (const char* collective : {"gather -r all", "scatter -r all", "all_to_all", "all_gather_v", "reduce_scatter_v",
                                 "gather_v -r all", "scatter_v -r all", "all_to_all_v"}) {
    SCOPED_TRACE(collective);
    expect_right(run(perf(GetParam(), std::string(collective) + " -b 1 -e 1M -f 64 -n 1 -w 0 -d float,uint8")));
  }
}

TEST_P(PerfRanks, BarrierEnds) {
  EXPECT_EQ(run(perf(GetParam(), "barrier")).code, 0);
}

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr int kWorlds[] = {1, 2, 5};
#else
constexpr int kWorlds[] = {1, 2, 3, 4, 7, 8};
#endif
INSTANTIATE_TEST_SUITE_P(Ranks, PerfRanks, testing::ValuesIn(kWorlds),
                         [](const auto& test) { return "over" + std::to_string(test.param); });

TEST(Perf, IsRightInWindowsAndWhereRanksReadEachOthersMemory) {
  const std::string sweep = " -b 8 -e 4M -f 8 -n 2 -d float,bfloat16,uint8 -o sum,max";
  for (const char* collective :
       {"all_reduce", "reduce_scatter", "all_gather", "broadcast", "gather", "alltoall", "sendrecv"}) {
    SCOPED_TRACE(collective);
    expect_right(run(perf(3, collective + sweep + " -R 1")));
    expect_right(run("TUTTI_SHM_READ=64 " + perf(3, collective + sweep)));
  }
}

TEST(Perf, IsRightOverUcxAlone) {
  const std::string sweep = " -b 8 -e 4M -f 8 -n 2 -d float,bfloat16,uint8 -o sum,max";
  for (const char* collective :
       {"all_reduce", "reduce_scatter", "all_gather", "sendrecv", "gather", "scatter", "alltoall", "all_gather_v",
        "reduce_scatter_v", "gather_v", "scatter_v", "all_to_all_v"}) {
    SCOPED_TRACE(collective);
    expect_right(run("TUTTI_TRANSPORTS=ucx " + perf(4, collective + sweep)));
  }
}

TEST(Perf, IsRightOverOfiAloneAndBetweenNodes) {
  const std::string sweep = " -b 8 -e 4M -f 8 -n 2 -d float,bfloat16 -o sum";
  for (const char* collective : {"all_reduce", "reduce_scatter", "all_gather", "alltoall", "all_to_all_v"}) {
    SCOPED_TRACE(collective);
    expect_right(run("TUTTI_TRANSPORTS=ofi " + perf(4, collective + sweep)));
  }
  const auto mixed =
      run("TUTTI_TRANSPORTS=shm,ofi tutti run -n 5 --nodes 2 -- tutti perf all_reduce -b 8 -e 4M -f 8 "
          "-n 2 -J /dev/stderr");
  expect_right(mixed);
  EXPECT_NE(mixed.err.find("\"ofi\""), std::string::npos) << "the document names no transport between nodes";
}

// What stands there is for the user: nothing that a library under us would like to say.
TEST(Perf, LeavesTheErrorOutputAloneWhenAllIsWell) {
  for (const char* transport : {"shm", "ucx", "ofi"}) {
    const auto outcome =
        run("TUTTI_TRANSPORTS=" + std::string(transport) + " tutti run -n 2 -- tutti perf all_reduce -b 8 -e 8 -n 2");
    expect_right(outcome);
    EXPECT_EQ(outcome.err, "") << transport;
  }
}

TEST(Perf, IsRightBetweenAndWithinNodes) {
  for (const char* nodes : {"2", "3", "1,4"}) {
    SCOPED_TRACE(nodes);
    const auto outcome = run("tutti run -n 5 --nodes " + std::string(nodes) +
                             " -- tutti perf all_reduce -b 8 -e 4M -f 8 -n 2 -d float,half -o sum,avg -J /dev/stderr");
    expect_right(outcome);
    EXPECT_NE(outcome.err.find("\"ucx\""), std::string::npos) << "the document names no transport between nodes";
  }
}

TEST(Perf, AllToAllIsRightBetweenNodesOneMessageAtATimeAndOnStreams) {
  const std::string nodes = "tutti run -n 5 --nodes 2 -- tutti perf ";
  expect_right(run(nodes + "all_to_all -b 8 -e 4M -f 8 -n 2"));
  expect_right(run("TUTTI_ALGO=all_to_all:pairwise " + nodes + "all_to_all_v -b 8 -e 4M -f 8 -n 2 -z 0 -m 2"));
}

TEST(Perf, IsRightWithManyMoreRanksThanCores) {
  expect_right(run(perf(64, "all_reduce -b 8 -e 64K -f 16 -n 2 -d float,f8e4m3 -o sum")));
}

TEST(Perf, IsRightOverRanksThatAreThreads) {
  expect_right(run("tutti perf all_reduce -t 4 -b 8 -e 1M -f 16 -n 2"));
  const auto both = run("tutti run -n 2 -- tutti perf all_reduce -t 2 -b 8 -e 1M -f 16 -n 2");
  expect_right(both);
  EXPECT_NE(both.out.find("#  Rank  3 "), std::string::npos);
}

TEST(Perf, IsRightOnStreamsInGroupsAndOverSeveralChecks) {
  expect_right(run(perf(2, "all_reduce -b 8 -e 1M -f 16 -z 0 -n 4")));
  expect_right(run(perf(2, "all_reduce -b 8 -e 1M -f 16 -m 3 -n 4")));
  expect_right(run(perf(3, "reduce_scatter -b 8 -e 1M -f 16 -c 4 -N 2 -n 2 -I -S -a 3")));
}

TEST(Perf, WritesItsDocumentAndItsPicture) {
  Folder folder;
  std::string command = perf(2, "all_reduce -b 1K -e 1M -f 4 -n 5 -J " + folder.file("perf.json"));
  const bool plots = has_program("gnuplot");
  if (plots) command += " --plot " + folder.file("perf.svg");
  expect_right(run(command));
  const auto json = nlohmann::json::parse(read_file(folder.file("perf.json")), nullptr, false);
  ASSERT_TRUE(json.is_object());
  EXPECT_EQ(json["schema"], "tutti.perf/1");
  EXPECT_EQ(json["ranks"], 2);
  EXPECT_EQ(json["nodes"], 1);
  ASSERT_EQ(json["rows"].size(), 6U);
  for (const auto& row : json["rows"]) {
    EXPECT_EQ(row["out_of_place"]["wrong"], 0);
    EXPECT_GT(row["in_place"]["time_us"]["p50"], 0);
    EXPECT_FALSE(row["algorithm"].get<std::string>().empty());
    EXPECT_FALSE(row["transports"].empty());
  }
  EXPECT_EQ(read_file(folder.file("perf.svg")).find("<svg") != std::string::npos, plots);
}

TEST(Perf, ExitCodeAndCountTellWrongElements) {
  const auto outcome = run("tutti run -n 2 -- " TUTTI_CORRUPTED_PERF " all_reduce -b 8 -e 1K -f 16 -n 1");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.out.find("FAILED"), std::string::npos) << outcome.out;
}

TEST(Perf, FailsBelowTheLeastBandwidth) {
  const auto outcome = run("NCCL_TESTS_MIN_BW=1e9 " + perf(2, "all_reduce -b 8 -e 8 -n 1"));
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.out.find(" FAILED\n"), std::string::npos) << outcome.out;
}

TEST(Perf, RefusesWrongCallsWithTwo) {
  for (const char* rest :
       {"", "all_to_none", "all_reduce -b 1Q", "all_reduce -d quad", "all_reduce -o mean", "reduce -r 2",
        "all_reduce -b 2 -e 1", "all_reduce -n 0", "all_reduce --plot a.pdf", "all_reduce -f 1"}) {
    const auto outcome = run(perf(2, rest));
    EXPECT_EQ(outcome.code, 2) << rest << outcome.err;
    EXPECT_FALSE(outcome.err.empty());
  }
  EXPECT_EQ(run("tutti perf all_reduce -b 1T -e 1T -n 1").code, 1);
}

TEST(Examples, DataParallelReachesTheSameLossOnAnyNumberOfRanks) {
  const auto loss = [](const Outcome& outcome) {
    const auto at = outcome.out.find("final loss ");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return at == std::string::npos ? -1.0 : std::stod(outcome.out.substr(at + 11));
  };
  const double one = loss(run("data_parallel --epochs 6"));
  EXPECT_GT(one, 0);
  EXPECT_LT(one, 1.0);
  EXPECT_NEAR(loss(run("tutti run -n 4 -- data_parallel --epochs 6")), one, 1e-4 * one);
  EXPECT_NEAR(loss(run("tutti run -n 3 --nodes 2 -- data_parallel --epochs 6")), one, 1e-4 * one);
}

TEST(Examples, HelloSumsTheRanks) {
  const auto outcome = run("tutti run -n 4 -- hello");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("rank 3 of 4: the sum is 10\n"), std::string::npos) << outcome.out;
}

}  // namespace
}  // namespace tutti::test
