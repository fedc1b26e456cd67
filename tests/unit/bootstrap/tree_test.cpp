// The meeting's protocol, proved on virtual ranks: no sockets, no threads, virtual time, seeded delays.
#include <gtest/gtest.h>

#include <algorithm>

#include "virtual_cluster.hpp"

namespace tutti::bootstrap {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<std::byte> bytes_of_rank(std::int32_t rank) {
  return {static_cast<std::byte>(rank), static_cast<std::byte>(rank >> 8), std::byte{7}};
}

/// A root and `nodes` times `per_node` ranks; rank r is the cluster's number r + 1.
struct Job {
  Job(int nodes, int per_node, std::uint32_t seed = 1) : cluster(seed), ranks(nodes * per_node) {
    cluster.add_root();
    for (int rank = 0; rank < ranks; ++rank) cluster.add_rank(rank, ranks, rank / per_node, seconds(60), rank == 0);
  }
  bool meet() {
    return cluster.run([&] { return all([](auto& seat) { return seat.layout != nullptr; }); });
  }
  template <typename Predicate>
  bool all(Predicate predicate) {
    for (int rank = 0; rank < ranks; ++rank) {
      auto& seat = cluster.seat(static_cast<std::size_t>(rank) + 1);
      if (seat.alive && !predicate(seat)) return false;
    }
    return true;
  }
  bool nobody_failed() {
    return all([](auto& seat) { return !seat.failure.has_value(); });
  }
  std::string first_failure() {
    for (int rank = 0; rank < ranks; ++rank) {
      if (const auto& failure = seat(rank).failure) return failure->text;
    }
    return "";
  }
  VirtualCluster::Seat& seat(int rank) { return cluster.seat(static_cast<std::size_t>(rank) + 1); }
  Member& member(int rank) { return cluster.member(static_cast<std::size_t>(rank) + 1); }
  template <typename Do>
  void call(int rank, Do&& action) {
    cluster.call(static_cast<std::size_t>(rank) + 1, [&](Machine& m) { action(dynamic_cast<Member&>(m)); });
  }
  void gather_everywhere(std::uint32_t sequence) {
    for (int rank = 0; rank < ranks; ++rank) {
      call(rank,
           [&](Member& m) { m.gather(sequence, bytes_of_rank(rank), {cluster.now() + seconds(30)}, cluster.now()); });
    }
  }
  void close(int rank) {
    call(rank, [&](Member& m) { m.close(cluster.now()); });
  }

