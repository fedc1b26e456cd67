#include <gtest/gtest.h>

#include "moe/arrangement.hpp"

namespace tutti::moe {
namespace {

// A source with one entry a row.
Source source_of(const std::vector<std::uint32_t>& tokens, const std::vector<std::uint16_t>& slots) {
  Source source;
  for (std::size_t i = 0; i < tokens.size(); ++i) source.memory.entries.push_back({tokens[i], slots[i], 0});
  source.head.tokens = 100;
  source.head.entries = static_cast<std::uint32_t>(tokens.size());
  return source;
}

Arrangement arrange(std::span<const Source> sources, const Shape& shape, std::int32_t own_slots, std::uint32_t window,
                    std::uint32_t first, std::uint32_t last) {
  Arrangement all;
  moe::arrange(sources, shape, own_slots, window, first, last, all);
  return all;
}

class Arranging : public testing::Test {
 protected:
  Arranging() {
    const Site site = Site::of(topology::Layout::regular(1, 2), 0);
    for (Source& source : sources_) EXPECT_TRUE(understand(source, 1, site, 100, 3));
  }

  std::vector<Source> sources_ = {source_of({1, 4, 9}, {1, 0, 1}), source_of({0, 4}, {1, 1})};
};

TEST_F(Arranging, ByExpertAlignsGroupsAndLeavesPaddingMarked) {
  const auto rows = arrange(sources_, {.layout = Layout::expert_major, .align = 4}, 3, 100, 0, 1);
  EXPECT_EQ(rows.rows, 8);
  EXPECT_EQ(rows.slot_offset, (std::vector<std::int64_t>{0, 4, 8}));
  EXPECT_EQ(rows.slot_rows, (std::vector<std::int64_t>{1, 4, 0}));
  EXPECT_EQ(rows.row_source, (std::vector<std::int32_t>{0, -1, -1, -1, 0, 0, 1, 1}));
  EXPECT_EQ(rows.row_token, (std::vector<std::int32_t>{4, -1, -1, -1, 1, 9, 0, 4}));
}

TEST_F(Arranging, InFixedShapesPutsGroupsAtMultiplesOfTheCapacity) {
  const auto slots = arrange(sources_, {.layout = Layout::expert_padded, .capacity = 5}, 3, 100, 0, 1);
  EXPECT_EQ(slots.rows, 15);
  EXPECT_EQ(slots.slot_offset, (std::vector<std::int64_t>{0, 5, 10}));
  const auto ranks = arrange(sources_, {.layout = Layout::rank_padded, .capacity = 4}, 3, 100, 0, 1);
  EXPECT_EQ(ranks.rows, 8);
  EXPECT_EQ(ranks.row_token, (std::vector<std::int32_t>{1, 4, 9, -1, 0, 4, -1, -1}));
}

TEST_F(Arranging, DropsTheLastThatDoNotFitAndNamesThem) {
  const auto rows = arrange(sources_, {.layout = Layout::expert_padded, .capacity = 2}, 2, 100, 0, 1);
  ASSERT_EQ(rows.dropped.size(), 2U);
  EXPECT_EQ(rows.dropped[0].source, 1);
  EXPECT_EQ(rows.dropped[0].token, 0U);
  const auto flat = arrange(sources_, {.most_rows = 4}, 2, 100, 0, 1);
  EXPECT_EQ(flat.rows, 4);
  ASSERT_EQ(flat.dropped.size(), 1U);
  EXPECT_EQ(flat.dropped[0].token, 4U);
}

TEST_F(Arranging, InRoundsTakesTheRowsOfItsWindowsOnly) {
  const auto rows = arrange(sources_, {}, 2, 4, 1, 2);  // tokens 4 to 7
  EXPECT_EQ(rows.row_source, (std::vector<std::int32_t>{0, 1}));
  EXPECT_EQ(rows.row_token, (std::vector<std::int32_t>{4, 4}));
}

TEST_F(Arranging, FindsHowManyWindowsFit) {
  const Shape shape{.most_rows = 3};
  EXPECT_EQ(windows_that_fit(sources_, shape, 2, 4, 3), 1U);  // tokens 0-3: 2 rows, 4-7: 2, 8-11: 1
  EXPECT_EQ(windows_that_fit(sources_, {}, 2, 4, 3), 3U);
  EXPECT_EQ(windows_that_fit(sources_, {.most_rows = 1}, 2, 4, 3), 0U);
}

}  // namespace
}  // namespace tutti::moe
