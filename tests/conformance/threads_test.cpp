// One thread a rank.
#include <thread>

#include "conformance/conformance.hpp"

namespace tutti::transport::conformance {
namespace {

// Everybody sends a block to everybody, a few times over.
void exchange(Party& me, int ranks, std::size_t bytes) {
  for (std::uint32_t round = 0; round < 5; ++round) {
    std::vector<Memory> sent;
    std::vector<Memory> got;
    sent.reserve(static_cast<std::size_t>(ranks));
    got.reserve(static_cast<std::size_t>(ranks));
    for (int other = 0; other < ranks; ++other) {
      sent.push_back(pattern(bytes, static_cast<std::uint32_t>(index(me.rank()) * 1000 + other) + round));
      got.emplace_back(bytes);
    }
    for (int other = 0; other < ranks; ++other) {
      if (to_rank(other) == me.rank()) continue;
      me.recv(to_rank(other), got[static_cast<std::size_t>(other)]);
      me.send(to_rank(other), sent[static_cast<std::size_t>(other)]);
    }
    ASSERT_TRUE(me.finish());
    for (int other = 0; other < ranks; ++other) {
      if (to_rank(other) == me.rank()) continue;
      const auto expected = pattern(bytes, static_cast<std::uint32_t>(other * 1000 + index(me.rank())) + round);
      EXPECT_TRUE(same(got[static_cast<std::size_t>(other)], expected));
    }
  }
}

void exchange_on_threads(Parties& parties, std::size_t bytes) {
  std::vector<std::thread> threads;
  threads.reserve(parties.size());
  for (auto& party : parties) {
    threads.emplace_back([&, me = party.get()] { exchange(*me, static_cast<int>(parties.size()), bytes); });
  }
  for (auto& thread : threads) thread.join();
}

TEST_P(Conformance, ExchangesAmongThreads) {
  auto parties = all_to_all(4);
  exchange_on_threads(parties, 50'000);
}

TEST_P(Conformance, ExchangesLongMessagesBetweenTwoThreads) {
  auto parties = all_to_all(2);
  exchange_on_threads(parties, 3'000'001);
}

TEST_P(Conformance, ExchangesAmongMoreThreadsThanCores) {
  auto parties = all_to_all(12);
  exchange_on_threads(parties, 1000);
}

}  // namespace
}  // namespace tutti::transport::conformance
