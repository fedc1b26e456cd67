#include "engine/geometry.hpp"

#include <gtest/gtest.h>

#include <array>

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
  const plan::Cut cut(3);
  const Tile tile{.blocks = true, .stride = 100, .first = 40, .count = 30, .cut = &cut, .segments = 2};
  for (std::uint32_t number = 0; number < 6; ++number) {
    const Extent user = tile.in_user(number, {number % 3 * 100, 100});
    EXPECT_GE(user.first, number % 3 * 100 + 40);
    EXPECT_LE(user.first + user.count, number % 3 * 100 + 70);
    EXPECT_LE(user.count, tile.longest_chunk());
    const Extent scratch = tile.in_scratch(number, 100);
    EXPECT_EQ(scratch.count, user.count);
    EXPECT_LE(scratch.first + scratch.count, tile.scratch_elements());
  }
  EXPECT_FALSE(tile.joined_in_user());
  EXPECT_TRUE(tile.joined_in_scratch());
}

TEST(Tile, TilesCoverBlocksOfDifferentLengthsOnceAndCutEachByItselfAlone) {
  constexpr std::array<std::size_t, 3> kCounts = {70, 0, 31};
  constexpr std::array<std::size_t, 3> kDisplacements = {1000, 5, 100};
  const plan::Cut cut(3);
  BlockMap map;
  map.set_uneven(false, kCounts, kDisplacements);
  std::array<std::uint64_t, 3> next = {1000, 5, 100};
  for (std::uint64_t first = 0; first < 70; first += 30) {
    const Tile tile{.blocks = true,
                    .uneven = true,
                    .stride = 70,
                    .first = first,
                    .count = std::min(first + 30, 70UL) - first,
                    .cut = &cut,
                    .segments = 2};
    for (std::uint32_t number = 0; number < 6; ++number) {
      const std::uint32_t block = number % 3;
      const Extent user = tile.in_user(number, map.block(block));
      const Extent scratch = tile.in_scratch(number, kCounts[block]);
      if (user.count == 0) continue;
      EXPECT_EQ(user.first, next[block]);
      next[block] += user.count;
      EXPECT_EQ(user.count, scratch.count);
      EXPECT_LE(scratch.first + scratch.count, tile.scratch_elements());
      EXPECT_LE(user.count, tile.longest_chunk());
    }
  }
  for (std::size_t block = 0; block < 3; ++block) EXPECT_EQ(next[block], kDisplacements[block] + kCounts[block]);
}

TEST(BlockMap, PacksBlocksWithoutDisplacements) {
  constexpr std::array<std::size_t, 3> kCounts = {4, 0, 2};
  BlockMap map;
  map.set_uneven(false, kCounts, {});
  EXPECT_EQ(map.block(1).first, 4U);
  EXPECT_EQ(map.block(2).first, 4U);
  EXPECT_EQ(map.block(2).count, 2U);
  map.set_uneven(true, std::span(kCounts).first(1), {});
  EXPECT_EQ(map.block(7).first, 0U);
  EXPECT_EQ(map.block(7).count, 4U);
  map.set_even(false, 5);
  EXPECT_EQ(map.block(3).first, 15U);
}

}  // namespace
}  // namespace tutti::engine
