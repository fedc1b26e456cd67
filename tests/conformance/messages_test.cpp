// Messages arrive whole, in the right receive, whatever their size, number and timing.
#include <algorithm>
#include <array>
#include <cstdlib>

#include "conformance/conformance.hpp"

namespace tutti::transport::conformance {
namespace {

constexpr Rank kLeft{0};
constexpr Rank kRight{1};

// CONFORMANCE_LARGEST, in bytes, is for machines that are too slow for more: emulated ones.
std::vector<std::size_t> sizes(std::size_t largest) {
  if (const char* const most = std::getenv("CONFORMANCE_LARGEST"); most != nullptr)
    largest = std::min<std::size_t>(largest, std::strtoull(most, nullptr, 10));
  const std::vector<std::size_t> all = {0,    1,    7,    8,     40,    48,      49,       63,       64,       65,
                                        4095, 4096, 4097, 65535, 65537, 1 << 20, 16 << 20, 64 << 20, 256 << 20};
  std::vector<std::size_t> some;
  std::ranges::copy_if(all, std::back_inserter(some), [&](std::size_t size) { return size <= largest; });
  return some;
}

TEST_P(Conformance, CarriesEverySizeBothWays) {
  auto parties = all_to_all(2);
  for (const std::size_t size : sizes(GetParam().largest)) {
    const Memory there = pattern(size, 1);
    const Memory back = pattern(size, 2);
    constexpr std::size_t kGuard = 64;  // must stay as it is
    Memory got_there = pattern(size + kGuard, 3);
    Memory got_back = pattern(size + kGuard, 3);
    const Memory untouched = got_there;
    parties[0]->send(kRight, there);
    parties[1]->send(kLeft, back);
    parties[0]->recv(kRight, std::span(got_back).first(size));
    parties[1]->recv(kLeft, std::span(got_there).first(size));
    ASSERT_TRUE(finish_all(parties)) << size;
    ASSERT_EQ(parties[0]->failures() + parties[1]->failures(), 0U) << size;
    EXPECT_TRUE(same(there, std::span(got_there).first(size))) << size;
    EXPECT_TRUE(same(back, std::span(got_back).first(size))) << size;
    EXPECT_TRUE(same(std::span(untouched).last(kGuard), std::span(got_there).last(kGuard))) << size;
  }
}

TEST_P(Conformance, MatchesTheNthSendWithTheNthReceive) {
  auto parties = all_to_all(2);
  std::vector<Memory> sent;
  std::vector<Memory> got;
  for (std::uint32_t i = 0; i < 200; ++i) {
    sent.push_back(pattern((i * 977U) % 9000U, i));
    got.emplace_back(sent.back().size());
  }
  for (std::size_t i = 0; i < sent.size(); ++i) {
    parties[0]->send(kRight, sent[i]);
    if (i % 3 == 0) parties[0]->poll();
    parties[1]->recv(kLeft, got[i]);
    if (i % 5 == 0) parties[1]->poll();
  }
  ASSERT_TRUE(finish_all(parties));
  EXPECT_EQ(sent, got);
}

TEST_P(Conformance, MovesShortMessagesAtOnceInTheirOrderOrNotAtAll) {
  auto parties = all_to_all(2);
  std::vector<Memory> sent;
  std::vector<Memory> got;
  for (std::uint32_t i = 0; i < 300; ++i) {
    constexpr std::array<std::size_t, 8> kSizes = {0, 1, 8, 48, 49, 1000, 8192, 100'000};
    sent.push_back(pattern(kSizes.at(i * 7 % 8), i));
    got.emplace_back(sent.back().size());
  }
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const bool posts = i % 11 == 3;  // in between, so that the others must wait behind them
    if (posts || !parties[0]->endpoint(kRight).send_now(sent[i], 7)) parties[0]->send(kRight, sent[i]);
    if (i % 3 == 0) parties[0]->poll();
    if (i % 4 == 0) parties[1]->poll();
    if (posts || !parties[1]->endpoint(kLeft).recv_now(got[i], 7)) parties[1]->recv(kLeft, got[i]);
    if (i % 5 == 0) {
      ASSERT_TRUE(finish_all(parties));
    }
  }
  ASSERT_TRUE(finish_all(parties));
  EXPECT_EQ(sent, got);
}

TEST_P(Conformance, CombinesAShortMessageAtOnceInItsTurnOrNotAtAll) {
  const transport::Combine difference{
      [](const void*, std::byte* out, const std::byte* local, const std::byte* arrived, std::size_t bytes) {
        for (std::size_t i = 0; i < bytes; ++i) out[i] = local[i] ^ arrived[i];
      },
      nullptr};
  auto parties = all_to_all(2);
  const bool combines = parties[1]->transport().capabilities().combines;
  std::vector<Memory> sent;
  std::vector<Memory> got;
  for (std::uint32_t i = 0; i < 60; ++i) {
    constexpr std::array<std::size_t, 5> kSizes = {4, 48, 64, 4096, 32768};
    const std::size_t size = kSizes.at(i % kSizes.size());
    const Memory local = pattern(size, i + 1000);
    sent.push_back(pattern(size, i));
    got.emplace_back(size);
    if (!parties[0]->endpoint(kRight).send_now(sent[i], 7)) parties[0]->send(kRight, sent[i]);
    Memory wanted(size);
    difference.apply(nullptr, wanted.data(), local.data(), sent[i].data(), size);
    bool at_once = false;
    for (int poll = 0; poll < 1000 && combines && !at_once; ++poll) {
      at_once = parties[1]->endpoint(kLeft).combine_now(got[i], local.data(), difference, 7);
      if (!at_once) parties[0]->poll();
      if (!at_once) parties[1]->poll();
    }
    if (at_once) {
      EXPECT_TRUE(same(wanted, got[i]));
    } else {
      parties[1]->recv(kLeft, got[i]);
      ASSERT_TRUE(finish_all(parties));
      EXPECT_TRUE(same(sent[i], got[i]));
    }
  }
}

TEST_P(Conformance, LeavesAMessageThatDoesNotFitToItsReceive) {
  auto parties = all_to_all(2);
  const Memory sent = pattern(40, 4);
  Memory got(sent.size());
  Memory longer(sent.size() + 1);
  parties[0]->send(kRight, sent);
  for (int i = 0; i < 2000; ++i) {
    parties[0]->poll();
    parties[1]->poll();
    ASSERT_FALSE(parties[1]->endpoint(kLeft).recv_now(longer, 7));
    ASSERT_FALSE(parties[1]->endpoint(kLeft).recv_now(got, 8));
  }
  parties[1]->recv(kLeft, got);
  ASSERT_TRUE(finish_all(parties));
  EXPECT_TRUE(same(sent, got));
}

TEST_P(Conformance, WaitsForAReceiveThatComesLate) {
  auto parties = all_to_all(2);
  const Memory sent = pattern(100'000, 4);
  Memory got(sent.size());
  parties[0]->send(kRight, sent);
  for (int i = 0; i < 2000; ++i) {
    parties[0]->poll();
    parties[1]->poll();
  }
  parties[1]->recv(kLeft, got);
  ASSERT_TRUE(finish_all(parties));
  EXPECT_TRUE(same(sent, got));
}

TEST_P(Conformance, WaitsForASendThatComesLate) {
  auto parties = all_to_all(2);
  const Memory sent = pattern(100'000, 4);
  Memory got(sent.size());
  parties[1]->recv(kLeft, got);
  for (int i = 0; i < 2000; ++i) {
    parties[0]->poll();
    parties[1]->poll();
  }
  EXPECT_EQ(parties[1]->outstanding(), 1U);
  parties[0]->send(kRight, sent);
  ASSERT_TRUE(finish_all(parties));
  EXPECT_EQ(sent, got);
}

TEST_P(Conformance, HoldsThousandsInFlightBothWays) {
  auto parties = all_to_all(2);
  constexpr std::size_t kMessages = 4000;
  std::vector<std::uint64_t> sent(kMessages);
  std::vector<std::uint64_t> got_left(kMessages);
  std::vector<std::uint64_t> got_right(kMessages);
  for (std::size_t i = 0; i < kMessages; ++i) sent[i] = i * i + 1;
  for (std::size_t i = 0; i < kMessages; ++i) {
    parties[0]->send(kRight, std::as_bytes(std::span(&sent[i], 1)));
    parties[1]->send(kLeft, std::as_bytes(std::span(&sent[i], 1)));
  }
  for (std::size_t i = 0; i < kMessages; ++i) {
    parties[0]->recv(kRight, std::as_writable_bytes(std::span(&got_left[i], 1)));
    parties[1]->recv(kLeft, std::as_writable_bytes(std::span(&got_right[i], 1)));
  }
  ASSERT_TRUE(finish_all(parties));
  EXPECT_EQ(sent, got_left);
  EXPECT_EQ(sent, got_right);
}

TEST_P(Conformance, SendsFromAndReceivesAtOddAddresses) {
  auto parties = all_to_all(2);
  for (const std::size_t size : {1U, 7U, 63U, 64U, 4097U, 300'001U}) {
    for (const std::size_t shift : {1U, 3U, 13U, 63U}) {
      const Memory sent = pattern(shift + size, 1);
      Memory got = pattern(2 * shift + size, 2);
      const Memory before = got;
      parties[0]->send(kRight, std::span(sent).subspan(shift));
      parties[1]->recv(kLeft, std::span(got).subspan(shift, size));
      ASSERT_TRUE(finish_all(parties)) << size << " at " << shift;
      EXPECT_TRUE(same(std::span(sent).subspan(shift), std::span(got).subspan(shift, size)));
      EXPECT_TRUE(same(std::span(before).first(shift), std::span(got).first(shift))) << "wrote before the receive";
      EXPECT_TRUE(same(std::span(before).last(shift), std::span(got).last(shift))) << "wrote behind the receive";
    }
  }
}

// Of what a path has in flight at once, long and short messages alternate, in both directions.
TEST_P(Conformance, KeepsLongAndShortMessagesApart) {
  auto parties = all_to_all(2);
  constexpr std::size_t kMessages = 60;
  std::vector<Memory> sent;
  std::vector<Memory> got_left;
  std::vector<Memory> got_right;
  for (std::uint32_t i = 0; i < kMessages; ++i) {
    sent.push_back(pattern(i % 2 == 0 ? 5 : 100'000 + i, i));
    got_left.emplace_back(sent.back().size());
    got_right.emplace_back(sent.back().size());
  }
  for (std::size_t i = 0; i < kMessages; ++i) {
    parties[0]->send(kRight, sent[i]);
    parties[1]->send(kLeft, sent[i]);
  }
  for (std::size_t i = 0; i < kMessages; ++i) {
    parties[0]->recv(kRight, got_left[i]);
    parties[1]->recv(kLeft, got_right[i]);
  }
  ASSERT_TRUE(finish_all(parties));
  EXPECT_EQ(sent, got_left);
  EXPECT_EQ(sent, got_right);
}

TEST_P(Conformance, ExchangesAllToAllAmongSixteen) {
  constexpr int kRanks = 16;
  auto parties = all_to_all(kRanks);
  const auto block = [](int from, int to) { return pattern(3000, static_cast<std::uint32_t>(from * 100 + to)); };
  std::vector<std::vector<Memory>> sent(kRanks);
  std::vector<std::vector<Memory>> got(kRanks);
  for (int me = 0; me < kRanks; ++me) {
    for (int other = 0; other < kRanks; ++other) {
      sent[static_cast<std::size_t>(me)].push_back(block(me, other));
      got[static_cast<std::size_t>(me)].emplace_back(3000);
    }
  }
  for (std::size_t me = 0; me < kRanks; ++me) {
    for (std::size_t other = 0; other < kRanks; ++other) {
      if (me == other) continue;
      parties[me]->recv(to_rank(static_cast<int>(other)), got[me][other]);
      parties[me]->send(to_rank(static_cast<int>(other)), sent[me][other]);
    }
  }
  ASSERT_TRUE(finish_all(parties));
  for (std::size_t me = 0; me < kRanks; ++me) {
    for (std::size_t other = 0; other < kRanks; ++other) {
      if (me != other) {
        EXPECT_EQ(got[me][other], sent[other][me]) << other << " to " << me;
      }
    }
  }
}

TEST_P(Conformance, GoesOnWithOthersWhileOnePeerDoesNotReceive) {
  auto parties = all_to_all(3);
  const Memory large = pattern(8 << 20, 5);
  Memory got_late(large.size());
  const auto stuck = parties[0]->send(kRight, large);
  for (std::uint32_t round = 0; round < 50; ++round) {
    const Memory sent = pattern(20'000, round);
    Memory got(sent.size());
    const auto token = parties[0]->send(Rank{2}, sent);
    parties[2]->recv(kLeft, got);
    ASSERT_TRUE(poll_all_until(parties, [&] { return parties[0]->done(token) && parties[2]->outstanding() == 0; }));
    EXPECT_EQ(got, sent);
  }
  EXPECT_FALSE(parties[0]->done(stuck)) << "8 MiB cannot be in flight without a receive";
  parties[1]->recv(kLeft, got_late);
  ASSERT_TRUE(finish_all(parties));
  EXPECT_TRUE(same(got_late, large));
}

// Long messages to many peers that do not receive yet, and then do.
TEST_P(Conformance, HoldsNoMoreMemoryThanItMay) {
  constexpr std::size_t kPeers = 8;
  auto parties = all_to_all(kPeers + 1);
  if (parties[0]->transport().capabilities().shares_memory)
    return RecordProperty("does_not_apply", "its rings are of the size that was asked for");
  const Memory sent = pattern(2 << 20, 5);
  std::vector<Memory> got(2 * kPeers, Memory(sent.size()));
  const auto most = [&] {
    std::size_t held = 0;
    for (const auto& party : parties) held = std::max(held, party->transport().memory());
    return held;
  };
  for (std::size_t peer = 1; peer <= kPeers; ++peer) {
    parties[0]->send(to_rank(static_cast<int>(peer)), sent);
    parties[peer]->send(kLeft, sent);
  }
  constexpr std::size_t kMay = (std::size_t{4} << 20) + kPeers * (std::size_t{64} << 10);
  for (int i = 0; i < 200; ++i) {
    for (auto& party : parties) party->poll();
    ASSERT_LE(most(), kMay);
  }
  for (std::size_t peer = 1; peer <= kPeers; ++peer) {
    parties[0]->recv(to_rank(static_cast<int>(peer)), got[peer - 1]);
    parties[peer]->recv(kLeft, got[kPeers + peer - 1]);
  }
  ASSERT_TRUE(poll_all_until(parties, [&] {
    EXPECT_LE(most(), kMay);
    return std::ranges::all_of(parties, [](const auto& party) { return party->outstanding() == 0; });
  }));
  for (const Memory& each : got) EXPECT_TRUE(same(each, sent));
}

void add_floats(const void* context, std::byte* out, const std::byte* local, const std::byte* arrived,
                std::size_t bytes) {
  ++*static_cast<int*>(const_cast<void*>(context));
  for (std::size_t at = 0; at + sizeof(float) <= bytes; at += sizeof(float)) {
    float mine = 0;
    float theirs = 0;
    std::copy_n(local + at, sizeof(float), reinterpret_cast<std::byte*>(&mine));
    std::copy_n(arrived + at, sizeof(float), reinterpret_cast<std::byte*>(&theirs));
    mine += theirs;
    std::copy_n(reinterpret_cast<const std::byte*>(&mine), sizeof(float), out + at);
  }
}

TEST_P(Conformance, CombinesWhatArrives) {
  auto parties = all_to_all(2);
  if (!parties[0]->transport().capabilities().combines) return RecordProperty("does_not_apply", "does not combine");
  for (const std::size_t count : {1U, 3U, 12U, 13U, 17U, 1000U, 300'001U}) {
    std::vector<float> sent(count);
    std::vector<float> local(count);
    std::vector<float> expected(count);
    for (std::size_t i = 0; i < count; ++i) {
      sent[i] = static_cast<float>(i % 1000);
      local[i] = static_cast<float>(2 * (i % 777));
      expected[i] = local[i] + sent[i];
    }
    std::vector<float> out(count);
    std::vector<float> in_place = local;
    int calls = 0;
    const Combine combine{add_floats, &calls};
    parties[0]->send(kRight, std::as_bytes(std::span(sent)));
    parties[0]->send(kRight, std::as_bytes(std::span(sent)));
    parties[1]->recv_combine(kLeft, std::as_writable_bytes(std::span(out)), std::as_bytes(std::span(local)).data(),
                             combine);
    const auto both = std::as_writable_bytes(std::span(in_place));
    parties[1]->recv_combine(kLeft, both, both.data(), combine);
    ASSERT_TRUE(finish_all(parties));
    EXPECT_EQ(out, expected);
    EXPECT_EQ(in_place, expected);
    EXPECT_GE(calls, 2);
  }
}

}  // namespace
}  // namespace tutti::transport::conformance
