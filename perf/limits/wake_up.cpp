// How long it takes until a thread that sleeps in the kernel runs again.
#include <fmt/format.h>
#include <linux/futex.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "perf/limits/measures.hpp"
#include "perf/limits/team.hpp"
#include "perf/limits/timing.hpp"

namespace tutti::limits {
namespace {

constexpr int kWakes = 201;
constexpr auto kUntilAsleep = std::chrono::microseconds(300);

class Futex {
 public:
  void sleep(std::uint32_t until) {
    while (word_.load() < until) ::syscall(SYS_futex, &word_, FUTEX_WAIT_PRIVATE, until - 1, nullptr, nullptr, 0);
  }
  void wake() {
    word_.fetch_add(1);
    ::syscall(SYS_futex, &word_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  }

 private:
  std::atomic<std::uint32_t> word_{0};
};

class Event {
 public:
  explicit Event(int fd) : fd_(fd) {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { ::close(fd_); }

  void sleep(std::uint32_t) {
    std::uint64_t count = 0;
    while (::read(fd_, &count, sizeof count) < 0 && errno == EINTR) {
    }
  }
  void wake() {
    const std::uint64_t one = 1;
    while (::write(fd_, &one, sizeof one) < 0 && errno == EINTR) {
    }
  }

 private:
  int fd_;
};

// The waker gives the other time to fall asleep, which it cannot see; the median forgives the few that had not.
template <typename Bell>
Result<double> time_wakes(const std::vector<int>& cores, Bell& bell) {
  std::atomic<double> decided{0};
  std::atomic<int> heard{0};
  std::vector<double> times;
  TUTTI_TRY(run_team(cores, [&](int member) {
    for (int i = 1; i <= kWakes; ++i) {
      if (member == 0) {
        bell.sleep(static_cast<std::uint32_t>(i));
        times.push_back((now() - decided.load()) * 1e6);
        heard = i;
      } else {
        std::this_thread::sleep_for(kUntilAsleep);
        decided = now();
        bell.wake();
        while (heard.load() < i) std::this_thread::yield();
      }
    }
  }));
  return median_of(std::move(times));
}

}  // namespace

Result<std::vector<WakeUp>> measure_wake_up(const Settings& settings) {
  std::vector<WakeUp> rows;
  for (const bool same : {false, true}) {
    if (!same && settings.cores.size() < 2) continue;
    const std::vector<int> cores = {settings.cores[0], settings.cores[same ? 0 : 1]};
    Futex futex;
    rows.push_back({"futex", same, TUTTI_TRY(time_wakes(cores, futex))});
    const int fd = ::eventfd(0, EFD_CLOEXEC);
    if (fd < 0) return Error{Code::system, fmt::format("no eventfd: {}", std::strerror(errno))};
    Event event(fd);
    rows.push_back({"eventfd", same, TUTTI_TRY(time_wakes(cores, event))});
  }
  return rows;
}

}  // namespace tutti::limits
