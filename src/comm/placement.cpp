#include "comm/placement.hpp"

#include <sched.h>

namespace tutti::comm {
namespace {

topology::CpuSet allowed_now() {
  cpu_set_t set;
  CPU_ZERO(&set);
  topology::CpuSet cpus;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(static_cast<std::size_t>(cpu), &set)) cpus.add(cpu);
  }
  return cpus;
}

void run_on(const topology::CpuSet& cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (cpus.has(cpu)) CPU_SET(static_cast<std::size_t>(cpu), &set);
  }
  (void)::sched_setaffinity(0, sizeof set, &set);  // it runs anywhere else as well, only slower
}

}  // namespace

void stay_near(const topology::CpuSet& near) {
  thread_local topology::CpuSet last;
  thread_local topology::CpuSet allowed;
  if (near == last) return;
  if (allowed.empty()) allowed = allowed_now();
  last = near;
  const topology::CpuSet both = near.common(allowed);
  run_on(both.empty() ? allowed : both);
}

}  // namespace tutti::comm
