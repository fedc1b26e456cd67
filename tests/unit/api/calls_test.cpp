// The collectives between threads of one process: results, in-place, zero elements, several communicators at once.
#include <numeric>
#include <vector>

#include "unit/api/ranks.hpp"

namespace tutti {
namespace {

using Numbers = std::vector<std::int32_t>;

Numbers numbers(int rank, std::size_t count) {
  Numbers all(count);
  std::iota(all.begin(), all.end(), rank * 1000);
  return all;
}

class Worlds : public testing::TestWithParam<int> {};

TEST_P(Worlds, EveryCollectiveGivesWhatItPromises) {
  const int ranks = GetParam();
  run_ranks(ranks, [ranks](tuttiComm_t comm, int rank) {
    for (const std::size_t count : {1U, 3U, 1000U, 70000U}) {
      const auto per_rank = static_cast<std::size_t>(ranks);
      const auto sum_at = [&](std::size_t i) {
        return static_cast<std::int32_t>(ranks * (ranks - 1) / 2 * 1000) + static_cast<std::int32_t>(i) * ranks;
      };
      const Numbers mine = numbers(rank, count * per_rank);
      Numbers out(count * per_rank);
      expect_ok(tuttiAllReduce(mine.data(), out.data(), count, tuttiInt32, tuttiSum, comm, nullptr), comm);
      for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(out[i], sum_at(i));
      expect_ok(tuttiReduceScatter(mine.data(), out.data(), count, tuttiInt32, tuttiSum, comm, nullptr), comm);
      for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(out[i], sum_at(static_cast<std::size_t>(rank) * count + i));
      expect_ok(tuttiAllGather(mine.data(), out.data(), count, tuttiInt32, comm, nullptr), comm);
      for (std::size_t i = 0; i < out.size(); ++i)
        ASSERT_EQ(out[i], static_cast<std::int32_t>(i / count * 1000 + i % count));
      for (int root = 0; root < ranks; ++root) {
        expect_ok(
            tuttiBroadcast(rank == root ? mine.data() : nullptr, out.data(), count, tuttiInt32, root, comm, nullptr),
            comm);
        for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(out[i], root * 1000 + static_cast<std::int32_t>(i));
        expect_ok(tuttiReduce(mine.data(), rank == root ? out.data() : nullptr, count, tuttiInt32, tuttiMax, root, comm,
                              nullptr),
                  comm);
        if (rank == root) {
          ASSERT_EQ(out[count - 1], (ranks - 1) * 1000 + static_cast<std::int32_t>(count) - 1);
        }
      }
      expect_ok(tuttiBarrier(comm, nullptr), comm);
    }
  });
}

TEST_P(Worlds, InPlaceGivesTheSame) {
  const int ranks = GetParam();
  run_ranks(ranks, [ranks](tuttiComm_t comm, int rank) {
    constexpr std::size_t kCount = 777;
    const auto block = static_cast<std::size_t>(rank) * kCount;
    Numbers all = numbers(rank, kCount * static_cast<std::size_t>(ranks));
    Numbers reduced = all;
    expect_ok(tuttiAllReduce(reduced.data(), reduced.data(), reduced.size(), tuttiInt32, tuttiSum, comm, nullptr),
              comm);
    Numbers scattered = all;
    expect_ok(
        tuttiReduceScatter(scattered.data(), scattered.data() + block, kCount, tuttiInt32, tuttiSum, comm, nullptr),
        comm);
    for (std::size_t i = 0; i < kCount; ++i) ASSERT_EQ(scattered[block + i], reduced[block + i]);
    expect_ok(tuttiAllGather(scattered.data() + block, scattered.data(), kCount, tuttiInt32, comm, nullptr), comm);
    ASSERT_EQ(scattered, reduced);
  });
}

TEST_P(Worlds, ZeroElementsAreNoMistake) {
  run_ranks(GetParam(), [](tuttiComm_t comm, int) {
    expect_ok(tuttiAllReduce(nullptr, nullptr, 0, tuttiFloat, tuttiSum, comm, nullptr), comm);
    expect_ok(tuttiAllGather(nullptr, nullptr, 0, tuttiFloat, comm, nullptr), comm);
    std::int32_t one = 1;
    expect_ok(tuttiAllReduce(&one, &one, 1, tuttiInt32, tuttiSum, comm, nullptr), comm);
  });
}

INSTANTIATE_TEST_SUITE_P(Sizes, Worlds, testing::Values(1, 2, 3, 4, 7));

TEST(Communicators, SeveralAtOnceFromSeveralThreadsDoNotMeetEachOther) {
  std::vector<std::thread> jobs;
  for (int job = 0; job < 3; ++job) {
    jobs.emplace_back([job] {
      run_ranks(2, [job](tuttiComm_t comm, int) {
        for (int i = 0; i < 100; ++i) {
          std::int32_t value = job;
          expect_ok(tuttiAllReduce(&value, &value, 1, tuttiInt32, tuttiSum, comm, nullptr), comm);
          ASSERT_EQ(value, 2 * job);
        }
      });
    });
  }
  for (auto& job : jobs) job.join();
}

TEST(Communicators, CallsFromSeveralThreadsOnOneRunInCallOrder) {
  run_ranks(2, [](tuttiComm_t comm, int) {
    // Two threads of each rank make the same call, so that the order between them does not matter.
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 2; ++thread) {
      threads.emplace_back([comm] {
        for (int i = 0; i < 50; ++i) {
          std::int32_t value = 1;
          expect_ok(tuttiAllReduce(&value, &value, 1, tuttiInt32, tuttiSum, comm, nullptr), comm);
          ASSERT_EQ(value, 2);
        }
      });
    }
    for (auto& thread : threads) thread.join();
  });
}

TEST(LowPrecision, IsAccumulatedInFloatAndRoundedOnce) {
  // 256 + 1 + 1 + 1: in bfloat16, which has 8 bits, adding one by one stays at 256; rounded once it is 260.
  for (const char* algorithm : {"one_shot", "two_shot", "ring", "circulant", "recursive_doubling"}) {
    tuttiConfig_t config = TUTTI_CONFIG_INITIALIZER;
    config.algorithm = algorithm;
    const bool everywhere = std::string(algorithm) == "ring" || std::string(algorithm) == "circulant" ||
                            std::string(algorithm) == "recursive_doubling";
    const std::string only = "all_reduce:" + std::string(algorithm);
    if (everywhere) config.algorithm = only.c_str();
    run_ranks(
        4,
        [](tuttiComm_t comm, int rank) {
          std::vector<std::uint16_t> value(9, rank == 0 ? 0x4380 : 0x3f80);  // 256, 1
          expect_ok(tuttiAllReduce(value.data(), value.data(), value.size(), tuttiBfloat16, tuttiSum, comm, nullptr),
                    comm);
          for (const auto bits : value) EXPECT_EQ(bits, 0x4382);  // 260
        },
        config);
  }
}

}  // namespace
}  // namespace tutti