  VirtualCluster cluster;
  int ranks;
};

TEST(Tree, MeetsInEverySmallShape) {
  for (const int nodes : {1, 2, 3, 7, 40}) {
    for (const int per_node : {1, 2, 3, 8, 33, 80}) {
      Job job(nodes, per_node);
      ASSERT_TRUE(job.meet()) << nodes << " nodes of " << per_node;
      ASSERT_TRUE(job.nobody_failed());
      EXPECT_EQ(*job.seat(0).layout, topology::Layout::regular(nodes, per_node));
      EXPECT_EQ(*job.seat(job.ranks - 1).layout, *job.seat(0).layout);
    }
  }
}

TEST(Tree, NumbersNodesByTheirLowestRankHoweverRanksArePlaced) {
  VirtualCluster cluster;
  cluster.add_root();
  const std::vector<std::uint64_t> nodes = {4, 2, 4, 9, 2, 2, 9, 4};
  for (int rank = 0; rank < 8; ++rank)
    cluster.add_rank(rank, 8, static_cast<int>(nodes[static_cast<std::size_t>(rank)]));
  ASSERT_TRUE(cluster.run([&] { return cluster.seat(8).layout && cluster.seat(1).layout; }));
  EXPECT_EQ(*cluster.seat(1).layout, topology::Layout::from_nodes(nodes));
}

struct Cost {  // of the busiest rank
  std::size_t messages = 0;
  std::size_t links = 0;  // at once
};

Cost busiest(const VirtualCluster& cluster) {
  Cost cost;
  for (std::size_t id = 1; id < cluster.size(); ++id) {
    const auto& seat = cluster.seat(id);
    cost.messages = std::max(cost.messages, seat.messages_sent + seat.messages_received);
    cost.links = std::max(cost.links, seat.most_links);
  }
  return cost;
}

Cost cost_of_meeting(int nodes) {
  Job job(nodes, 8);
  EXPECT_TRUE(job.meet());
  EXPECT_TRUE(job.nobody_failed());
  return busiest(job.cluster);
}

TEST(Tree, CostsARankItsChildrenAndNotTheWorld) {
  const Cost small = cost_of_meeting(16);    // 128 ranks
  const Cost middle = cost_of_meeting(128);  // 1,024 ranks
  const Cost large = cost_of_meeting(1024);  // 8,192 ranks
  std::printf("busiest rank: messages %zu, %zu, %zu; links at once %zu, %zu, %zu\n", small.messages, middle.messages,
              large.messages, small.links, middle.links, large.links);
  // A hub has at most 32 + 31 children with some five messages each, however many ranks there are. Another level adds
  // the newcomers that it passes on.
  EXPECT_LT(middle.messages, 150U);
  EXPECT_LT(large.messages, 400U);
  EXPECT_LE(large.links, 64U);
}

TEST(Tree, GathersAmong1024RanksWithFewMessages) {
  Job job(128, 8);
  ASSERT_TRUE(job.meet());
  const auto before = busiest(job.cluster);
  job.gather_everywhere(1);
  ASSERT_TRUE(job.cluster.run([&] { return job.all([](auto& seat) { return seat.gathers.size() == 1; }); }));
  EXPECT_LT(busiest(job.cluster).messages - before.messages, 100U);
}

TEST(Tree, GathersInRankOrderManyTimes) {
  Job job(5, 9);
  ASSERT_TRUE(job.meet());
  for (std::uint32_t sequence = 1; sequence <= 5; ++sequence) {
    job.gather_everywhere(sequence);
    ASSERT_TRUE(job.cluster.run([&] { return job.all([&](auto& seat) { return seat.gathers.size() == sequence; }); }));
    for (int rank = 0; rank < job.ranks; ++rank) {
      const auto& all = job.seat(rank).gathers.back().contributions;
      ASSERT_EQ(all.ranks(), job.ranks);
      const auto places = all.places();
      for (int other = 0; other < job.ranks; ++other) {
        ASSERT_TRUE(std::ranges::equal(all.of(to_rank(other)), bytes_of_rank(other)));
        ASSERT_EQ(places[static_cast<std::size_t>(other)], all.place_of(to_rank(other)));
      }
    }
  }
}

TEST(Tree, GathersLargeContributionsInPieces) {
  Job job(3, 20);
  ASSERT_TRUE(job.meet());
  for (int rank = 0; rank < job.ranks; ++rank) {
    job.call(rank, [&](Member& m) {
      m.gather(1, std::vector<std::byte>(4096, static_cast<std::byte>(rank)), {job.cluster.now() + seconds(30)},
               job.cluster.now());
    });
  }
  ASSERT_TRUE(job.cluster.run([&] { return job.all([](auto& seat) { return seat.gathers.size() == 1; }); }));
  const auto& all = job.seat(59).gathers[0].contributions;
  EXPECT_TRUE(std::ranges::equal(all.of(to_rank(37)), std::vector<std::byte>(4096, std::byte{37})));
}

TEST(Tree, SaysOnceWhatTheSameRankOfEveryNodeContributed) {
  Job job(16, 8);
  ASSERT_TRUE(job.meet());
  for (int rank = 0; rank < job.ranks; ++rank) {
    job.call(rank, [&](Member& m) {
      m.gather(1, std::vector<std::byte>(100, static_cast<std::byte>(rank % 8)), {job.cluster.now() + seconds(30)},
               job.cluster.now());
    });
  }
  ASSERT_TRUE(job.cluster.run([&] { return job.all([](auto& seat) { return seat.gathers.size() == 1; }); }));
  const auto& all = job.seat(77).gathers[0].contributions;
  ASSERT_EQ(all.blobs().size(), 8U);
  for (int number = 0; number < 8; ++number) {
    const auto place = all.place_of(to_rank(number + 8));
    EXPECT_EQ(all.blobs()[place].ranks, (std::vector<RankPattern>{{number, 1, 8, 16}}));
    EXPECT_EQ(all.first_of(place), to_rank(number));
  }
}

TEST(Tree, NamesWhoDidNotContribute) {
  Job job(2, 4);
  ASSERT_TRUE(job.meet());
  for (const int rank : {0, 1, 2, 4, 7}) {
    job.call(rank, [&](Member& m) { m.gather(1, {}, {job.cluster.now() + seconds(2)}, job.cluster.now()); });
  }
  ASSERT_TRUE(job.cluster.run([&] { return job.all([](auto& seat) { return seat.failure.has_value(); }); }));
  EXPECT_EQ(job.seat(3).failure->code, Code::timeout);
  EXPECT_EQ(job.seat(3).failure->text,
            "all-gather 1 of the meeting: ranks 3, 5-6 did not contribute within 2 s; 5 of 8 did");
  EXPECT_EQ(job.seat(3).failure->culprit, to_rank(3));
}

TEST(Tree, BringsCardsOnDemandBeforeAndAfterTheyAreThere) {
  Job job(6, 8);
  ASSERT_TRUE(job.meet());
  for (int rank = 0; rank < job.ranks; ++rank) {
    job.call(rank, [&](Member& m) {
      for (int peer = 0; peer < job.ranks; ++peer) {
        if (peer != rank) m.ask(peer, job.cluster.now());
      }
    });
  }
  job.cluster.settle(milliseconds(100));
  for (int rank = 0; rank < job.ranks; ++rank) {
    EXPECT_TRUE(job.seat(rank).cards.empty());
    job.call(rank, [&](Member& m) { m.publish(bytes_of_rank(rank)); });
  }
  ASSERT_TRUE(job.cluster.run([&] { return job.all([&](auto& seat) { return seat.cards.size() == 47; }); }));
  EXPECT_EQ(job.seat(13).cards.at(40).bytes, bytes_of_rank(40));
  EXPECT_EQ(job.seat(13).cards.at(40).node_name, "node5");
}

TEST(Tree, TellsEveryoneWithinMillisecondsWhenAnyRankDies) {
  for (int victim = 0; victim < 72; victim += 5) {
    Job job(9, 8, static_cast<std::uint32_t>(victim));
    ASSERT_TRUE(job.meet());
    job.cluster.kill(static_cast<std::size_t>(victim) + 1);
    const auto before = job.cluster.now();
    ASSERT_TRUE(job.cluster.run([&] { return job.all([](auto& seat) { return seat.failure.has_value(); }); }));
    EXPECT_LT(job.cluster.now() - before, milliseconds(5));
    for (int rank = 0; rank < job.ranks; ++rank) {
      if (rank == victim) continue;
      const auto& failure = *job.seat(rank).failure;
      ASSERT_EQ(failure.code, Code::peer_lost) << failure.text;
      ASSERT_EQ(failure.culprit, to_rank(victim)) << failure.text;
      ASSERT_NE(failure.text.find("rank " + std::to_string(victim) + " (node node" + std::to_string(victim / 8) + ")"),
                std::string::npos)
          << failure.text;
    }
  }
}

TEST(Tree, NamesTheRankThatHostedTheRootWhenTheRootDies) {
  Job job(3, 2);
  ASSERT_TRUE(job.meet());
  job.cluster.kill(0);
  ASSERT_TRUE(job.cluster.run([&] { return job.all([](auto& seat) { return seat.failure.has_value(); }); }));
  EXPECT_EQ(job.seat(5).failure->culprit, to_rank(0));
  EXPECT_NE(job.seat(5).failure->text.find("rank 0 (node node0) is lost"), std::string::npos);
}

TEST(Tree, KeepsTheFirstFailureOnly) {
  Job job(4, 4);
  ASSERT_TRUE(job.meet());
  job.call(5, [](Member& m) { m.raise({Code::aborted, "user said so", to_rank(5)}); });
  job.cluster.settle(milliseconds(50));
  job.cluster.kill(8);
  job.cluster.settle(milliseconds(50));
  for (int rank = 0; rank < job.ranks; ++rank) {
    if (rank == 7) continue;
    EXPECT_EQ(job.seat(rank).failure->code, Code::aborted);
    EXPECT_EQ(job.seat(rank).failure->text, "user said so");
  }
}

TEST(Tree, LetsRanksLeaveInAnyOrderAndServesThoseWhoStay) {
  constexpr std::pair<int, int> kShapes[] = {{5, 7}, {70, 2}, {1, 80}};  // two of them with inner hubs
  for (std::uint32_t seed = 1; seed <= 24; ++seed) {
    const auto [nodes, per_node] = kShapes[seed % 3];
    Job job(nodes, per_node, seed);
    ASSERT_TRUE(job.meet());
    for (int rank = 0; rank < job.ranks; ++rank) {
      job.call(rank, [&](Member& m) { m.publish(bytes_of_rank(rank)); });
    }
    std::vector<int> order(static_cast<std::size_t>(job.ranks));
    for (int rank = 0; rank < job.ranks; ++rank) order[static_cast<std::size_t>(rank)] = rank;
    std::shuffle(order.begin(), order.end(), std::mt19937(seed));
    for (std::size_t i = 0; i < order.size(); ++i) {
      job.close(order[i]);
      // Odd seeds leave as fast as messages travel, even ones let the tree heal and then use it.
      job.cluster.settle(seed % 2 == 1 ? Duration(milliseconds(seed / 3)) : Duration(milliseconds(300)));
      if (seed % 2 == 1 || i + 2 >= order.size()) continue;
      const int asker = order[i + 1];
      const int owner = order.back();
      job.call(asker, [&](Member& m) { m.ask(owner, job.cluster.now()); });
      ASSERT_TRUE(job.cluster.run([&] { return job.seat(asker).cards.contains(owner); })) << seed << " " << i;
    }
    ASSERT_TRUE(job.cluster.run([&] { return job.all([](auto& seat) { return seat.finished; }); }));
    ASSERT_TRUE(job.cluster.run([&] { return job.cluster.seat(0).finished; }));
    ASSERT_TRUE(job.nobody_failed()) << seed;
  }
}

TEST(Tree, LetsARankLeaveAtAnyMomentOfItsMoveToAnotherParent) {
  constexpr std::pair<int, int> kShapes[] = {{3, 3}, {40, 1}};  // below the hub of its node, below another hub
  for (const auto& [nodes, per_node] : kShapes) {
    for (int moment = 0; moment < 200; ++moment) {
      Job job(nodes, per_node, static_cast<std::uint32_t>(moment + 1));
      ASSERT_TRUE(job.meet());
      job.cluster.settle(milliseconds(50));
      job.close(0);
      job.cluster.settle(microseconds(moment * 10));
      for (int rank = 1; rank < job.ranks; rank += 2) job.close(rank);
      job.cluster.settle(seconds(2));
      ASSERT_TRUE(job.nobody_failed()) << moment << ": " << job.first_failure();
      for (int rank = 2; rank < job.ranks; rank += 2) job.close(rank);
      ASSERT_TRUE(job.cluster.run([&] { return job.cluster.seat(0).finished; })) << moment;
      ASSERT_TRUE(job.nobody_failed()) << moment << ": " << job.first_failure();
    }
  }
}

TEST(Tree, NamesAFailureAndNotTheRankThatEndsWithItWhileItMoves) {
  for (int moment = 0; moment < 200; ++moment) {
    Job job(3, 3, static_cast<std::uint32_t>(moment + 1));
    ASSERT_TRUE(job.meet());
    job.cluster.settle(milliseconds(50));
    job.close(0);
    job.cluster.settle(microseconds(moment * 10));
    job.call(2, [&](Member& m) {
      m.raise({Code::aborted, "user said so", to_rank(2)});
      m.close(job.cluster.now());
    });
    job.cluster.settle(seconds(2));
    for (int rank = 1; rank < job.ranks; ++rank) {
      ASSERT_TRUE(job.seat(rank).failure) << moment << ": rank " << rank;
      ASSERT_EQ(job.seat(rank).failure->text, "user said so") << moment << ": rank " << rank;
    }
  }
}

TEST(Tree, EndsTheRootWhenAllSaidGoodbyeThoughNobodyClosedYet) {
  Job job(4, 5);
  ASSERT_TRUE(job.meet());
  for (int rank = 0; rank < job.ranks; ++rank) {
    job.call(rank, [&](Member& m) { m.leave(job.cluster.now()); });
  }
  ASSERT_TRUE(job.cluster.run([&] { return job.cluster.seat(0).finished; }, seconds(1)));
  for (int rank = 0; rank < job.ranks; ++rank) {
    job.close(rank);
    job.cluster.settle(milliseconds(100));
    EXPECT_TRUE(job.seat(rank).finished) << rank;
  }
  EXPECT_TRUE(job.nobody_failed());
}

TEST(Tree, StillNoticesADeathAfterHubsHaveLeft) {
  Job job(4, 6, 3);
  ASSERT_TRUE(job.meet());
  for (const int rank : {0, 6, 12, 7, 1}) {
    job.close(rank);
    job.cluster.settle(milliseconds(200));
    job.seat(rank).alive = false;
  }
  ASSERT_TRUE(job.nobody_failed());
  job.cluster.kill(21);
  ASSERT_TRUE(job.cluster.run([&] { return job.all([](auto& seat) { return seat.failure.has_value(); }); }));
  EXPECT_EQ(job.seat(23).failure->culprit, to_rank(20));
  EXPECT_EQ(job.seat(2).failure->culprit, to_rank(20));
}

TEST(Tree, DoesNotFailWhenTheRootEndsProperlyUnlessSomethingNeedsIt) {
  Job job(3, 3);
  ASSERT_TRUE(job.meet());
  job.cluster.call(0, [&](Machine& m) { dynamic_cast<MeetingRoot&>(m).close(job.cluster.now()); });
  job.cluster.settle(milliseconds(100));
  EXPECT_TRUE(job.cluster.seat(0).finished);
  EXPECT_TRUE(job.nobody_failed());
  job.call(1, [](Member& m) { m.publish(bytes_of_rank(1)); });
  job.call(2, [&](Member& m) { m.ask(1, job.cluster.now()); });  // the same node: needs no root
  ASSERT_TRUE(job.cluster.run([&] { return job.seat(2).cards.contains(1); }));
  job.close(0);
  job.close(3);
  job.cluster.settle(seconds(10));
  EXPECT_TRUE(job.nobody_failed());
  job.call(2, [&](Member& m) { m.ask(8, job.cluster.now()); });
  ASSERT_TRUE(job.cluster.run([&] { return job.seat(2).failure.has_value(); }));
  EXPECT_NE(job.seat(2).failure->text.find("in the process of rank 0"), std::string::npos) << job.seat(2).failure->text;
}

TEST(Tree, SaysWhoHasNotCome) {
  VirtualCluster cluster;
  cluster.add_root();
  for (const int rank : {0, 1, 3, 4}) cluster.add_rank(rank, 8, rank / 2, seconds(2));
  const auto start = cluster.now();
  ASSERT_TRUE(cluster.run([&] { return cluster.seat(1).failure && cluster.seat(4).failure; }));
  EXPECT_EQ(cluster.seat(4).failure->code, Code::timeout);
  EXPECT_EQ(cluster.seat(4).failure->text, "ranks 2, 5-7 have not come within 2 s; 4 of 8 are here");
  EXPECT_LT(cluster.now() - start, seconds(2));
  // Who comes later hears the same.
  const auto late = cluster.add_rank(2, 8, 1, seconds(5));
  ASSERT_TRUE(cluster.run([&] { return cluster.seat(late).failure.has_value(); }));
  EXPECT_NE(cluster.seat(late).failure->text.find("have not come"), std::string::npos);
}

TEST(Tree, SaysHowLongTheMostImpatientRankWantedToWait) {
  for (const int impatient : {0, 1, 2}) {  // through its node's hub, or as the hub
    VirtualCluster cluster;
    cluster.add_root();
    for (const int rank : {0, 1, 2}) {
      cluster.add_rank(rank, 4, 0, rank == impatient ? seconds(2) : seconds(60));
      cluster.settle(milliseconds(30));
    }
    ASSERT_TRUE(cluster.run([&] { return cluster.seat(1).failure && cluster.seat(3).failure; }));
    EXPECT_EQ(cluster.seat(1).failure->text, "rank 3 has not come within 2 s; 3 of 4 are here");
    EXPECT_EQ(cluster.seat(3).failure->text, cluster.seat(1).failure->text);
  }
}

TEST(Tree, SaysThatTheRootCannotBeReached) {
  VirtualCluster cluster;
  cluster.add_root();
  cluster.kill(0);
  cluster.add_rank(0, 2, 0, seconds(1));
  cluster.add_rank(1, 2, 0, seconds(1));
  ASSERT_TRUE(cluster.run([&] { return cluster.seat(1).failure && cluster.seat(2).failure; }));
  EXPECT_EQ(cluster.seat(2).failure->text, cluster.seat(1).failure->text);
  EXPECT_NE(cluster.seat(1).failure->text.find(
                "could not reach the root of the meeting at 10.0.0.1:1 within 1 s: connection refused"),
            std::string::npos)
      << cluster.seat(1).failure->text;
}

void expect_both_fail(VirtualCluster& cluster, Code code, const std::string& words) {
  const auto failed = [&] {
    for (std::size_t id = 1; id < cluster.size(); ++id) {
      if (!cluster.seat(id).failure) return false;
    }
    return true;
  };
  ASSERT_TRUE(cluster.run(failed));
  for (std::size_t id = 1; id < cluster.size(); ++id) {
    EXPECT_EQ(cluster.seat(id).failure->code, code) << id;
    EXPECT_NE(cluster.seat(id).failure->text.find(words), std::string::npos) << cluster.seat(id).failure->text;
  }
}

TEST(Tree, TellsAllWhenTwoProcessesClaimARank) {
  for (const int other_node : {0, 1}) {
    VirtualCluster cluster;
    cluster.add_root();
    cluster.add_rank(0, 4, 0);
    cluster.add_rank(1, 4, 0);
    cluster.add_rank(1, 4, other_node);
    expect_both_fail(cluster, Code::invalid_argument, "two processes claim rank 1");
  }
}

// The two may find each other, and end, before either has reached the root: who comes later is told all the same.
TEST(Tree, TellsWhoComesAfterTheTwoThatClaimedARankHaveGone) {
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    VirtualCluster cluster(seed);
    cluster.add_root();
    const std::size_t twins[] = {cluster.add_rank(1, 4, 0), cluster.add_rank(1, 4, 0)};
    for (const auto twin : twins) {
      ASSERT_TRUE(cluster.run([&] { return cluster.seat(twin).failure.has_value(); })) << seed;
      cluster.call(twin, [&](Machine&) { cluster.member(twin).close(cluster.now()); });
    }
    ASSERT_TRUE(cluster.run([&] { return cluster.seat(1).finished && cluster.seat(2).finished; }, seconds(2))) << seed;
    const auto later = cluster.add_rank(0, 4, 0);
    ASSERT_TRUE(cluster.run([&] { return cluster.seat(later).failure.has_value(); }, seconds(2))) << seed;
    EXPECT_NE(cluster.seat(later).failure->text.find("two processes claim rank 1"), std::string::npos)
        << seed << ": " << cluster.seat(later).failure->text;
  }
}

