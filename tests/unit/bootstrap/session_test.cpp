// Sessions over real sockets, ranks as threads.
#include <poll.h>

#include <algorithm>
#include <random>

#include "bootstrap/net/driver.hpp"
#include "bootstrap/node.hpp"
#include "bootstrap/tree/member.hpp"
#include "bootstrap/trust/id_fields.hpp"
#include "meeting.hpp"

namespace tutti::bootstrap {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string two_per_node(int rank) {
  return "node" + std::to_string(rank / 2);
}

std::string one_node(int /*rank*/) {
  return "";
}

struct Shape {
  int ranks;
  std::string (*node_of)(int);
};

class Meeting : public testing::TestWithParam<Shape> {};

TEST_P(Meeting, GivesTheLayoutCardsAndContributionsToAll) {
  const int ranks = GetParam().ranks;
  const auto root = start_root();
  ASSERT_TRUE(root);
  auto sessions = join_all(root->unique_id(), ranks, GetParam().node_of);
  on_threads(ranks, [&](int rank) {
    Session& session = *sessions[static_cast<std::size_t>(rank)];
    EXPECT_EQ(session.layout().ranks(), ranks);
    EXPECT_EQ(index(session.rank()), rank);
    const std::string mine = "card of " + std::to_string(rank);
    const auto all = session.all_gather(bytes_of_text(mine), within(seconds(60)));
    ASSERT_TRUE(all) << all.error().text;
    ASSERT_EQ(all->ranks(), ranks);
    EXPECT_TRUE(std::ranges::equal(all->of(to_rank(ranks - 1)), bytes_of_text("card of " + std::to_string(ranks - 1))));
    EXPECT_EQ(session.machines(), topology::Layout::regular(1, ranks));  // however many nodes it is to be

    const int peer = (rank + ranks / 2) % ranks;
    EXPECT_TRUE(peer == rank || !session.find_card(to_rank(peer)));
    session.publish(bytes_of_text(mine));
    while (!session.find_card(to_rank(peer))) {
      pollfd ready{session.wait_fd(), POLLIN, 0};
      ASSERT_EQ(::poll(&ready, 1, 60000), 1);
      session.acknowledge();
    }
    EXPECT_EQ(*session.find_card(to_rank(peer)), bytes_of_text("card of " + std::to_string(peer)));
    EXPECT_FALSE(session.node_name(to_rank(peer)).empty());
    EXPECT_FALSE(session.failure());
    session.leave();
  });
  for (auto& session : sessions) {
    EXPECT_FALSE(session->failure()) << session->failure()->text;
    session.reset();
  }
  EXPECT_TRUE(root->wait_until_finished(within(seconds(10))));
}

INSTANTIATE_TEST_SUITE_P(Sizes, Meeting,
                         testing::Values(Shape{1, one_node}, Shape{2, one_node}, Shape{3, one_node}, Shape{8, one_node},
                                         Shape{33, one_node}, Shape{64, one_node}, Shape{2, two_per_node},
                                         Shape{8, two_per_node}, Shape{33, two_per_node}, Shape{64, two_per_node}));

TEST(Sessions, NumberNodesByTheirLowestRank) {
  const auto root = start_root();
  const auto sessions = join_all(root->unique_id(), 5, [](int rank) { return rank % 2 == 0 ? "even" : "odd"; });
  EXPECT_EQ(sessions[3]->layout(), topology::Layout::from_nodes(std::vector<std::uint64_t>{0, 1, 0, 1, 0}));
  EXPECT_EQ(sessions[1]->node_name(to_rank(3)), "odd");
  EXPECT_EQ(sessions[1]->node_name(to_rank(2)), "");
}

TEST(Sessions, OfTwoCommunicatorsDoNotMeetEachOther) {
  const auto root_a = start_root();
  const auto root_b = start_root();
  const auto a = join_all(root_a->unique_id(), 4, two_per_node);
  const auto b = join_all(root_b->unique_id(), 4, two_per_node);
  a[1]->fail({Code::aborted, "only a", to_rank(1)});
  for (const auto& session : a) EXPECT_TRUE(await_failure(*session));
  for (const auto& session : b) EXPECT_FALSE(session->failure());
}

TEST(Sessions, SpreadAFailureWithItsCodeTextAndCulprit) {
  const auto root = start_root();
  const auto sessions = join_all(root->unique_id(), 6, two_per_node);
  sessions[4]->fail({Code::timeout, "all_reduce seq 41 failed", to_rank(3)});
  for (const auto& session : sessions) {
    const auto failure = await_failure(*session);
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->code, Code::timeout);
    EXPECT_EQ(failure->text, "all_reduce seq 41 failed");
    EXPECT_EQ(failure->culprit, to_rank(3));
  }
  pollfd ready{sessions[0]->wait_fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&ready, 1, 0), 1);
  const auto gathered = sessions[0]->all_gather({}, within(seconds(5)));
  ASSERT_FALSE(gathered);
  EXPECT_EQ(gathered.error().code, Code::timeout);
}

/// A rank whose connections end as if its process had been killed.
std::unique_ptr<Driver> doomed_rank(const UniqueId& id, int rank, int ranks, const Config& config) {
  const auto fields = decode(id);
  const auto node = this_node(config);
  MemberSetup setup;
  setup.rank = to_rank(rank);
  setup.world_size = ranks;
  setup.root.network = fields->root;
  setup.hub_name = "tutti-test-hub-of-its-own";
  setup.own_door = "none";
  setup.node = node.key;
  setup.node_name = node.name;
  setup.deadline = within(seconds(60));
  auto driver = std::make_unique<Driver>(
      std::make_unique<Member>(setup),
      Driver::Setup{fields->key, {.rank = rank, .world_size = ranks}, setup.hub_name, "lo", {}, Log()}, [](Action&) {});
  driver->start();
  return driver;
}

