#include "plan/range_map.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace tutti::plan {
namespace {

TEST(RangeMap, AgreesWithAnArray) {
  std::mt19937 random(7);
  constexpr std::uint32_t kSize = 40;
  RangeMap<int> map(0);
  std::vector<int> array(kSize, 0);
  for (int round = 1; round < 500; ++round) {
    const std::uint32_t first = static_cast<std::uint32_t>(random() % kSize);
    const std::uint32_t end = first + static_cast<std::uint32_t>(random() % (kSize - first + 1));
    map.assign(first, end, round);
    std::fill(array.begin() + first, array.begin() + end, round);
    std::uint32_t next = 0;
    map.visit(0, kSize, [&](std::uint32_t begin, std::uint32_t stop, int value) {
      EXPECT_EQ(begin, next);
      for (std::uint32_t i = begin; i < stop; ++i) EXPECT_EQ(array[i], value);
      next = stop;
    });
    EXPECT_EQ(next, kSize);
  }
}

}  // namespace
}  // namespace tutti::plan
