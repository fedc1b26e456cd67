// What a job does when something is wrong: it ends in time, says what and who, and leaves nothing behind.
#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

#include "multiprocess/shell.hpp"

namespace tutti::test {
namespace {

using namespace std::chrono_literals;

// Well below TUTTI_TIMEOUT's 30 s, well above what a sanitized job takes on a busy machine.
constexpr auto kAtOnce = 20s;
constexpr const char* kEndless = " all_reduce -b 64K -e 64K -n 1000000000 -c 0";

class KilledRank : public testing::TestWithParam<const char*> {};

TEST_P(KilledRank, IsNamedByTheOthersAndEndsTheJobAtOnce) {
  Command job(std::string(GetParam()) + " -- tutti perf" + kEndless);
  ASSERT_TRUE(job.says("GB/s", 60s)) << job.err();
  const auto pids = pids_in(job.out());
  ASSERT_EQ(pids.size(), 4U);
  std::this_thread::sleep_for(300ms);  // in the middle of it
  const auto begin = std::chrono::steady_clock::now();
  ::kill(pids[2], SIGKILL);
  const auto outcome = job.wait();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kAtOnce);
  EXPECT_EQ(outcome.code, 128 + SIGKILL);
  EXPECT_NE(outcome.err.find("failed first: killed by signal 9 (SIGKILL)"), std::string::npos) << outcome.err;
  for (const int other : {0, 1, 3}) {
    const auto said = outcome.err.find("tutti perf: rank " + std::to_string(other) + ": ");
    ASSERT_NE(said, std::string::npos) << outcome.err;
    const auto line = outcome.err.substr(said + 16, outcome.err.find('\n', said) - said - 16);
    EXPECT_NE(line.find("rank 2"), std::string::npos) << line;
  }
  for (const pid_t pid : pids) EXPECT_FALSE(is_running(pid)) << pid;
}

INSTANTIATE_TEST_SUITE_P(Transports, KilledRank,
                         testing::Values("tutti run -n 4", "TUTTI_TRANSPORTS=ucx tutti run -n 4",
                                         "TUTTI_TRANSPORTS=ofi tutti run -n 4",
                                         "TUTTI_TRANSPORTS=shm,ofi tutti run -n 4 --nodes 2",
                                         "tutti run -n 4 --nodes 2"));

TEST(Failure, AStoppedRankIsNamedWithinTheTimeout) {
  Command job(std::string("TUTTI_TIMEOUT=2s tutti run -n 3 -- tutti perf") + kEndless);
  ASSERT_TRUE(job.says("GB/s", 60s)) << job.err();
  const auto pids = pids_in(job.out());
  ASSERT_EQ(pids.size(), 3U);
  std::this_thread::sleep_for(200ms);
  const auto begin = std::chrono::steady_clock::now();
  ::kill(pids[1], SIGSTOP);
  const auto outcome = job.wait();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kAtOnce);
  EXPECT_NE(outcome.code, 0);
  EXPECT_NE(outcome.err.find("rank 1"), std::string::npos) << outcome.err;
  for (const pid_t pid : pids) EXPECT_FALSE(is_running(pid)) << pid;
}

TEST(Failure, KillingTheLauncherEndsTheRanks) {
  Folder folder;
  Command job("tutti run -n 4 -- tutti perf" + std::string(kEndless) + " & echo $! > " + folder.file("pid") + "; wait");
  ASSERT_TRUE(job.says("GB/s", 60s)) << job.err();
  const auto pids = pids_in(job.out());
  ::kill(std::stoi(read_file(folder.file("pid"))), SIGKILL);
  for (int i = 0; i < 2000 && is_running(pids[0]); ++i) std::this_thread::sleep_for(10ms);
  for (int i = 0; i < 2000 && is_running(pids[3]); ++i) std::this_thread::sleep_for(10ms);
  for (const pid_t pid : pids) EXPECT_FALSE(is_running(pid)) << pid;
}

