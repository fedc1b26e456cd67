// Jobs of shell scripts. Each runs under a front of its own, as `tutti run` does it, so that the test has no children
// left.
#include "tools/run/job.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "tools/run/front.hpp"

namespace tutti::run {
namespace {

using namespace std::chrono_literals;

JobRequest script(const std::string& text, int ranks) {
  JobRequest request;
  request.program = "/bin/bash";
  request.arguments = {"bash", "-c", text};
  for (int rank = 0; rank < ranks; ++rank) {
    request.environments.push_back({"PATH=/usr/bin:/bin", "TUTTI_RANK=" + std::to_string(rank)});
  }
  return request;
}

// A job in a process of its own, with what it writes.
class RunningJob {
 public:
  explicit RunningJob(const JobRequest& request) : folder_(testing::TempDir() + "run_job_XXXXXX") {
    EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
    pid_ = ::fork();
    if (pid_ != 0) return;
    if (std::freopen((folder_ + "/out").c_str(), "w", stdout) == nullptr ||
        std::freopen((folder_ + "/err").c_str(), "w", stderr) == nullptr)
      ::_exit(99);
    ::setvbuf(stderr, nullptr, _IONBF, 0);
    const int code = supervise_from_apart([&] {
      const auto result = run_job(request);
      if (!result) std::fprintf(stderr, "%s\n", result.error().text.c_str());
      return result ? *result : 1;
    });
    std::fflush(nullptr);
    ::_exit(code);
  }

  void send(int signal) const { ::kill(pid_, signal); }
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }
  [[nodiscard]] std::string out() const { return read("out"); }
  [[nodiscard]] std::string err() const { return read("err"); }
  [[nodiscard]] std::string folder() const { return folder_; }

 private:
  [[nodiscard]] std::string read(const char* name) const {
    std::stringstream text;
    text << std::ifstream(folder_ + "/" + name).rdbuf();
    return text.str();
  }

  std::string folder_;
  pid_t pid_ = -1;
};

// Whether any process has `mark` on its command line.
bool is_alive(const std::string& mark) {
  std::error_code gone;  // processes end while they are looked at
  for (const auto& entry : std::filesystem::directory_iterator("/proc", gone)) {
    std::stringstream text;
    text << std::ifstream(entry.path() / "cmdline").rdbuf();
    if (text.str().find(mark) != std::string::npos) return true;
  }
  return false;
}

bool gone_within(const std::string& mark, std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
    if (!is_alive(mark)) return true;
    std::this_thread::sleep_for(10ms);
  }
  return !is_alive(mark);
}

bool comes_within(const std::string& mark, std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
    if (is_alive(mark)) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

std::string unique_seconds() {  // an argument of sleep that no other process has
  return "31" + std::to_string(::getpid()) +
         std::to_string(std::chrono::steady_clock::now().time_since_epoch().count() % 1000);
}

TEST(RunJob, PutsEachRankOnItsProcessors) {
  cpu_set_t set;
  ASSERT_EQ(::sched_getaffinity(0, sizeof set, &set), 0);
  std::vector<int> usable;
  for (int processor = 0; processor < CPU_SETSIZE; ++processor)
    if (CPU_ISSET(processor, &set)) usable.push_back(processor);
  auto request = script("echo $TUTTI_RANK on $(grep Cpus_allowed_list /proc/self/status | cut -f 2)", 2);
  request.processors = {{usable.back()}, {usable.front()}};
  RunningJob job(request);
  EXPECT_EQ(job.wait(), 0) << job.err();
  EXPECT_NE(job.out().find("0 on " + std::to_string(usable.back()) + "\n"), std::string::npos) << job.out();
  EXPECT_NE(job.out().find("1 on " + std::to_string(usable.front()) + "\n"), std::string::npos) << job.out();
}

TEST(RunJob, SaysWhenThereIsNoSuchProcessor) {
  auto request = script("true", 1);
  request.processors = {{CPU_SETSIZE - 1}};
  RunningJob job(request);
  EXPECT_NE(job.wait(), 0);
  EXPECT_NE(job.err().find("--bind none"), std::string::npos) << job.err();
}

TEST(RunJob, ReturnsZeroWhenEveryRankDoesAndHandsOnTheirLines) {
  RunningJob job(script("echo out $TUTTI_RANK; echo err $TUTTI_RANK >&2; printf tail", 3));
  EXPECT_EQ(job.wait(), 0);
  for (const char* line : {"out 0\n", "out 1\n", "out 2\n", "tail\n"}) {
    EXPECT_NE(job.out().find(line), std::string::npos) << line;
  }
  EXPECT_NE(job.err().find("err 1\n"), std::string::npos);
}

TEST(RunJob, KeepsTheLinesOfRanksApartAndTagsThem) {
  JobRequest request = script("for i in {1..500}; do printf 'a%.0s' {1..80}; echo; done", 4);
  request.tag = true;
  RunningJob job(request);
  EXPECT_EQ(job.wait(), 0);
  std::istringstream lines(job.out());
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    ASSERT_EQ(line.substr(4), std::string(80, 'a'));
    ASSERT_EQ(line[0], '[');
  }
  EXPECT_EQ(count, 2000);
}

