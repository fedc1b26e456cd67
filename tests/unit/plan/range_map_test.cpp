#include "plan/range_map.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace tutti::plan {
namespace {

void expect_agreement_with_an_array(std::uint32_t size, std::uint32_t longest, int rounds) {
  std::mt19937 random(7);
  RangeMap<int> map(0);
  std::vector<int> array(size, 0);
  for (int round = 1; round < rounds; ++round) {
    const std::uint32_t first = static_cast<std::uint32_t>(random() % size);
    const std::uint32_t end = first + static_cast<std::uint32_t>(random() % (std::min(longest, size - first) + 1));
    map.assign(first, end, round);
    std::fill(array.begin() + first, array.begin() + end, round);
    std::uint32_t next = 0;
    map.visit(0, size, [&](std::uint32_t begin, std::uint32_t stop, int value) {
      EXPECT_EQ(begin, next);
      for (std::uint32_t i = begin; i < stop; ++i) EXPECT_EQ(array[i], value);
      next = stop;
    });
    EXPECT_EQ(next, size);
  }
}

TEST(RangeMap, AgreesWithAnArray) {
  expect_agreement_with_an_array(40, 40, 500);
}

TEST(RangeMap, AgreesWithAnArrayWhereThereAreManyRuns) {
  expect_agreement_with_an_array(3000, 3, 4000);
  expect_agreement_with_an_array(3000, 400, 1000);
}

}  // namespace
}  // namespace tutti::plan
