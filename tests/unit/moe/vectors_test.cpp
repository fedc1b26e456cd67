#include "moe/vectors.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <utility>
#include <vector>

#include "unit/moe/instruction_sets.hpp"

namespace tutti::moe {
namespace {

constexpr std::size_t kMost = 70;  // several of the longest vectors, and a rest

using Vectors = OnEachInstructionSet;

std::uint64_t draw() {
  static std::uint64_t state = 5;
  state = state * 6364136223846793005 + 1442695040888963407;
  return state >> 33;
}

template <typename Id>
void expect_one_wrong_choice_to_be_found(const std::vector<Id>& wrong_ones) {
  constexpr std::uint32_t kKnown = 7;
  for (std::size_t count = 0; count <= kMost; ++count) {
    std::vector<Id> ids;
    for (std::size_t i = 0; i < count; ++i) ids.push_back(static_cast<Id>(draw() % (kKnown + 1)) - 1);
    EXPECT_TRUE(vectors::are_choices(ids, kKnown));
    for (std::size_t at = 0; at < count; ++at) {
      for (const Id wrong : wrong_ones) {
        const Id right = std::exchange(ids[at], wrong);
        EXPECT_FALSE(vectors::are_choices(ids, kKnown)) << wrong << " at " << at << " of " << count;
        ids[at] = right;
      }
    }
  }
}

TEST_P(Vectors, FindOneWrongChoiceWhereverItIs) {
  expect_one_wrong_choice_to_be_found<std::int32_t>({7, -2, 0x7fffffff, -0x7fffffff - 1});
  expect_one_wrong_choice_to_be_found<std::int64_t>(
      {7, -2, std::int64_t{1} << 32, std::int64_t{1} << 62, (std::int64_t{1} << 32) - 1, INT64_MAX, INT64_MIN});
}

TEST_P(Vectors, GiveEachTokenOnceAndRefuseOneThatDescendsAndOneWrongSlotWhereverTheyAre) {
  for (std::size_t count = 1; count <= kMost; ++count) {
    std::vector<Entry> entries;
    std::vector<std::uint32_t> tokens;
    std::uint32_t token = 3;
    for (std::size_t i = 0; i < count; ++i) {
      token += static_cast<std::uint32_t>(draw() % 3);
      if (tokens.empty() || tokens.back() != token) tokens.push_back(token);
      entries.push_back({token, static_cast<std::uint16_t>(draw() % 5), static_cast<std::uint16_t>(draw())});
    }
    std::vector<std::uint32_t> found(count + vectors::kSlack);
    const auto rows = vectors::rows_of(entries, 5, found.data());
    EXPECT_TRUE(rows.ascend);
    found.resize(rows.count);
    EXPECT_EQ(found, tokens);
    found.resize(count + vectors::kSlack);
    for (std::size_t at = 0; at < count; ++at) {
      const Entry right = entries[at];
      entries[at].slot = 5;
      EXPECT_FALSE(vectors::rows_of(entries, 5, found.data()).ascend) << "slot at " << at << " of " << count;
      entries[at] = right;
      entries[at].token = 0x80000000;
      EXPECT_FALSE(vectors::rows_of(entries, 5, found.data()).ascend) << "token at " << at << " of " << count;
      entries[at].token = at == 0 ? token + 1 : 0;
      if (count > 1) {
        EXPECT_FALSE(vectors::rows_of(entries, 5, found.data()).ascend) << "order at " << at << " of " << count;
      }
      entries[at] = right;
    }
  }
}

TEST_P(Vectors, KeepTheTokensThatHaveAnyOfANodesBitsAndNoOthers) {
  for (std::size_t count = 0; count <= kMost; ++count) {
    for (const std::size_t first_bit : {0U, 8U, 19U, 59U}) {
      const auto own = static_cast<std::uint8_t>(first_bit == 59 ? 0x1f : 0xff);
      std::vector<std::uint64_t> words;
      std::vector<std::uint32_t> tokens;
      std::vector<std::byte> masks;
      std::uint32_t bits = 0;
      for (std::size_t i = 0; i < count; ++i) {
        words.push_back(draw() % 2 == 0 ? ~(std::uint64_t{own} << first_bit) : draw() << 33 | draw());
        const auto mask = static_cast<std::uint8_t>(words.back() >> first_bit & own);
        if (mask == 0) continue;
        tokens.push_back(static_cast<std::uint32_t>(i));
        masks.push_back(std::byte{mask});
        bits += static_cast<std::uint32_t>(std::popcount(mask));
      }
      std::vector<std::uint32_t> found(count + vectors::kSlack);
      std::vector<std::byte> found_masks(count + vectors::kSlack);
      const auto stream = vectors::stream_of(words, first_bit, own, found.data(), found_masks.data());
      found.resize(stream.rows);
      found_masks.resize(stream.rows);
      EXPECT_EQ(found, tokens);
      EXPECT_EQ(found_masks, masks);
      EXPECT_EQ(stream.bits, bits);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(EveryInstructionSet, Vectors, testing::ValuesIn(instruction_sets()), name_of_set);

}  // namespace
}  // namespace tutti::moe
