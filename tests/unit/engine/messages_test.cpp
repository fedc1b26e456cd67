#include <gtest/gtest.h>

#include <numeric>

#include "unit/engine/world.hpp"

namespace tutti::engine {
namespace {

TEST(Messages, AllToAllInOneGroupMovesInBothDirectionsInRendezvous) {
  constexpr std::int32_t kRanks = 5;
  World world(kRanks, {.hub = {.buffer = 0}});
  std::vector<std::vector<std::byte>> sent(kRanks);
  std::vector<std::vector<std::byte>> got(kRanks, std::vector<std::byte>(kRanks));
  for (std::int32_t rank = 0; rank < kRanks; ++rank) {
    std::vector<Message> messages;
    for (std::int32_t peer = 0; peer < kRanks; ++peer)
      sent[static_cast<std::size_t>(rank)].push_back(static_cast<std::byte>(rank * 16 + peer));
    for (std::int32_t peer = 0; peer < kRanks; ++peer) {
      if (peer == rank) continue;
      messages.push_back({true, Rank{peer}, &sent[static_cast<std::size_t>(rank)][static_cast<std::size_t>(peer)], 1});
      messages.push_back({false, Rank{peer}, &got[static_cast<std::size_t>(rank)][static_cast<std::size_t>(peer)], 1});
    }
    world.engine(rank).start(messages);
  }
  ASSERT_TRUE(world.finish());
  for (std::int32_t rank = 0; rank < kRanks; ++rank) {
    for (std::int32_t peer = 0; peer < kRanks; ++peer) {
      if (peer == rank) continue;
      EXPECT_EQ(got[static_cast<std::size_t>(rank)][static_cast<std::size_t>(peer)],
                static_cast<std::byte>(peer * 16 + rank));
    }
  }
}

TEST(Messages, TwoToOnePeerKeepTheirOrder) {
  World world(2, {.hub = {.buffer = 64}});
  std::byte first{1};
  std::byte second{2};
  std::byte a{};
  std::byte b{};
  world.engine(0).start({{true, Rank{1}, &first, 1}, {true, Rank{1}, &second, 1}});
  world.engine(1).start({{false, Rank{0}, &a, 1}, {false, Rank{0}, &b, 1}});
  ASSERT_TRUE(world.finish());
  EXPECT_EQ(a, std::byte{1});
  EXPECT_EQ(b, std::byte{2});
}

TEST(Messages, OfDifferentLengthFailWithTheStepAndThePeer) {
  World world(2, {.hub = {.buffer = 64}});
  std::byte bytes[8] = {};
  world.engine(0).start({{true, Rank{1}, bytes, 8}});
  world.engine(1).start({{false, Rank{0}, bytes, 4}});
  (void)world.finish();
  bool moved = false;
  ASSERT_EQ(world.engine(1).poll({}, moved), State::failed);
  EXPECT_EQ(world.engine(1).error().code, Code::invalid_usage);
  EXPECT_NE(world.engine(1).error().text.find("recv from 0 of 4 bytes"), std::string::npos)
      << world.engine(1).error().text;
}

}  // namespace
}  // namespace tutti::engine