TEST(Failure, BadSettingsAreNamedBeforeAnythingStarts) {
  for (const char* setting : {"TUTTI_TIMEOUT=soon", "TUTTI_TRANSPORTS=smoke", "TUTTI_TIMOUT=5s", "TUTTI_LOG=loud"}) {
    const auto launched = run(std::string(setting) + " tutti run -n 2 -- tutti perf all_reduce -b 8 -e 8");
    EXPECT_EQ(launched.code, 2) << setting << launched.err;
    EXPECT_NE(launched.err.find(std::string(setting).substr(0, std::string(setting).find('='))), std::string::npos)
        << launched.err;
    EXPECT_NE(run(std::string(setting) + " tutti perf all_reduce -b 8 -e 8").code, 0) << setting;
  }
  const auto algorithm = run("TUTTI_ALGO=all_reduce:teleport tutti run -n 2 -- tutti perf all_reduce -b 8 -e 8");
  EXPECT_NE(algorithm.code, 0);
  EXPECT_NE(algorithm.err.find("teleport"), std::string::npos) << algorithm.err;
}

TEST(Failure, LauncherRefusesWrongCallsWithTwo) {
  for (const char* rest : {"", "-n 2", "-n 0 -- true", "-n -3 -- true", "-n 99999999 -- true", "-n x -- true",
                           "-n 2 -- no-such-command", "-n 2 --nodes 3 -- true", "-n 2 --nodes 1,2 -- true",
                           "-n 2 --timeout soon -- true", "-n 2 --frobnicate -- true"}) {
    const auto outcome = run(std::string("tutti run ") + rest);
    EXPECT_EQ(outcome.code, 2) << rest << outcome.err;
    EXPECT_FALSE(outcome.err.empty()) << rest;
    EXPECT_TRUE(outcome.out.empty()) << rest;
  }
}

TEST(Failure, LauncherRunsCommandsThatAreNoJob) {
  const auto outcome = run("tutti run -n 3 -- bash -c 'echo $TUTTI_RANK of $TUTTI_WORLD_SIZE -- $1' -- -x");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("2 of 3 -- -x\n"), std::string::npos) << outcome.out;
  EXPECT_LT(outcome.took, kAtOnce);
}

TEST(Failure, MissingRanksAreNamed) {
  Folder folder;
  const auto outcome =
      run("TUTTI_INIT_TIMEOUT=1s TUTTI_RANK=0 TUTTI_WORLD_SIZE=3 TUTTI_UNIQUE_ID_FILE=" + folder.file("id") +
          " tutti perf all_reduce -b 8 -e 8");
  EXPECT_NE(outcome.code, 0);
  EXPECT_LT(outcome.took, kAtOnce);
  EXPECT_NE(outcome.err.find("1"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("2"), std::string::npos) << outcome.err;
}

TEST(Failure, StrangersOnThePortCostNobodyAnything) {
  Folder folder;
  const std::string job = "TUTTI_WORLD_SIZE=2 TUTTI_PORT_RANGE=23450-23459 TUTTI_UNIQUE_ID_FILE=" + folder.file("id");
  const std::string perf = " tutti perf all_reduce -b 8 -e 1K -f 8 -n 2";
  Command first(job + " TUTTI_RANK=0" + perf);
  for (int i = 0; i < 1000 && read_file(folder.file("id")).empty(); ++i) std::this_thread::sleep_for(10ms);
  ASSERT_FALSE(read_file(folder.file("id")).empty());
  Command strangers(
      "ip=$(hostname -I | cut -d' ' -f1); for port in {23450..23459}; do for host in ${ip:-127.0.0.1} 127.0.0.1; do"
      "  (head -c 100000 /dev/urandom > /dev/tcp/$host/$port; printf 'GET / HTTP/1.0\\r\\n\\r\\n' > "
      "/dev/tcp/$host/$port;"
      "   exec 9<> /dev/tcp/$host/$port; sleep 60) & done; done; sleep 0.5; echo sent; wait");
  ASSERT_TRUE(strangers.says("sent", 20s));
  const auto second = run(job + " TUTTI_RANK=1" + perf);
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_LT(second.took, kAtOnce);
  const auto outcome = first.wait();
  EXPECT_EQ(outcome.code, 0) << outcome.err;
}

TEST(Info, ShowsEverySettingWithItsOrigin) {
  const auto outcome = run("TUTTI_TIMEOUT=7s tutti info");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const auto at = outcome.out.find("TUTTI_TIMEOUT");
  ASSERT_NE(at, std::string::npos);
  const auto line = outcome.out.substr(at, outcome.out.find('\n', at) - at);
  EXPECT_NE(line.find("7s"), std::string::npos) << line;
  EXPECT_NE(line.find("30s"), std::string::npos) << line;
  EXPECT_NE(line.find("environment"), std::string::npos) << line;
  EXPECT_EQ(run("tutti info --json").out.substr(0, 1), "{");
}

}  // namespace
}  // namespace tutti::test
