#include "perf/limits/team.hpp"

#include <fmt/format.h>
#include <sched.h>

#include <cerrno>
#include <cstring>
#include <thread>

namespace tutti::limits {

std::vector<int> allowed_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cores;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return cores;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  }
  return cores;
}

Status pin_to(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  if (::sched_setaffinity(0, sizeof set, &set) == 0) return {};
  return Error{Code::system, fmt::format("cannot pin a thread to core {}: {}", core, std::strerror(errno))};
}

void Flags::meet(int member, std::uint64_t round) const {
  flags_[static_cast<std::size_t>(member)].value.store(round, std::memory_order_release);
  for (int other = 0; other < members_; ++other) {
    while (flags_[static_cast<std::size_t>(other)].value.load(std::memory_order_acquire) < round) {
    }
  }
}

Status run_team(const std::vector<int>& cores, const std::function<void(int)>& work) {
  std::vector<Status> pinned(cores.size());
  std::atomic<int> undecided{static_cast<int>(cores.size())};
  std::atomic<bool> failed{false};
  std::vector<std::thread> threads;
  threads.reserve(cores.size());
  for (std::size_t member = 0; member < cores.size(); ++member) {
    threads.emplace_back([&, member] {
      pinned[member] = pin_to(cores[member]);
      if (!pinned[member]) failed = true;
      --undecided;
      while (undecided > 0) std::this_thread::yield();
      if (!failed) work(static_cast<int>(member));
    });
  }
  for (auto& thread : threads) thread.join();
  for (Status& status : pinned) TUTTI_TRY(std::move(status));
  return {};
}

}  // namespace tutti::limits
