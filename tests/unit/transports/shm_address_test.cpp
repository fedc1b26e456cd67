#include <gtest/gtest.h>

#include <random>

#include "transports/shm/address.hpp"
#include "transports/shm/shm.hpp"

namespace tutti::transport::shm {
namespace {

TEST(ShmAddress, DecodesWhatItEncodes) {
  for (const char* node : {"", "node", "a longer name of a node"}) {
    Address address{find_place(node).value(), {}};
    address.socket[3] = std::byte{9};
    const auto again = decode(encode(address));
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, address);
  }
}

TEST(ShmAddress, RefusesWhatItDidNotEncode) {
  const auto good = encode({find_place("node").value(), {}});
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(decode(std::span(good).first(size)));
  std::mt19937 random(1);
  for (int i = 0; i < 5000; ++i) {
    std::vector<std::byte> garbage(random() % 80);
    for (auto& byte : garbage) byte = static_cast<std::byte>(random());
    EXPECT_FALSE(decode(garbage));
  }
}

TEST(ShmAddress, SeparatesNodesByName) {
  const auto make = [](const char* node) { return create({.rank = {}, .node_id = node, .log = {}}).value(); };
  const auto here = make("a");
  EXPECT_TRUE(here->can_reach(make("a")->address()));
  EXPECT_FALSE(here->can_reach(make("b")->address()));
  EXPECT_FALSE(here->can_reach(make("")->address()));
}

TEST(ShmOptions, AreChecked) {
  EXPECT_FALSE(create({.rank = Rank{-1}, .node_id = {}, .log = {}}));
  EXPECT_FALSE(create({.rank = {}, .node_id = {}, .ring_bytes = 100, .log = {}}));
  EXPECT_FALSE(create({.rank = {}, .node_id = {}, .ring_bytes = std::size_t{2} << 30, .log = {}}));
  EXPECT_FALSE(create({.rank = {}, .node_id = std::string(256, 'x'), .log = {}}));
}

}  // namespace
}  // namespace tutti::transport::shm
