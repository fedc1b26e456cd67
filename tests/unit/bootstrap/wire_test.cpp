#include <gtest/gtest.h>

#include <random>

#include "bootstrap/wire/frames.hpp"
#include "bootstrap/wire/handshake.hpp"

namespace tutti::bootstrap {
namespace {

std::span<const std::byte> body(const Frame& frame) {
  return std::span(*frame).subspan(4);
}

template <typename T>
void expect_round_trip(const T& message) {
  const auto read = decode(body(encode(message)));
  ASSERT_TRUE(read);
  ASSERT_TRUE(std::holds_alternative<T>(*read));
  EXPECT_EQ(std::get<T>(*read), message);
}

const std::vector<std::byte> kBytes = {std::byte{1}, std::byte{2}, std::byte{255}};

std::vector<Message> examples() {
  const Where door{{NetAddress{{}, 7}}, "name"};
  return {Attach{true, true, "gpu-07", door},
          Seated{"gpu-01"},
          PassOn{door},
          Refused{{Code::timeout, "late", to_rank(3)}},
          Join{1000, 2000, 0, "gpu-00", {{{0, 8}, 42, 7}, {{9, 1}, 43, 7}}},
          Ready{true, -1, "", {{0, 8, 100}}, {{0, 800, 1}}},
          Ask{5, 7},
          Card{5, 7, "gpu-07", kBytes},
          Gather{3, 500, {{{{0, 1, 0, 1}, {8, 1, 8, 3}}, kBytes}, {{{1, 7, 0, 1}}, {}}}},
          Gathered{3, {{{{0, 9, 0, 1}}, kBytes}}},
          Failed{{Code::peer_lost, "gone", std::nullopt}},
          Left{{{1, 2}}},
          Moved{{{1, 2}, {9, 1}}},
          Strayed{{{1, 2}}},
          HandOver{},
          RootGone{}};
}

TEST(Frames, SurviveTheWire) {
  expect_round_trip(std::get<Attach>(examples()[0]));
  expect_round_trip(std::get<Join>(examples()[4]));
  expect_round_trip(std::get<Ready>(examples()[5]));
  expect_round_trip(std::get<Card>(examples()[7]));
  expect_round_trip(std::get<Gather>(examples()[8]));
  expect_round_trip(std::get<Moved>(examples()[12]));
  const auto failed = decode(body(encode(Failed{{Code::peer_lost, "gone", to_rank(4)}})));
  ASSERT_TRUE(failed);
  const auto& error = std::get<Failed>(*failed).error;
  EXPECT_EQ(error.code, Code::peer_lost);
  EXPECT_EQ(error.text, "gone");
  EXPECT_EQ(*error.culprit, to_rank(4));
}

TEST(Frames, CarryAnyErrorSomehow) {
  for (const auto& error :
       {Error{Code::ok, "", to_rank(-7)}, Error{Code::aborted, std::string(5000, 'x'), to_rank(1 << 30)}}) {
    const auto read = decode(body(encode(Failed{error})));
    ASSERT_TRUE(read);
    EXPECT_NE(std::get<Failed>(*read).error.code, Code::ok);
    EXPECT_FALSE(std::get<Failed>(*read).error.culprit);
  }
}

TEST(Frames, AreRefusedWhenCutOrProlonged) {
  for (const auto& message : examples()) {
    const auto frame = encode(message);
    const auto whole = body(frame);
    EXPECT_TRUE(decode(whole)) << message.index();
    for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(decode(whole.first(size))) << message.index();
    std::vector<std::byte> longer(whole.begin(), whole.end());
    longer.push_back({});
    EXPECT_FALSE(decode(longer)) << message.index();
  }
}

TEST(Frames, SurviveNoiseWithoutReadingPastTheEnd) {
  std::mt19937 random(1);
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::byte> noise(random() % 64);
    for (auto& byte : noise) byte = static_cast<std::byte>(random());
    if (!noise.empty()) noise[0] = static_cast<std::byte>(random() % 18);
    decode(noise);
  }
}

TEST(Frames, RefuseRanksOutOfRange) {
  EXPECT_FALSE(decode(body(encode(Ask{-1, 0}))));
  EXPECT_FALSE(decode(body(encode(Ask{0, kMostRanks}))));
  EXPECT_FALSE(decode(body(encode(Left{{{5, 0}}}))));
  EXPECT_FALSE(decode(body(encode(Left{{{5, kMostRanks}}}))));
}

TEST(LayoutOnTheWire, IsOneEntryForAnyNumberOfEqualNodes) {
  const auto layout = topology::Layout::regular(12288, 8);
  const auto packed = pack(layout);
  EXPECT_EQ(packed.size(), 1U);
  EXPECT_EQ(unpack(packed), layout);
}

TEST(LayoutOnTheWire, KeepsIrregularPlacements) {
  const std::vector<std::uint64_t> nodes = {7, 7, 8, 7, 9, 9, 9, 8, 1};
  const auto layout = topology::Layout::from_nodes(nodes);
  EXPECT_EQ(unpack(pack(layout)), layout);
}

TEST(LayoutOnTheWire, IsRefusedWhenItIsNone) {
  EXPECT_FALSE(unpack(std::vector<RepeatedRun>{}));
  EXPECT_FALSE(unpack(std::vector<RepeatedRun>{{5, 1, 1}}));
  EXPECT_FALSE(unpack(std::vector<RepeatedRun>{{0, kMostRanks, 2}}));
}

TEST(Handshake, ProvesTheKeyToBothEnds) {
  const auto key = Key::random();
  const auto caller = make_header({.rank = 3, .world_size = 8});
  const auto answerer = make_header({.role = Role::root});
  ASSERT_TRUE(read_header(caller));
  EXPECT_EQ(*read_header(caller), (Greeting{.rank = 3, .world_size = 8}));
  const auto proof = answerer_proof(key, caller, answerer);
  EXPECT_TRUE(equal(proof, answerer_proof(key, caller, answerer)));
  EXPECT_FALSE(equal(proof, caller_proof(key, caller, answerer)));
  EXPECT_FALSE(equal(proof, answerer_proof(Key::random(), caller, answerer)));
  EXPECT_FALSE(equal(proof, answerer_proof(key, make_header({.rank = 4, .world_size = 8}), answerer)));
}

TEST(Handshake, RefusesOtherProtocols) {
  Header http{};
  const std::string_view request = "GET / HTTP/1.1\r\n";
  for (std::size_t i = 0; i < request.size(); ++i) http[i] = static_cast<std::byte>(request[i]);
  EXPECT_FALSE(read_header(http));
}

TEST(RankSetTest, AgreesWithAPlainSetUnderRandomChanges) {
  std::mt19937 random(2);
  for (int round = 0; round < 200; ++round) {
    RankSet set;
    std::vector<bool> plain(64, false);
    for (int step = 0; step < 50; ++step) {
      const auto first = static_cast<std::int32_t>(random() % 60);
      const RankRun run{first, static_cast<std::int32_t>(random() % 5)};
      const bool add = random() % 3 != 0;
      add ? set.add(run) : set.remove(run);
      for (int i = 0; i < run.count; ++i) plain[static_cast<std::size_t>(first + i)] = add;
    }
    for (std::int32_t rank = 0; rank < 64; ++rank) ASSERT_EQ(set.contains(rank), plain[static_cast<std::size_t>(rank)]);
    ASSERT_EQ(set.size(), std::count(plain.begin(), plain.end(), true));
    for (std::size_t i = 1; i < set.runs().size(); ++i) {
      ASSERT_GT(set.runs()[i].first, set.runs()[i - 1].first + set.runs()[i - 1].count);
    }
  }
}

TEST(RankSetTest, IsDescribedShortly) {
  RankSet set(RankRun{5, 3});
  set.add({2, 1});
  EXPECT_EQ(describe(set), "ranks 2, 5-7");
  EXPECT_EQ(describe(RankSet(RankRun{3, 1})), "rank 3");
  EXPECT_EQ(describe(set.missing_of(8)), "ranks 0-1, 3-4");
}

}  // namespace
}  // namespace tutti::bootstrap