TEST(Sessions, TellEveryoneWhoDied) {
  const auto root = start_root();
  Config config = loopback_config();
  config.node_id = "doomed";
  auto victim = doomed_rank(root->unique_id(), 5, 6, config);
  Sessions sessions(5);
  on_threads(5, [&](int rank) {
    Config mine = loopback_config();
    mine.node_id = two_per_node(rank);
    auto joined = Session::join({root->unique_id(), to_rank(rank), 6, &mine, Log(), within(seconds(60))});
    ASSERT_TRUE(joined) << joined.error().text;
    sessions[static_cast<std::size_t>(rank)] = std::move(joined).value();
  });
  victim.reset();
  for (const auto& session : sessions) {
    const auto failure = await_failure(*session);
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->code, Code::peer_lost);
    EXPECT_EQ(failure->culprit, to_rank(5));
    EXPECT_NE(failure->text.find("rank 5 (node doomed) is lost"), std::string::npos) << failure->text;
  }
}

TEST(Sessions, LeaveInAnyOrderOneAfterTheOtherWithoutAFailure) {
  constexpr int kRanks = 24;
  for (const auto node_of : {one_node, two_per_node}) {
    const auto root = start_root();
    auto sessions = join_all(root->unique_id(), kRanks, node_of);
    std::shuffle(sessions.begin(), sessions.end(), std::mt19937(7));
    for (auto& session : sessions) {
      EXPECT_FALSE(session->failure()) << session->failure()->text;
      session.reset();
    }
    EXPECT_TRUE(root->wait_until_finished(within(seconds(10))));
  }
}

TEST(Sessions, LeaveAllAtOnceWithoutAFailure) {
  const auto root = start_root();
  auto sessions = join_all(root->unique_id(), 32, two_per_node);
  on_threads(32, [&](int rank) {
    auto& session = sessions[static_cast<std::size_t>(rank)];
    EXPECT_FALSE(session->failure()) << session->failure()->text;
    session.reset();
  });
  EXPECT_TRUE(root->wait_until_finished(within(seconds(10))));
}

TEST(Sessions, StillCarryCardsWhenHubsHaveLeft) {
  const auto root = start_root();
  auto sessions = join_all(root->unique_id(), 12, [](int rank) { return "node" + std::to_string(rank / 4); });
  sessions[11]->publish(bytes_of_text("late"));
  for (const int rank : {0, 1, 2, 4, 5, 6, 8, 9, 10}) sessions[static_cast<std::size_t>(rank)].reset();
  const auto until = within(seconds(20));
  while (!sessions[3]->find_card(to_rank(11)) && !until.passed(std::chrono::steady_clock::now())) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  EXPECT_TRUE(sessions[3]->find_card(to_rank(11)));
  EXPECT_FALSE(sessions[3]->failure());
}

TEST(Sessions, StayWhileNothingHappens) {
  const auto root = start_root();
  const auto sessions = join_all(root->unique_id(), 4, two_per_node);
  std::this_thread::sleep_for(milliseconds(5500));  // longer than any time limit of a connection's beginning
  for (const auto& session : sessions) EXPECT_FALSE(session->failure()) << session->failure()->text;
}

TEST(Sessions, SurviveAProperEndOfTheRoot) {
  auto root = start_root();
  const auto sessions = join_all(root->unique_id(), 4, one_node);
  root.reset();
  std::this_thread::sleep_for(milliseconds(50));
  for (const auto& session : sessions) EXPECT_FALSE(session->failure()) << session->failure()->text;
}

TEST(Sessions, NeedNoNetworkForOneRankAlone) {
  const Config config;
  IdFields alone;
  alone.key = Key::random();
  const auto session = Session::join({encode(alone), Rank{}, 1, &config, Log(), within(seconds(5))});
  ASSERT_TRUE(session) << session.error().text;
  EXPECT_EQ((*session)->layout(), topology::Layout::regular(1, 1));
  const auto all = (*session)->all_gather(bytes_of_text("me"), within(seconds(5)));
  ASSERT_TRUE(all);
  EXPECT_TRUE(std::ranges::equal(all->of(Rank{}), bytes_of_text("me")));
  EXPECT_FALSE(Session::join({encode(alone), Rank{}, 2, &config, Log(), within(seconds(5))}));
}

TEST(Sessions, RefuseWhatIsNoIdNoRankAndTooLarge) {
  const Config config = loopback_config();
  const auto join = [&](const UniqueId& id, int rank, int ranks) {
    return Session::join({id, to_rank(rank), ranks, &config, Log(), within(seconds(5))});
  };
  const auto root = start_root();
  EXPECT_EQ(join(UniqueId{}, 0, 1).error().code, Code::invalid_argument);
  EXPECT_EQ(join(root->unique_id(), -1, 1).error().code, Code::invalid_argument);
  EXPECT_EQ(join(root->unique_id(), 0, 0).error().code, Code::invalid_argument);
  const auto beyond = join(root->unique_id(), 2, 2);
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, Code::invalid_argument);
  EXPECT_NE(beyond.error().text.find("rank 2 is out of range"), std::string::npos) << beyond.error().text;
  const auto other = start_root();
  const auto session = join(other->unique_id(), 0, 1);
  ASSERT_TRUE(session) << session.error().text;
  const std::vector<std::byte> large(kMaxContribution + 1);
  EXPECT_EQ((*session)->all_gather(large, within(seconds(5))).error().code, Code::invalid_argument);
}

}  // namespace
}  // namespace tutti::bootstrap
