// Memory beside the user's: kept, aligned, and on the NUMA node that was asked for.
#include "engine/scratch.hpp"

#include <gtest/gtest.h>
#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

namespace tutti::engine {
namespace {

TEST(Scratch, GrowsAndIsKeptAndAligned) {
  for (const int numa : {-1, 0}) {
    Scratch scratch;
    std::byte* const first = scratch.reserve(100, numa);
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(scratch.reserve(50, numa), first);
    std::byte* const large = scratch.reserve(Scratch::kLeastPlaced + 1, numa);
    ASSERT_NE(large, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(large) % Scratch::kAlignment, 0U);
    std::memset(large, 7, Scratch::kLeastPlaced + 1);
    EXPECT_EQ(scratch.reserve(Scratch::kLeastPlaced, numa), large);
  }
}

TEST(Scratch, LiesOnTheNumaNodeThatWasAskedFor) {
  Scratch scratch;
  std::byte* const memory = scratch.reserve(2 * Scratch::kLeastPlaced, 0);
  ASSERT_NE(memory, nullptr);
  int mode = -1;
  unsigned long nodes = 0;
  if (syscall(SYS_get_mempolicy, &mode, &nodes, 8 * sizeof nodes + 1, memory, MPOL_F_ADDR) != 0)
    GTEST_SKIP() << "this kernel tells no memory policies: " << std::strerror(errno);
  EXPECT_EQ(mode, MPOL_PREFERRED);
  EXPECT_EQ(nodes, 1U) << "node 0";
}

TEST(Scratch, IsThereWhereTheNodeIsNot) {
  Scratch scratch;
  std::byte* const memory = scratch.reserve(Scratch::kLeastPlaced, 63);
  ASSERT_NE(memory, nullptr);
  std::memset(memory, 1, Scratch::kLeastPlaced);
  EXPECT_NE(Scratch().reserve(Scratch::kLeastPlaced, 1 << 20), nullptr);
}

}  // namespace
}  // namespace tutti::engine
