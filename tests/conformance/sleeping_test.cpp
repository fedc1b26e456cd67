// A rank that sleeps on wait_fd() wakes up for everything that concerns it.
#include <poll.h>

#include <thread>

#include "conformance/conformance.hpp"

namespace tutti::transport::conformance {
namespace {

constexpr Rank kLeft{0};
constexpr Rank kRight{1};
constexpr auto kLimit = std::chrono::seconds(20);

bool readable(Party& party, int milliseconds) {
  pollfd fd{party.transport().wait_fd(), POLLIN, 0};
  return ::poll(&fd, 1, milliseconds) == 1;
}

/// Polls until the rank could go to sleep and stay asleep. Its peer has nothing to say, but makes progress: a
/// connection that is being made may keep a rank awake.
bool falls_asleep(Party& party, Party& peer) {
  const auto limit = std::chrono::steady_clock::now() + kLimit;
  while (std::chrono::steady_clock::now() < limit) {
    party.poll();
    peer.poll();
    if (party.transport().prepare_to_sleep() && !readable(party, 2)) return true;
  }
  return false;
}

/// Whether what `awake` does wakes up `asleep`.
bool wakes(Party& asleep, Party* awake) {
  const auto limit = std::chrono::steady_clock::now() + kLimit;
  while (std::chrono::steady_clock::now() < limit) {
    if (awake != nullptr) awake->poll();
    if (readable(asleep, 0)) return true;
  }
  return false;
}

/// Polls `awake`; `sleeper` sleeps whenever it may, until it has nothing outstanding.
bool finish_sleeping(Party& sleeper, Party& awake) {
  const auto limit = std::chrono::steady_clock::now() + kLimit;
  while (sleeper.outstanding() > 0 && std::chrono::steady_clock::now() < limit) {
    sleeper.poll();
    if (sleeper.outstanding() == 0 || !sleeper.transport().prepare_to_sleep()) continue;
    if (!wakes(sleeper, &awake)) return false;
  }
  return sleeper.outstanding() == 0;
}

TEST_P(Conformance, WakesUpForData) {
  if (!GetParam().sleeps_quietly) return RecordProperty("does_not_apply", "its provider wakes nobody: a timer does");
  auto parties = all_to_all(2);
  for (const std::size_t size : {8U, 5000U, 3U << 20}) {
    const Memory sent = pattern(size, 1);
    Memory got(size);
    parties[1]->recv(kLeft, got);
    ASSERT_TRUE(falls_asleep(*parties[1], *parties[0]));
    parties[0]->send(kRight, sent);
    ASSERT_TRUE(finish_sleeping(*parties[1], *parties[0])) << size;
    ASSERT_TRUE(finish_all(parties));
    EXPECT_TRUE(same(got, sent));
  }
}

TEST_P(Conformance, WakesUpForSpace) {
  if (!GetParam().sleeps_quietly) return RecordProperty("does_not_apply", "its provider wakes nobody: a timer does");
  auto parties = all_to_all(2);
  const Memory sent = pattern(8 << 20, 1);
  Memory got(sent.size());
  parties[0]->send(kRight, sent);
  for (int i = 0; i < 500; ++i) {
    parties[0]->poll();
    parties[1]->poll();
  }
  ASSERT_TRUE(falls_asleep(*parties[0], *parties[1]));
  parties[1]->recv(kLeft, got);
  ASSERT_TRUE(finish_sleeping(*parties[0], *parties[1]));
  ASSERT_TRUE(finish_all(parties));
  EXPECT_TRUE(same(got, sent));
}

TEST_P(Conformance, WakesUpForANewPeer) {
  if (!GetParam().sleeps_quietly) return RecordProperty("does_not_apply", "its provider wakes nobody: a timer does");
  auto sleeper = join(kLeft);
  auto peer = join(kRight);
  sleeper->connect(kRight, peer->transport().address());
  const Memory sent = pattern(100, 1);
  Memory got(100);
  sleeper->recv(kRight, got);
  ASSERT_TRUE(falls_asleep(*sleeper, *peer));
  peer->connect(kLeft, sleeper->transport().address());
  peer->send(kLeft, sent);
  ASSERT_TRUE(finish_sleeping(*sleeper, *peer));
  EXPECT_TRUE(same(got, sent));
}

TEST_P(Conformance, WakesUpForTheDeathOfAPeer) {
  if (!GetParam().sleeps_quietly) return RecordProperty("does_not_apply", "its provider wakes nobody: a timer does");
  auto parties = all_to_all(2);
  Memory memory(8);
  Memory exchanged(8);
  parties[1]->send(kLeft, memory);
  parties[0]->recv(kRight, exchanged);
  ASSERT_TRUE(finish_all(parties));
  const auto token = parties[0]->recv(kRight, memory);
  ASSERT_TRUE(falls_asleep(*parties[0], *parties[1]));
  parties.pop_back();
  ASSERT_TRUE(wakes(*parties[0], nullptr));
  ASSERT_TRUE(parties[0]->finish());
  EXPECT_TRUE(parties[0]->failed(token));
}

TEST_P(Conformance, DoesNotSleepOnWork) {
  auto parties = all_to_all(2);
  const Memory sent = pattern(8, 1);
  Memory got(8);
  parties[0]->send(kRight, sent);
  parties[1]->recv(kLeft, got);
  const auto limit = std::chrono::steady_clock::now() + kLimit;
  // Asleep or not, it must not miss the message: either it refuses to sleep, or its descriptor is readable.
  while (parties[1]->outstanding() > 0 && std::chrono::steady_clock::now() < limit) {
    parties[0]->poll();
    if (!parties[1]->transport().prepare_to_sleep() || readable(*parties[1], 0)) parties[1]->poll();
  }
  EXPECT_TRUE(same(got, sent));
}

// Two threads that sleep whenever they may: one lost wake-up and it does not end.
TEST_P(Conformance, LosesNoWakeUp) {
  auto parties = all_to_all(2);
  constexpr std::uint32_t kRounds = 3000;
  const auto play = [](Party& me, Rank other, bool serves) {
    for (std::uint32_t round = 0; round < kRounds; ++round) {
      const Memory sent = pattern((round * 7919U) % 3000U, round);
      Memory got(sent.size());
      if (serves) me.send(other, sent);
      const auto received = me.recv(other, got);
      bool answered = serves;
      while (me.outstanding() > 0 || !answered) {
        me.poll();
        if (!answered && me.done(received)) {
          me.send(other, sent);
          answered = true;
        } else if (me.outstanding() > 0 && me.transport().prepare_to_sleep() && !readable(me, 20'000)) {
          ADD_FAILURE() << "rank " << index(me.rank()) << " overslept in round " << round;
          return;
        }
      }
      if (!same(got, sent) || me.failures() > 0) {
        const Error* failure = me.failure(other);
        ADD_FAILURE() << "round " << round << ": " << (failure != nullptr ? failure->text : "wrong bytes");
        return;
      }
    }
  };
  std::thread right([&] { play(*parties[1], kLeft, false); });
  play(*parties[0], kRight, true);
  right.join();
}

}  // namespace
}  // namespace tutti::transport::conformance
