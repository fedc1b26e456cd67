#include "engine/geometry.hpp"

#include <gtest/gtest.h>

namespace tutti::engine {
namespace {

TEST(PartOf, CoversEverythingOnceAndEvenly) {
  for (std::uint64_t count = 0; count < 40; ++count) {
    for (std::uint64_t parts = 1; parts < 12; ++parts) {
      std::uint64_t next = 0;
      for (std::uint64_t which = 0; which < parts; ++which) {
        const Extent part = part_of(count, parts, which);
        EXPECT_EQ(part.first, next);
        EXPECT_LE(part.count, count / parts + 1);
        EXPECT_GE(part.count, count / parts);
        next += part.count;
      }
      EXPECT_EQ(next, count);
    }
  }
}

TEST(Tile, BlocksOfATileLieInTheirOwnBlock) {
  const Tile tile{.blocks = true, .stride = 100, .first = 40, .count = 30, .chunks = 3, .segments = 2};
  for (std::uint32_t number = 0; number < 6; ++number) {
    const Extent user = tile.in_user(number);
    EXPECT_GE(user.first, number % 3 * 100 + 40);
    EXPECT_LE(user.first + user.count, number % 3 * 100 + 70);
    EXPECT_LE(user.count, tile.longest_chunk());
    const Extent scratch = tile.in_scratch(number);
    EXPECT_LE(scratch.first + scratch.count, tile.scratch_elements());
  }
  EXPECT_FALSE(tile.contiguous());
}

}  // namespace
}  // namespace tutti::engine