// The sockets of a process that is killed close before its parent can reap it: its peers may well end before it does.
TEST(RunJob, NamesTheRankThatASignalKilledThoughAnotherEndedBeforeIt) {
  RunningJob job(script("if [ $TUTTI_RANK = 2 ]; then sleep 0.05; kill -9 $$; fi; exit 1", 4));
  EXPECT_EQ(job.wait(), 128 + SIGKILL);
  EXPECT_NE(job.err().find("rank 2 "), std::string::npos) << job.err();
  EXPECT_NE(job.err().find("failed first: killed by signal 9"), std::string::npos) << job.err();
}

TEST(RunJob, NamesTheRankThatFailedFirstAndEndsTheOthers) {
  const std::string seconds = unique_seconds();
  RunningJob job(script("[ $TUTTI_RANK = 2 ] && exit 7; exec sleep " + seconds, 4));
  EXPECT_EQ(job.wait(), 7);
  EXPECT_NE(job.err().find("rank 2 (pid "), std::string::npos) << job.err();
  EXPECT_NE(job.err().find("failed first: exit code 7"), std::string::npos) << job.err();
  EXPECT_FALSE(is_alive(seconds));
}

TEST(RunJob, NamesTheSignalThatKilledARank) {
  RunningJob job(script("[ $TUTTI_RANK = 1 ] && kill -9 $$; sleep 30", 2));
  EXPECT_EQ(job.wait(), 128 + SIGKILL);
  EXPECT_NE(job.err().find("killed by signal 9 (SIGKILL)"), std::string::npos) << job.err();
}

TEST(RunJob, LetsTheOthersSayWhatTheySaw) {
  RunningJob job(script("[ $TUTTI_RANK = 0 ] && exit 3; sleep 0.3; echo rank 0 was lost >&2; exit 4", 2));
  EXPECT_EQ(job.wait(), 3);
  EXPECT_NE(job.err().find("rank 0 was lost\n"), std::string::npos) << job.err();
}

TEST(RunJob, KillsARankThatDoesNotListen) {
  const std::string seconds = unique_seconds();
  JobRequest request = script("trap '' TERM INT; [ $TUTTI_RANK = 1 ] && exit 1; sleep " + seconds, 2);
  request.last_words = 50ms;
  request.grace = 200ms;
  RunningJob job(request);
  EXPECT_EQ(job.wait(), 1);
  EXPECT_FALSE(is_alive(seconds));
}

TEST(RunJob, HandsOnSignalsAndReturnsTheirCode) {
  RunningJob job(script("trap 'echo caught; exit 0' INT; echo ready; while :; do sleep 0.01; done", 2));
  while (job.out().find("ready\n", job.out().find("ready") + 1) == std::string::npos) std::this_thread::sleep_for(10ms);
  job.send(SIGINT);
  EXPECT_EQ(job.wait(), 128 + SIGINT);
  EXPECT_NE(job.out().find("caught"), std::string::npos);
}

TEST(RunJob, EndsAtItsTimeout) {
  JobRequest request = script("sleep 60", 2);
  request.timeout = 100ms;
  RunningJob job(request);
  EXPECT_EQ(job.wait(), 124);
  EXPECT_NE(job.err().find("--timeout"), std::string::npos);
}

TEST(RunJob, LeavesNoGrandchildBehind) {
  const std::string seconds = unique_seconds();
  RunningJob job(script("setsid sleep " + seconds + " & sleep " + seconds + " & sleep 0.1", 2));
  EXPECT_EQ(job.wait(), 0);
  EXPECT_FALSE(is_alive(seconds));
}

TEST(RunJob, LeavesNothingBehindWhenTheLauncherIsKilled) {
  const std::string seconds = unique_seconds();
  JobRequest request =
      script("setsid sleep " + seconds + " & trap '' TERM; sleep " + seconds + "; sleep " + seconds, 2);
  request.grace = 200ms;
  RunningJob job(request);
  ASSERT_TRUE(comes_within(seconds, 5s));
  job.send(SIGKILL);
  EXPECT_EQ(job.wait(), 1000 + SIGKILL);
  EXPECT_TRUE(gone_within(seconds, 5s));
}

TEST(RunJob, SaysWhenACommandCannotBeExecuted) {
  JobRequest request = script("", 2);
  request.program = "/etc/passwd";
  RunningJob job(request);
  EXPECT_EQ(job.wait(), 1);
  EXPECT_NE(job.err().find("cannot run '/etc/passwd': Permission denied"), std::string::npos) << job.err();
}

}  // namespace
}  // namespace tutti::run
