// What a transport says of itself, and what it makes of addresses that nobody made.
#include <random>

#include "conformance/conformance.hpp"

namespace tutti::transport::conformance {
namespace {

TEST_P(Conformance, SaysWhoItIs) {
  const auto party = join(Rank{0});
  auto& transport = party->transport();
  EXPECT_EQ(transport.name(), GetParam().name);
  EXPECT_TRUE(transport.describe().starts_with(GetParam().name)) << transport.describe();
  EXPECT_FALSE(transport.address().empty());
  EXPECT_LE(transport.address().size(), 1024U);
  EXPECT_GE(transport.wait_fd(), 0);
}

TEST_P(Conformance, ReachesItsPeersAtBothEnds) {
  const auto left = join(Rank{0});
  const auto right = join(Rank{1});
  EXPECT_TRUE(left->transport().can_reach(right->transport().address()));
  EXPECT_TRUE(right->transport().can_reach(left->transport().address()));
}

TEST_P(Conformance, RefusesAddressesThatNobodyMade) {
  const auto party = join(Rank{0});
  const Memory good = party->transport().address();
  for (std::size_t bytes = 0; bytes < good.size(); ++bytes) {
    const auto cut = std::span(good).first(bytes);
    EXPECT_FALSE(party->transport().can_reach(cut)) << "cut to " << bytes;
    EXPECT_FALSE(party->transport().connect(Rank{1}, cut)) << "cut to " << bytes;
  }
  Memory longer = good;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(party->transport().can_reach(longer));
  std::mt19937 random(1);
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    const Memory garbage = pattern(random() % 1024, seed);
    EXPECT_FALSE(party->transport().can_reach(garbage));
  }
}

TEST_P(Conformance, SurvivesAddressesWithFlippedBits) {
  const auto party = join(Rank{0});
  const Memory good = party->transport().address();
  for (std::size_t place = 0; place < good.size(); ++place) {
    Memory flipped = good;
    flipped[place] ^= std::byte{0x40};
    if (!party->transport().can_reach(flipped)) continue;
    // It looks like an address, of a rank that does not exist: the path fails, nothing else.
    const Rank nobody = to_rank(static_cast<std::int64_t>(1000 + place));
    party->connect(nobody, flipped);
    Memory byte(1);
    party->recv(nobody, byte);
  }
  EXPECT_TRUE(party->finish());
}

TEST_P(Conformance, ConnectsAPeerOnce) {
  const auto party = join(Rank{0});
  const auto peer = join(Rank{1});
  EXPECT_TRUE(party->transport().connect(Rank{1}, peer->transport().address()));
  EXPECT_FALSE(party->transport().connect(Rank{1}, peer->transport().address()));
}

}  // namespace
}  // namespace tutti::transport::conformance
