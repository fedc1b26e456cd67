// Puts arrive whole, where they belong, and are counted when they can be read; what may not be put is refused.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <numeric>

#include "conformance/conformance.hpp"

namespace tutti::transport::conformance {
namespace {

constexpr Rank kLeft{0};
constexpr Rank kRight{1};

std::vector<std::size_t> sizes(std::size_t largest) {
  if (const char* const most = std::getenv("CONFORMANCE_LARGEST"); most != nullptr)
    largest = std::min<std::size_t>(largest, std::strtoull(most, nullptr, 10));
  const std::vector<std::size_t> all = {0, 1, 24, 48, 49, 4095, 65537, 1 << 20, 16 << 20, 64 << 20};
  std::vector<std::size_t> some;
  std::ranges::copy_if(all, std::back_inserter(some), [&](std::size_t size) { return size <= largest; });
  return some;
}

TEST_P(Conformance, PutsEverySizeBothWaysAtOddOffsets) {
  auto parties = all_to_all(2);
  constexpr std::size_t kShift = 13;
  for (const std::size_t size : sizes(GetParam().largest)) {
    std::array<Memory, 2> sent = {pattern(size, 1), pattern(size, 2)};
    std::array<Memory, 2> memory;
    std::array<WindowId, 2> windows{};
    const Memory untouched = pattern(size + 3 * kShift, 3);
    for (std::size_t me = 0; me < 2; ++me) {
      memory[me] = untouched;
      windows[me] = parties[me]->open_window(std::span(memory[me]).subspan(1));  // at an odd address, too
    }
    for (std::size_t me = 0; me < 2; ++me) {
      const auto key = parties[1 - me]->transport().window_key(windows[1 - me]);
      ASSERT_LE(key.size(), 1024U);
      parties[me]->put(to_rank(static_cast<int>(1 - me)), sent[me], key, kShift, 5);
    }
    ASSERT_TRUE(poll_all_until(parties, [&] {
      return parties[0]->transport().arrived(windows[0], 5) == size &&
             parties[1]->transport().arrived(windows[1], 5) == size;
    })) << size;
    ASSERT_TRUE(finish_all(parties)) << size;
    ASSERT_EQ(parties[0]->failures() + parties[1]->failures(), 0U) << size;
    for (std::size_t me = 0; me < 2; ++me) {
      const std::span got(memory[me]);
      EXPECT_TRUE(same(sent[1 - me], got.subspan(1 + kShift, size))) << size;
      EXPECT_TRUE(same(std::span(untouched).first(1 + kShift), got.first(1 + kShift))) << "wrote before the put";
      EXPECT_TRUE(same(std::span(untouched).subspan(1 + kShift + size), got.subspan(1 + kShift + size)));
      EXPECT_EQ(parties[me]->transport().arrived(windows[me], 4), 0U);
      parties[me]->transport().close_window(windows[me]);
    }
  }
}

TEST_P(Conformance, CountsManyPutsByTheirSignals) {
  auto parties = all_to_all(3);
  constexpr std::size_t kPuts = 1500;
  constexpr std::size_t kMost = 3000;
  constexpr std::uint32_t kUsed = 7;
  std::vector<Memory> sent;
  Memory memory(2 * kPuts * kMost);
  const WindowId window = parties[2]->open_window(memory);
  const auto key = parties[2]->transport().window_key(window);
  std::array<std::uint64_t, kUsed> expected{};
  for (std::uint32_t i = 0; i < 2 * kPuts; ++i) sent.push_back(pattern(1 + i * 977U % kMost, i));
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const std::uint32_t signal = static_cast<std::uint32_t>(i) % kUsed;
    parties[i % 2]->put(Rank{2}, sent[i], key, i * kMost, signal == 6 ? kSignals - 1 : signal);
    expected[signal] += sent[i].size();
    if (i % 5 == 0) parties[i % 2]->poll();
  }
  const auto arrived = [&](std::uint32_t signal) {
    return parties[2]->transport().arrived(window, signal == 6 ? kSignals - 1 : signal);
  };
  ASSERT_TRUE(poll_all_until(parties, [&] {
    for (std::uint32_t signal = 0; signal < kUsed; ++signal) {
      EXPECT_LE(arrived(signal), expected[signal]);
      if (arrived(signal) != expected[signal]) return false;
    }
    return true;
  }));
  ASSERT_TRUE(finish_all(parties));
  for (std::size_t i = 0; i < sent.size(); ++i) {
    ASSERT_TRUE(same(sent[i], std::span(memory).subspan(i * kMost, sent[i].size()))) << i;
  }
}

TEST_P(Conformance, PutsPastMessagesThatWaitForTheirReceives) {
  auto parties = all_to_all(2);
  const Memory waiting = pattern(2 << 20, 1);
  const Memory put = pattern(300'000, 2);
  Memory got(waiting.size());
  Memory memory(put.size());
  const WindowId window = parties[1]->open_window(memory);
  parties[0]->send(kRight, waiting);
  for (int i = 0; i < 50; ++i) {
    for (auto& party : parties) party->poll();
  }
  const auto token = parties[0]->put(kRight, put, parties[1]->transport().window_key(window));
  ASSERT_TRUE(poll_all_until(
      parties, [&] { return parties[0]->done(token) && parties[1]->transport().arrived(window, 0) == put.size(); }));
  EXPECT_TRUE(same(put, memory));
  parties[1]->recv(kLeft, got);
  ASSERT_TRUE(finish_all(parties));
  EXPECT_TRUE(same(waiting, got));
}

TEST_P(Conformance, KeepsPutsAndMessagesApart) {
  auto parties = all_to_all(2);
  constexpr std::size_t kEach = 50;
  std::vector<Memory> sent;
  std::vector<Memory> got;
  std::size_t total = 0;
  for (std::uint32_t i = 0; i < kEach; ++i) {
    sent.push_back(pattern(i % 2 == 0 ? 5 + i : 100'000 + i, i));
    got.emplace_back(sent.back().size());
    total += sent.back().size();
  }
  Memory memory(total);
  const WindowId window = parties[1]->open_window(memory);
  const auto key = parties[1]->transport().window_key(window);
  std::size_t at = 0;
  for (std::size_t i = 0; i < kEach; ++i) {
    parties[0]->send(kRight, sent[i]);
    parties[0]->put(kRight, sent[i], key, at, 1);
    parties[1]->recv(kLeft, got[i]);
    at += sent[i].size();
  }
  ASSERT_TRUE(poll_all_until(parties, [&] { return parties[1]->transport().arrived(window, 1) == total; }));
  ASSERT_TRUE(finish_all(parties));
  EXPECT_EQ(sent, got);
  at = 0;
  for (const Memory& each : sent) {
    ASSERT_TRUE(same(each, std::span(memory).subspan(at, each.size())));
    at += each.size();
  }
}

TEST_P(Conformance, HoldsPutsToARankThatConnectsLate) {
  Parties parties;
  for (int rank = 0; rank < 2; ++rank) parties.push_back(join(to_rank(rank)));
  const Memory sent = pattern(500'000, 1);
  Memory memory(sent.size());
  const WindowId window = parties[1]->open_window(memory);
  parties[0]->connect(kRight, parties[1]->transport().address());
  parties[0]->put(kRight, sent, parties[1]->transport().window_key(window));
  for (int i = 0; i < 200; ++i) {
    for (auto& party : parties) party->poll();
  }
  parties[1]->connect(kLeft, parties[0]->transport().address());
  ASSERT_TRUE(poll_all_until(parties, [&] { return parties[1]->transport().arrived(window, 0) == sent.size(); }));
  ASSERT_TRUE(finish_all(parties));
  EXPECT_TRUE(same(sent, memory));
}

TEST_P(Conformance, AdmitsNoPutThatLeadsOutOfItsWindowOrHasNoKeyOfThePeer) {
  auto parties = all_to_all(3);
  const Memory before = pattern(1000, 1);
  Memory memory = before;
  Memory third(1000);
  const Memory sent = pattern(1000, 2);
  const auto key = parties[1]->transport().window_key(parties[1]->open_window(std::span(memory).subspan(100, 800)));
  const auto key_of_third = parties[2]->transport().window_key(parties[2]->open_window(third));
  const Put good{.data = sent.data(), .bytes = 100, .key = key, .offset = 700, .token = 1};
  const auto refuses = [&](const Put& bad, const char* why) {
    const std::array batch = {good, bad};
    const auto taken = parties[0]->endpoint(kRight).put(batch);
    ASSERT_FALSE(taken) << why;
    EXPECT_EQ(taken.error().code, Code::invalid_argument) << taken.error().text;
    EXPECT_NE(taken.error().text.find(why), std::string::npos) << taken.error().text;
  };
  EXPECT_TRUE(parties[0]->endpoint(kRight).admits(good));
  const auto with = [&](auto change) {
    Put put = good;
    change(put);
    return put;
  };
  refuses(with([](Put& put) { put.bytes = 101; }), "leads out of the window of rank 1, which has 800 bytes");
  refuses(with([](Put& put) { put.offset = 801; }), "leads out of the window");
  refuses(with([](Put& put) { put.offset = ~std::uint64_t{0} - 50; }), "leads out of the window");
  refuses(with([&](Put& put) { put.key = key_of_third; }), "another rank's");
  refuses(with([](Put& put) { put.key = {}; }), "no window's key");
  refuses(with([](Put& put) { put.signal = kSignals; }), "signal 4096");
  for (std::size_t at = 0; at < key.size(); ++at) {
    auto garbled = key;
    garbled[at] ^= std::byte{4};
    refuses(with([&](Put& put) { put.key = garbled; }), "key");
    refuses(with([&](Put& put) { put.key = std::span(key).first(at); }), "no window's key");
  }
  for (int i = 0; i < 100; ++i) {
    for (auto& party : parties) party->poll();  // fails the test if something of a refused batch completes
  }
  EXPECT_EQ(memory, before);
  EXPECT_EQ(parties[0]->failure(kRight), nullptr);
  EXPECT_EQ(parties[1]->failure(kLeft), nullptr);
}

TEST_P(Conformance, RefusesWindowsThatOverlapOrAreEmptyAndGivesNoNumberTwice) {
  auto party = join(kLeft);
  Memory memory(1000);
  const WindowId first = party->open_window(std::span(memory).subspan(100, 100));
  for (const auto& [at, bytes] :
       {std::pair<std::size_t, std::size_t>{0, 101}, {199, 10}, {120, 1}, {0, 1000}, {0, 0}}) {
    const auto window = party->transport().open_window({.bytes = std::span(memory).subspan(at, bytes)});
    ASSERT_FALSE(window) << at << " " << bytes;
    EXPECT_EQ(window.error().code, Code::invalid_argument);
  }
  const WindowId second = party->open_window(std::span(memory).subspan(200, 100));
  party->transport().close_window(first);
  EXPECT_TRUE(party->transport().window_key(first).empty());
  EXPECT_EQ(party->transport().arrived(first, 0), 0U);
  const WindowId third = party->open_window(std::span(memory).subspan(100, 100));
  EXPECT_TRUE(third != first && third != second);
  party->transport().close_window(first);  // again: nothing happens
  EXPECT_FALSE(party->transport().window_key(third).empty());
}

TEST_P(Conformance, WritesNothingIntoAWindowThatIsClosedWhilePeersPut) {
  if (!GetParam().guards_windows) return RecordProperty("does_not_apply", "writes without a NIC that refuses");
  auto parties = all_to_all(3);
  const Memory sent = pattern(100'000, 1);
  Memory memory(sent.size());
  const WindowId window = parties[1]->open_window(memory);
  const auto key = parties[1]->transport().window_key(window);
  for (int i = 0; i < 40; ++i) parties[0]->put(kRight, sent, key, 0, 2);
  ASSERT_TRUE(poll_all_until(parties, [&] { return parties[1]->transport().arrived(window, 2) > 0; }));
  parties[1]->transport().close_window(window);
  const Memory before = pattern(sent.size(), 7);
  std::ranges::copy(before, memory.begin());
  // Some may have completed before; a put after it cannot.
  const auto late = parties[0]->put(kRight, sent, key, 0, 2);
  ASSERT_TRUE(poll_all_until(parties, [&] {
    return parties[0]->failure(kRight) != nullptr && parties[1]->failure(kLeft) != nullptr &&
           parties[0]->outstanding() == 0;
  }));
  EXPECT_TRUE(same(before, memory));
  EXPECT_EQ(parties[0]->failure(kRight)->code, Code::invalid_usage) << parties[0]->failure(kRight)->text;
  EXPECT_NE(parties[0]->failure(kRight)->text.find("rank 1"), std::string::npos);
  EXPECT_EQ(parties[1]->failure(kLeft)->code, Code::invalid_usage) << parties[1]->failure(kLeft)->text;
  EXPECT_NE(parties[1]->failure(kLeft)->text.find("rank 0"), std::string::npos);
  EXPECT_TRUE(parties[0]->done(late));
  Memory got(sent.size());  // others go on
  parties[0]->send(Rank{2}, sent);
  parties[2]->recv(kLeft, got);
  ASSERT_TRUE(finish_all(parties));
  EXPECT_TRUE(same(sent, got));
}

TEST_P(Conformance, FailsPutsToAPeerThatIsGone) {
  auto parties = all_to_all(2);
  const Memory sent = pattern(8 << 20, 1);
  Memory memory(sent.size());
  const WindowId window = parties[1]->open_window(memory);
  const auto key = parties[1]->transport().window_key(window);
  parties[0]->put(kRight, sent, key);
  ASSERT_TRUE(poll_all_until(parties, [&] { return parties[1]->transport().arrived(window, 0) == sent.size(); }));
  parties[0]->put(kRight, sent, key);
  for (auto& party : parties) party->poll();
  parties[1]->vanish();
  const Memory before = memory;
  auto& left = *parties[0];
  // What had left this rank may count as done; a put behind it must not.
  const auto late = [&] { return left.put(kRight, sent, key); };
  ASSERT_TRUE(left.poll_until([&] {
    if (left.failure(kRight) == nullptr && left.outstanding() < 4) late();
    return left.failure(kRight) != nullptr && left.outstanding() == 0;
  }));
  const auto last = late();
  ASSERT_TRUE(left.finish());
  EXPECT_TRUE(left.failed(last));
  EXPECT_TRUE(same(before, memory));
}

TEST_P(Conformance, TouchesNothingOfAPutAfterItIsCancelled) {
  auto parties = all_to_all(2);
  Memory sent = pattern(8 << 20, 1);
  Memory memory(sent.size());
  const WindowId window = parties[1]->open_window(memory);
  const auto key = parties[1]->transport().window_key(window);
  parties[0]->put(kRight, sent, key);
  ASSERT_TRUE(poll_all_until(parties, [&] { return parties[1]->transport().arrived(window, 0) == sent.size(); }));
  parties[0]->put(kRight, sent, key);
  for (auto& party : parties) party->poll();
  parties[0]->cancel();
  Memory().swap(sent);
  for (int i = 0; i < 100; ++i) {
    for (auto& party : parties) party->poll();
  }
  parties[1]->cancel();
  EXPECT_EQ(parties[0]->outstanding(), 0U);
}

TEST_P(Conformance, DeliversWhatWasPutBeforeItsSenderLeft) {
  auto parties = all_to_all(2);
  const Memory sent = pattern(20'000, 1);
  Memory memory(sent.size());
  const WindowId window = parties[1]->open_window(memory);
  Memory exchanged(8);
  parties[1]->send(kLeft, std::span(sent).first(8));
  parties[0]->recv(kRight, exchanged);
  ASSERT_TRUE(finish_all(parties));
  parties[0]->put(kRight, sent, parties[1]->transport().window_key(window));
  ASSERT_TRUE(poll_all_until(parties, [&] { return parties[0]->outstanding() == 0; }));
  parties[0]->cancel();
  parties[0]->vanish();
  ASSERT_TRUE(parties[1]->poll_until([&] { return parties[1]->transport().arrived(window, 0) == sent.size(); }));
  EXPECT_TRUE(same(sent, memory));
}

}  // namespace
}  // namespace tutti::transport::conformance
