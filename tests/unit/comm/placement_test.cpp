// Where the library's own threads run.
#include "comm/placement.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <thread>

namespace tutti::comm {
namespace {

using topology::CpuSet;

CpuSet allowed() {
  cpu_set_t set;
  CPU_ZERO(&set);
  CpuSet cpus;
  EXPECT_EQ(sched_getaffinity(0, sizeof set, &set), 0);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(static_cast<std::size_t>(cpu), &set)) cpus.add(cpu);
  }
  return cpus;
}

TEST(Placement, KeepsAThreadNearAndLetsItGoAgain) {
  std::thread([] {
    const CpuSet all = allowed();
    CpuSet first;
    for (std::int32_t cpu = 0; first.empty(); ++cpu) {
      if (all.has(cpu)) first.add(cpu);
    }
    stay_near(first);
    EXPECT_EQ(allowed(), first);
    stay_near({});
    EXPECT_EQ(allowed(), all) << "of what it was allowed at first";
    CpuSet foreign;
    foreign.add(CPU_SETSIZE - 1);
    stay_near(foreign);
    EXPECT_EQ(allowed(), all) << "none of these may be used here";
  }).join();
}

TEST(Placement, LeavesOtherThreadsWhereTheyAre) {
  const CpuSet before = allowed();
  std::thread([&] {
    CpuSet one;
    for (std::int32_t cpu = 0; one.empty(); ++cpu) {
      if (before.has(cpu)) one.add(cpu);
    }
    stay_near(one);
  }).join();
  EXPECT_EQ(allowed(), before);
}

}  // namespace
}  // namespace tutti::comm
