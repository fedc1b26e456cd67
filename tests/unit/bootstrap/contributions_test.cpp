#include "bootstrap/tree/contributions.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace tutti::bootstrap {
namespace {

std::vector<std::byte> said(int value) {
  return {static_cast<std::byte>(value)};
}

TEST(Contributions, FindWhoSaidWhatInAnyMixture) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    const auto ranks = static_cast<std::int32_t>(1 + random() % 70);
    const auto values = static_cast<unsigned>(1 + random() % 5);
    std::vector<int> expected;
    std::vector<Blob> blobs;
    for (std::int32_t rank = 0; rank < ranks; ++rank) {
      expected.push_back(static_cast<int>((round % 2 == 0 ? static_cast<unsigned long>(rank) : random()) % values));
      blobs.push_back({{{rank, 1, 0, 1}}, said(expected.back())});
    }
    std::shuffle(blobs.begin(), blobs.end(), random);
    const Contributions all(merged(blobs), ranks);
    ASSERT_TRUE(all.covers_all());
    ASSERT_LE(all.blobs().size(), values);
    const auto places = all.places();
    for (std::int32_t rank = 0; rank < ranks; ++rank) {
      const auto of = all.of(to_rank(rank));
      ASSERT_EQ(of.size(), 1U);
      ASSERT_EQ(std::to_integer<int>(of[0]), expected[static_cast<std::size_t>(rank)]);
      ASSERT_EQ(places[static_cast<std::size_t>(rank)], all.place_of(to_rank(rank)));
    }
  }
}

TEST(Contributions, TellEveryThirdRankInOnePattern) {
  std::vector<RankRun> runs;
  for (std::int32_t node = 0; node < 1000; ++node) runs.push_back({node * 8 + 3, 2});
  std::shuffle(runs.begin(), runs.end(), std::mt19937(1));
  EXPECT_EQ(patterns_of(runs), (std::vector<RankPattern>{{3, 2, 8, 1000}}));
}

TEST(Contributions, AreRefusedWhenARankIsToldTwiceOrNotAtAll) {
  EXPECT_TRUE(Contributions({{{{0, 4, 0, 1}}, said(1)}}, 4).covers_all());
  EXPECT_FALSE(Contributions({{{{0, 3, 0, 1}}, said(1)}}, 4).covers_all());
  EXPECT_FALSE(Contributions({{{{0, 3, 0, 1}}, said(1)}, {{{2, 1, 0, 1}}, said(2)}}, 4).covers_all());
  EXPECT_FALSE(Contributions({{{{0, 3, 0, 1}}, said(1)}, {{{4, 1, 0, 1}}, said(2)}}, 4).covers_all());
}

}  // namespace
}  // namespace tutti::bootstrap
