// How paths end: cancelled by this rank, or by a peer that goes away.
#include "conformance/conformance.hpp"

namespace tutti::transport::conformance {
namespace {

constexpr Rank kLeft{0};
constexpr Rank kRight{1};

TEST_P(Conformance, TouchesNoMemoryAfterCancel) {
  auto parties = all_to_all(2);
  const Memory sent = pattern(4 << 20, 1);
  Memory got(sent.size());
  parties[0]->send(kRight, sent);
  parties[1]->recv(kLeft, got);
  for (int i = 0; i < 20; ++i) {
    parties[0]->poll();
    parties[1]->poll();
  }
  parties[1]->cancel();
  const Memory at_cancel = got;
  for (int i = 0; i < 2000; ++i) {
    parties[0]->poll();
    parties[1]->poll();  // fails the test if a cancelled transfer completes
  }
  EXPECT_TRUE(same(got, at_cancel));
}

TEST_P(Conformance, LetsTheSendersMemoryGoWithCancel) {
  auto parties = all_to_all(2);
  auto sent = std::make_unique<Memory>(pattern(4 << 20, 1));
  Memory got(sent->size());
  parties[0]->send(kRight, *sent);
  parties[1]->recv(kLeft, got);
  for (int i = 0; i < 20; ++i) {
    parties[0]->poll();
    parties[1]->poll();
  }
  parties[0]->cancel();
  sent.reset();  // the sanitizer sees who still reads it
  for (int i = 0; i < 2000; ++i) {
    parties[0]->poll();
    parties[1]->poll();
  }
}

TEST_P(Conformance, FailsEveryPathFromCancelOn) {
  auto parties = all_to_all(3);
  parties[0]->cancel();
  Memory memory(8);
  for (const Rank peer : {Rank{1}, Rank{2}}) {
    ASSERT_NE(parties[0]->failure(peer), nullptr);
    const auto send = parties[0]->send(peer, memory);
    const auto recv = parties[0]->recv(peer, memory);
    ASSERT_TRUE(parties[0]->finish());
    EXPECT_TRUE(parties[0]->failed(send));
    EXPECT_TRUE(parties[0]->failed(recv));
  }
}

TEST_P(Conformance, NamesThePeerThatCancelled) {
  auto parties = all_to_all(2);
  Memory memory(8);
  const auto token = parties[1]->recv(kLeft, memory);
  for (int i = 0; i < 100; ++i) parties[1]->poll();
  parties[0]->cancel();
  ASSERT_TRUE(poll_all_until(parties, [&] { return parties[1]->done(token); }));
  EXPECT_TRUE(parties[1]->failed(token));
  ASSERT_NE(parties[1]->failure(kLeft), nullptr);
  EXPECT_EQ(parties[1]->failure(kLeft)->code, Code::peer_lost);
  EXPECT_NE(parties[1]->failure(kLeft)->text.find("rank 0"), std::string::npos) << parties[1]->failure(kLeft)->text;
}

TEST_P(Conformance, NamesThePeerThatVanished) {
  auto parties = all_to_all(3);
  Memory memory(8);
  Memory exchanged(8);
  parties[0]->send(kRight, memory);
  parties[1]->recv(kLeft, exchanged);
  ASSERT_TRUE(finish_all(parties));

  const auto waiting = parties[1]->recv(kLeft, memory);
  parties[0]->vanish();
  parties.erase(parties.begin());
  ASSERT_TRUE(poll_all_until(parties, [&] { return parties[0]->done(waiting); }));
  EXPECT_TRUE(parties[0]->failed(waiting));
  const Error* failure = parties[0]->failure(kLeft);
  ASSERT_NE(failure, nullptr);
  EXPECT_EQ(failure->code, Code::peer_lost) << failure->text;
  EXPECT_EQ(failure->culprit, kLeft);
  EXPECT_NE(failure->text.find("rank 0"), std::string::npos) << failure->text;

  const Memory sent = pattern(64, 1);
  Memory got(64);
  parties[0]->send(Rank{2}, sent);
  parties[1]->recv(kRight, got);
  ASSERT_TRUE(finish_all(parties));
  EXPECT_TRUE(same(got, sent));
}

TEST_P(Conformance, FailsSendsToAPeerThatVanished) {
  auto parties = all_to_all(2);
  const Memory sent = pattern(8 << 20, 1);
  const auto token = parties[0]->send(kRight, sent);
  for (int i = 0; i < 100; ++i) {
    parties[0]->poll();
    parties[1]->poll();
  }
  parties.pop_back();
  ASSERT_TRUE(parties[0]->finish());
  EXPECT_TRUE(parties[0]->failed(token));
  EXPECT_EQ(parties[0]->failure(kRight)->code, Code::peer_lost);
}

TEST_P(Conformance, NoticesAPeerThatVanishedBeforeItEverSpoke) {
  auto parties = all_to_all(2);
  Memory memory(8);
  const auto token = parties[0]->recv(kRight, memory);
  for (int i = 0; i < 100; ++i) {
    parties[0]->poll();
    parties[1]->poll();
  }
  parties.pop_back();
  ASSERT_TRUE(parties[0]->finish());
  EXPECT_TRUE(parties[0]->failed(token));
  EXPECT_EQ(parties[0]->failure(kRight)->code, Code::peer_lost);
}

TEST_P(Conformance, NoticesAPeerThatVanishedBeforeItWasConnected) {
  auto party = join(kLeft);
  auto peer = join(kRight);
  const Memory address = peer->transport().address();
  peer.reset();
  party->connect(kRight, address);
  Memory memory(8);
  const auto token = party->send(kRight, memory);
  const auto other = party->recv(kRight, memory);
  ASSERT_TRUE(party->finish());
  EXPECT_TRUE(party->failed(other));
  static_cast<void>(token);  // it may have left before the news came
  EXPECT_EQ(party->failure(kRight)->code, Code::peer_lost);
}

TEST_P(Conformance, DeliversWhatAPeerSentBeforeItLeft) {
  auto parties = all_to_all(2);
  const Memory sent = pattern(1000, 1);
  Memory got(1000);
  const auto token = parties[1]->send(kLeft, sent);
  for (int i = 0; i < 100 && !parties[1]->done(token); ++i) {
    parties[1]->poll();
    parties[0]->poll();
  }
  if (!parties[1]->done(token)) return RecordProperty("does_not_apply", "sends only into receives");
  parties.pop_back();
  for (int i = 0; i < 100; ++i) parties[0]->poll();
  const auto received = parties[0]->recv(kRight, got);
  ASSERT_TRUE(parties[0]->finish());
  EXPECT_FALSE(parties[0]->failed(received));
  EXPECT_TRUE(same(got, sent));
  const auto more = parties[0]->recv(kRight, got);
  ASSERT_TRUE(parties[0]->finish());
  EXPECT_TRUE(parties[0]->failed(more));
}

TEST_P(Conformance, EndsWithTransfersOutstanding) {
  auto parties = all_to_all(4);
  const Memory sent = pattern(2 << 20, 1);
  std::vector<Memory> got(16, Memory(2 << 20));
  for (int me = 0; me < 4; ++me) {
    for (int other = 0; other < 4; ++other) {
      if (me == other) continue;
      parties[static_cast<std::size_t>(me)]->send(to_rank(other), sent);
      parties[static_cast<std::size_t>(me)]->recv(to_rank(other), got[static_cast<std::size_t>(4 * me + other)]);
    }
  }
  for (int i = 0; i < 10; ++i) {
    for (auto& party : parties) party->poll();
  }
  parties.clear();  // before the memory that their transfers use
}

}  // namespace
}  // namespace tutti::transport::conformance