TEST(Tree, TellsAllWhenWorldSizesDiffer) {
  for (const int other_node : {0, 1}) {
    VirtualCluster cluster;
    cluster.add_root();
    cluster.add_rank(0, 4, 0);
    cluster.add_rank(1, 8, other_node);
    expect_both_fail(cluster, Code::invalid_argument, "the world size differs");
  }
}

TEST(Tree, TellsAllWhenARankIsOutOfRange) {
  VirtualCluster cluster;
  cluster.add_root();
  cluster.add_rank(1, 4, 0);
  cluster.add_rank(4, 4, 1);
  expect_both_fail(cluster, Code::invalid_argument, "rank 4 is out of range");
}

TEST(Tree, TellsAllWhenVersionsDiffer) {
  VirtualCluster cluster;
  cluster.add_root();
  cluster.add_rank(0, 4, 0);
  const auto other = cluster.add_rank(1, 4, 1);
  cluster.seat(other).greeting.version = 9;
  ASSERT_TRUE(cluster.run([&] { return cluster.seat(1).failure.has_value(); }));
  EXPECT_EQ(cluster.seat(1).failure->code, Code::transport);
  EXPECT_NE(cluster.seat(1).failure->text.find("rank 1 speaks version 9"), std::string::npos);
}

TEST(Tree, RefusesASecondClaimantOfAJobThatRunsAndLeavesTheJobAlone) {
  for (const int node : {0, 3}) {
    Job job(2, 2);
    ASSERT_TRUE(job.meet());
    const auto late = job.cluster.add_rank(1, 4, node);
    ASSERT_TRUE(job.cluster.run([&] { return job.cluster.seat(late).failure.has_value(); }));
    EXPECT_EQ(job.cluster.seat(late).failure->code, Code::invalid_argument);
    EXPECT_NE(job.cluster.seat(late).failure->text.find("rank 1 is here already"), std::string::npos);
    EXPECT_TRUE(job.nobody_failed());
  }
}

TEST(Tree, EndsTheRootWhenNobodyComes) {
  VirtualCluster cluster;
  cluster.add_root(seconds(3));
  ASSERT_TRUE(cluster.run([&] { return cluster.seat(0).finished; }, seconds(4)));
}

}  // namespace
}  // namespace tutti::bootstrap
