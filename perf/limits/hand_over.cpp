// How long it takes until the next of several processes that share a core runs, when the one before it offers the core.
#include <fmt/format.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>

#include "perf/limits/measures.hpp"
#include "perf/limits/team.hpp"
#include "perf/limits/timing.hpp"

namespace tutti::limits {
namespace {

constexpr int kProcesses = 4;
constexpr std::uint64_t kRounds = 4000;

// What the processes share.
struct Meeting {
  alignas(128) std::atomic<std::uint64_t> arrived{0};
  alignas(128) std::atomic<bool> refused{false};
};

// Everybody comes, and offers the core until all have: each runs once a round.
void meet(Meeting& meeting, std::uint64_t rounds) {
  for (std::uint64_t round = 1; round <= rounds && !meeting.refused.load(); ++round) {
    meeting.arrived.fetch_add(1);
    while (meeting.arrived.load() < round * kProcesses && !meeting.refused.load()) (void)::sched_yield();
  }
}

[[noreturn]] void take_part(Meeting& meeting, int core, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  if (!pin_to(core)) meeting.refused = true;
  meet(meeting, kRounds);
  ::_exit(0);
}

class SharedMeeting {
 public:
  SharedMeeting()
      : memory_(::mmap(nullptr, sizeof(Meeting), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    if (memory_ != MAP_FAILED) new (memory_) Meeting;
  }
  SharedMeeting(const SharedMeeting&) = delete;
  SharedMeeting& operator=(const SharedMeeting&) = delete;
  ~SharedMeeting() {
    if (memory_ != MAP_FAILED) ::munmap(memory_, sizeof(Meeting));
  }
  [[nodiscard]] bool is_there() const { return memory_ != MAP_FAILED; }
  Meeting& operator*() const { return *static_cast<Meeting*>(memory_); }

 private:
  void* memory_;
};

// Microseconds of one round.
Result<double> time_rounds(int core) {
  const SharedMeeting meeting;
  if (!meeting.is_there()) return Error{Code::system, fmt::format("no shared memory: {}", std::strerror(errno))};
  std::vector<pid_t> others;
  const pid_t self = ::getpid();
  bool complete = true;
  const double begin = now();
  for (int i = 0; i < kProcesses; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) take_part(*meeting, core, self);
    complete = complete && pid > 0;
    if (pid > 0) others.push_back(pid);
  }
  if (!complete) (*meeting).refused = true;
  for (const pid_t pid : others) ::waitpid(pid, nullptr, 0);
  if ((*meeting).refused)
    return Error{Code::system, fmt::format("{} processes cannot be put on core {}", kProcesses, core)};
  return (now() - begin) * 1e6 / static_cast<double>(kRounds);
}

}  // namespace

Result<double> measure_hand_over(const Settings& settings) {
  std::vector<double> rounds;
  for (int sample = 0; sample < settings.samples; ++sample)
    rounds.push_back(TUTTI_TRY(time_rounds(settings.cores.front())));
  return median_of(std::move(rounds)) / kProcesses;
}

}  // namespace tutti::limits
