// The collectives of blocks through tutti.hpp: what the spans promise, and what is refused before anything is called.
#include <gtest/gtest.h>

#include <functional>
#include <numeric>
#include <thread>
#include <tutti/tutti.hpp>
#include <vector>

namespace {

using Numbers = std::vector<int>;

constexpr int kRanks = 3;

void with_communicators(const std::function<void(tutti::Communicator&, int)>& body) {
  const auto id = tutti::make_unique_id();
  std::vector<std::thread> threads;
  for (int rank = 0; rank < kRanks; ++rank) {
    threads.emplace_back([&, rank] {
      tutti::Communicator comm(kRanks, id, rank);
      body(comm, rank);
    });
  }
  for (auto& thread : threads) thread.join();
}

std::span<const int> read(const Numbers& numbers) {
  return numbers;
}

TEST(Header, MovesBlocksOfEqualLengths) {
  with_communicators([](tutti::Communicator& comm, int rank) {
    const Numbers mine = {10 * rank, 10 * rank + 1, 10 * rank + 2};
    Numbers out(3, -1);
    comm.all_to_all(read(mine), std::span(out));
    EXPECT_EQ(out, (Numbers{rank, 10 + rank, 20 + rank}));
    comm.gather(read(mine).first(1), rank == 1 ? std::span(out) : std::span<int>(), 1);
    if (rank == 1) {
      EXPECT_EQ(out, (Numbers{0, 10, 20}));
    }
    comm.scatter(rank == 2 ? read(mine) : std::span<const int>(), std::span(out).first(1), 2);
    EXPECT_EQ(out[0], 20 + rank);
    EXPECT_THROW(comm.all_to_all(read(mine), std::span(out).first(2)), tutti::Error);
  });
}

TEST(Header, MovesBlocksOfDifferentLengths) {
  with_communicators([](tutti::Communicator& comm, int rank) {
    const std::vector<std::size_t> counts = {1, 0, 2};
    const std::vector<std::size_t> places = {3, 0, 0};
    const Numbers mine(counts[static_cast<std::size_t>(rank)], rank + 1);
    Numbers all(4, -1);
    comm.all_gather_v(read(mine), std::span(all), {counts, places});
    EXPECT_EQ(all, (Numbers{3, 3, -1, 1}));
    Numbers own(mine.size());
    comm.reduce_scatter_v(read(all), {counts, places}, std::span(own), tutti::ReduceOp::max);
    EXPECT_EQ(own, mine);
    Numbers gathered(3);
    comm.gather_v(read(mine), rank == 0 ? std::span(gathered) : std::span<int>(), {counts}, 0);
    if (rank == 0) {
      EXPECT_EQ(gathered, (Numbers{1, 3, 3}));
    }
    comm.scatter_v(rank == 0 ? read(gathered) : std::span<const int>(), {counts}, std::span(own), 0);
    EXPECT_EQ(own, mine);
    Numbers from_me(static_cast<std::size_t>(rank) * 3, rank);  // `rank` to each
    Numbers to_me(3, -1);
    const std::vector<std::size_t> sends(3, static_cast<std::size_t>(rank));
    const std::vector<std::size_t> recvs = {0, 1, 2};
    comm.all_to_all_v(read(from_me), {sends}, std::span(to_me), {recvs});
    EXPECT_EQ(to_me, (Numbers{1, 2, 2}));
    EXPECT_THROW(comm.all_gather_v(read(mine), std::span(all).first(3), {counts, places}), tutti::Error);
    EXPECT_THROW(comm.all_gather_v(read(mine), std::span(all), {std::span(counts).first(2)}), tutti::Error);
  });
}

}  // namespace
