#include "transports/card.hpp"

#include <gtest/gtest.h>

#include <random>

namespace tutti::transport {
namespace {

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
  std::vector<std::byte> bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

TEST(Card, DecodesWhatItEncodes) {
  const Card card = {{"shm", bytes_of({1, 2, 3})}, {"ucx", std::vector<std::byte>(1024, std::byte{7})}, {"x", {}}};
  const auto again = decode(encode(card));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, card);
}

TEST(Card, MayBeEmpty) {
  EXPECT_TRUE(encode({}).empty());
  const auto card = decode({});
  ASSERT_TRUE(card);
  EXPECT_TRUE(card->empty());
}

TEST(Card, HasAFixedLayout) {
  EXPECT_EQ(encode({{"shm", bytes_of({9, 8})}}), bytes_of({3, 's', 'h', 'm', 2, 0, 9, 8}));
}

TEST(Card, RefusesEveryPrefix) {
  const auto whole = encode({{"shm", bytes_of({1, 2, 3})}, {"ucx", bytes_of({4})}});
  const std::size_t first_entry = 1 + 3 + 2 + 3;
  for (std::size_t size = 1; size < whole.size(); ++size) {
    const auto card = decode(std::span(whole).first(size));
    EXPECT_EQ(static_cast<bool>(card), size == first_entry) << size;
    if (!card) {
      EXPECT_EQ(card.error().code, Code::transport);
    }
  }
}

TEST(Card, RefusesANamelessEntryAndAnEndlessOne) {
  EXPECT_FALSE(decode(bytes_of({0, 0, 0})));
  EXPECT_FALSE(decode(bytes_of({3, 's', 'h', 'm', 255, 255, 1})));
  EXPECT_FALSE(decode(bytes_of({255, 's'})));
}

TEST(Card, RefusesMoreThanItsLimit) {
  Card card;
  for (int i = 0; i < 5; ++i) card.push_back({"ucx", std::vector<std::byte>(1024)});
  EXPECT_FALSE(decode(encode(card)));
}

TEST(Card, SurvivesGarbage) {
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::vector<std::byte> bytes(random() % 64);
    for (auto& byte : bytes) byte = static_cast<std::byte>(random() % (i % 2 == 0 ? 256 : 8));
    if (const auto card = decode(bytes)) {
      EXPECT_EQ(encode(*card), bytes);
    }
  }
}

}  // namespace
}  // namespace tutti::transport
