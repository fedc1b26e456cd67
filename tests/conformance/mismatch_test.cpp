// Ranks that call different things are told so; memory outside the receive is never written.
#include "conformance/conformance.hpp"

namespace tutti::transport::conformance {
namespace {

constexpr Rank kLeft{0};
constexpr Rank kRight{1};

TEST_P(Conformance, FailsAMessageOfAnotherCall) {
  auto parties = all_to_all(2);
  const Memory sent = pattern(1000, 1);
  Memory got(1000);
  parties[0]->send(kRight, sent, 7);
  const auto token = parties[1]->recv(kLeft, got, 8);
  ASSERT_TRUE(parties[1]->poll_until([&] {
    parties[0]->poll();
    return parties[1]->done(token);
  }));
  EXPECT_TRUE(parties[1]->failed(token));
  const Error* failure = parties[1]->failure(kLeft);
  ASSERT_NE(failure, nullptr);
  EXPECT_EQ(failure->code, Code::invalid_usage) << failure->text;
  EXPECT_NE(failure->text.find("rank 0"), std::string::npos) << failure->text;
}

TEST_P(Conformance, FailsAMessageOfAnotherLength) {
  for (const auto& [sent_bytes, expected_bytes] : std::vector<std::pair<std::size_t, std::size_t>>{
           {8, 16}, {16, 8}, {0, 8}, {8, 0}, {100'000, 99'936}, {99'936, 100'000}, {2 << 20, 8}, {8, 2 << 20}}) {
    world_ = GetParam().make_world();
    auto parties = all_to_all(2);
    const Memory sent = pattern(sent_bytes, 1);
    Memory got = pattern(expected_bytes + 64, 2);
    const Memory before = got;
    parties[0]->send(kRight, sent);
    const auto token = parties[1]->recv(kLeft, std::span(got).first(expected_bytes));
    ASSERT_TRUE(parties[1]->poll_until([&] {
      parties[0]->poll();
      return parties[1]->done(token);
    })) << sent_bytes;
    EXPECT_TRUE(parties[1]->failed(token)) << sent_bytes << " for " << expected_bytes;
    ASSERT_NE(parties[1]->failure(kLeft), nullptr);
    EXPECT_EQ(parties[1]->failure(kLeft)->code, Code::invalid_usage);
    EXPECT_TRUE(std::equal(got.end() - 64, got.end(), before.end() - 64)) << "wrote behind the receive";
    parties.clear();
  }
}

TEST_P(Conformance, FailsEverythingElseOfThatPathAndNothingOfOthers) {
  auto parties = all_to_all(3);
  const Memory sent = pattern(64, 1);
  Memory got(64);
  Memory more(64);
  parties[1]->recv(kLeft, got, 8);
  const auto second = parties[1]->recv(kLeft, more, 7);
  parties[0]->send(kRight, sent, 7);
  ASSERT_TRUE(poll_all_until(parties, [&] { return parties[1]->done(second); }));
  EXPECT_TRUE(parties[1]->failed(second));
  const auto third = parties[1]->recv(kLeft, more, 7);
  const auto fourth = parties[1]->send(kLeft, more, 7);
  ASSERT_TRUE(poll_all_until(parties, [&] { return parties[1]->done(third) && parties[1]->done(fourth); }));
  EXPECT_TRUE(parties[1]->failed(third));
  EXPECT_TRUE(parties[1]->failed(fourth));

  Memory relayed(64);
  const auto to_other = parties[1]->send(Rank{2}, sent);
  const auto at_other = parties[2]->recv(kRight, relayed);
  ASSERT_TRUE(poll_all_until(parties, [&] { return parties[1]->done(to_other) && parties[2]->done(at_other); }));
  EXPECT_FALSE(parties[2]->failed(at_other));
  EXPECT_EQ(relayed, sent);
}

TEST_P(Conformance, TellsTheSenderOfAMismatchThatItsPathIsLost) {
  auto parties = all_to_all(2);
  const Memory sent = pattern(1000, 1);
  Memory got(8);
  Memory never(8);
  parties[0]->send(kRight, sent);
  const auto waiting = parties[0]->recv(kRight, never);
  parties[1]->recv(kLeft, got);
  ASSERT_TRUE(poll_all_until(parties, [&] { return parties[0]->done(waiting); }));
  EXPECT_TRUE(parties[0]->failed(waiting));
  ASSERT_NE(parties[0]->failure(kRight), nullptr);
  EXPECT_NE(parties[0]->failure(kRight)->text.find("rank 1"), std::string::npos);
}

}  // namespace
}  // namespace tutti::transport::conformance
