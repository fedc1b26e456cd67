// What is particular to faulty: faults that a caller does notice, and that they come again with their seed.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "transports/faulty/dice.hpp"
#include "transports/faulty/faulty.hpp"
#include "transports/loopback/loopback.hpp"

namespace tutti::transport::faulty {
namespace {

/// Three ranks at a hub; the first has faults. Time is a number of calls.
class Trio {
 public:
  explicit Trio(const Script& script) {
    for (int rank = 0; rank < 3; ++rank) {
      auto made = loopback::create(hub_, to_rank(rank)).value();
      ranks_.push_back(rank == 0 ? create(std::move(made), script).value() : std::move(made));
    }
    for (std::size_t me = 0; me < 3; ++me) {
      for (std::size_t other = 0; other < 3; ++other) {
        if (me == other) continue;
        paths_[me][other] = ranks_[me]->connect(to_rank(static_cast<int>(other)), ranks_[other]->address()).value();
      }
    }
  }

  void post(std::size_t me, std::size_t other, Transfer::Kind kind, std::span<std::byte> data) {
    const Transfer transfer{.kind = kind, .data = data.data(), .bytes = data.size(), .token = ++token_};
    paths_[me][other]->post({&transfer, 1});
  }
  void poll(int calls) {
    for (int i = 0; i < calls; ++i) {
      now_ += std::chrono::microseconds(10);
      for (std::size_t me = 0; me < 3; ++me) ranks_[me]->progress(now_, completed_[me]);
    }
  }
  [[nodiscard]] const Error* failure(std::size_t me, std::size_t other) const { return paths_[me][other]->failure(); }
  [[nodiscard]] const std::vector<Completion>& completed(std::size_t me) const { return completed_[me]; }
  [[nodiscard]] Transport& rank(std::size_t me) { return *ranks_[me]; }

 private:
  loopback::Hub hub_;
  std::vector<std::unique_ptr<Transport>> ranks_;
  std::array<std::array<Endpoint*, 3>, 3> paths_{};
  std::array<std::vector<Completion>, 3> completed_;
  std::uint64_t token_ = 0;
  TimePoint now_{};
};

using Bytes8 = std::array<std::byte, 8>;
constexpr auto kSend = Transfer::Kind::send;
constexpr auto kRecv = Transfer::Kind::recv;

TEST(Faulty, ADroppedPathFailsWithThePeersNameAndTheOthersGoOn) {
  Trio trio({.events = {{.kind = Event::Kind::drop, .after_transfers = 2, .peer = Rank{1}}}});
  Bytes8 lost{};
  Bytes8 sent{std::byte{7}};
  Bytes8 got{};
  trio.post(0, 1, kRecv, lost);
  trio.poll(3);
  EXPECT_EQ(trio.failure(0, 1), nullptr);
  trio.post(0, 2, kSend, sent);
  trio.post(2, 0, kRecv, got);
  trio.poll(10);
  ASSERT_NE(trio.failure(0, 1), nullptr);
  EXPECT_EQ(trio.failure(0, 1)->code, Code::peer_lost);
  EXPECT_EQ(trio.failure(0, 1)->culprit, Rank{1});
  EXPECT_EQ(trio.failure(0, 1)->text, "rank 1 is gone (loopback)");
  EXPECT_EQ(got, sent);
  EXPECT_EQ(trio.failure(0, 2), nullptr);
  const auto failed = std::ranges::count_if(trio.completed(0), [](const Completion& one) { return !one.ok; });
  EXPECT_EQ(failed, 1) << "the receive of the dropped path, and nothing else";
}

TEST(Faulty, ADroppedPathTouchesItsMemoryNoMore) {
  Trio trio({.events = {{.kind = Event::Kind::drop, .after_transfers = 1, .peer = Rank{1}}}});
  Bytes8 sent{std::byte{7}};
  Bytes8 lost{};
  trio.post(0, 1, kRecv, lost);
  trio.poll(1);
  trio.post(1, 0, kSend, sent);
  trio.poll(10);
  EXPECT_EQ(lost, Bytes8{});
  ASSERT_EQ(trio.completed(0).size(), 1U);
  EXPECT_FALSE(trio.completed(0)[0].ok);
}

TEST(Faulty, AKilledRankIsGoneForItsPeersAndFailsEverythingItself) {
  Trio trio({.events = {{.kind = Event::Kind::kill, .after_transfers = 1, .peer = {}}}});
  Bytes8 memory{};
  trio.post(1, 0, kRecv, memory);
  trio.post(2, 1, kRecv, memory);
  trio.post(0, 1, kSend, memory);
  trio.poll(10);
  ASSERT_NE(trio.failure(1, 0), nullptr);
  EXPECT_EQ(trio.failure(1, 0)->culprit, Rank{0});
  EXPECT_EQ(trio.failure(1, 2), nullptr);
  for (const std::size_t peer : {1U, 2U}) EXPECT_EQ(trio.failure(0, peer)->code, Code::aborted);
  ASSERT_EQ(trio.completed(0).size(), 1U);
  EXPECT_FALSE(trio.completed(0)[0].ok);
  EXPECT_TRUE(trio.rank(0).prepare_to_sleep());
  EXPECT_GE(trio.rank(0).wait_fd(), 0);
}

std::vector<std::uint64_t> order_of(std::uint64_t seed) {
  Trio trio(harmless(seed));
  std::array<Bytes8, 40> memory{};
  for (auto& one : memory) {
    trio.post(0, 1, kRecv, one);
    trio.post(1, 0, kSend, one);
  }
  trio.poll(500);
  std::vector<std::uint64_t> tokens;
  for (const auto& one : trio.completed(0)) tokens.push_back(one.token);
  return tokens;
}

TEST(Faulty, CompletesInAnotherOrderAndTheSameOneWithTheSameSeed) {
  auto first = order_of(1);
  EXPECT_EQ(first.size(), 40U);
  EXPECT_FALSE(std::ranges::is_sorted(first));
  EXPECT_EQ(first, order_of(1));
  EXPECT_NE(first, order_of(2));
}

TEST(Faulty, RefusesScriptsThatMakeNoSense) {
  loopback::Hub hub;
  const auto refuses = [&](const Script& script) {
    const auto made = create(loopback::create(hub, Rank{0}).value(), script);
    return !made && made.error().code == Code::invalid_argument;
  };
  EXPECT_TRUE(refuses({.stall = 1}));
  EXPECT_TRUE(refuses({.hold = 1}));
  EXPECT_TRUE(refuses({.delay = 1.5}));
  EXPECT_TRUE(refuses({.stall = -0.1}));
  EXPECT_FALSE(create(nullptr, {}));
}

}  // namespace
}  // namespace tutti::transport::faulty
