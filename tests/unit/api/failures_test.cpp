// What happens when a rank does not come, calls something else, or aborts: an error at every rank, in time.
#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "unit/api/ranks.hpp"

namespace tutti {
namespace {

using std::chrono::milliseconds;

tuttiConfig_t patient(int timeout_ms) {
  tuttiConfig_t config = TUTTI_CONFIG_INITIALIZER;
  config.timeoutMs = timeout_ms;
  return config;
}

TEST(Failure, ARankThatNeverCallsIsNamedWithinTheDeadline) {
  run_ranks(
      3,
      [](tuttiComm_t comm, int rank) {
        if (rank == 2) {
          std::this_thread::sleep_for(milliseconds(700));
          return;
        }
        std::vector<float> data(1000, 1.0F);
        const auto start = std::chrono::steady_clock::now();
        const auto result = tuttiAllReduce(data.data(), data.data(), data.size(), tuttiFloat, tuttiSum, comm, nullptr);
        EXPECT_EQ(result, tuttiTimeout) << tuttiGetLastError(comm);
        EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
        const std::string text = tuttiGetLastError(comm);
        EXPECT_NE(text.find("rank 2"), std::string::npos) << text;
        EXPECT_NE(text.find("all_reduce"), std::string::npos) << text;
        EXPECT_NE(text.find("seq 1"), std::string::npos) << text;
        EXPECT_NE(tuttiAllReduce(data.data(), data.data(), 1, tuttiFloat, tuttiSum, comm, nullptr), tuttiSuccess);
      },
      patient(300));
}

// Whatever the plan, and whoever waits for whom: all name the rank for which all of them wait in the end.
TEST(Failure, ARankThatNeverCallsIsNamedByThoseThatDoNotWaitForItThemselves) {
  for (const char* const way : {"linear", "tree", "ring", "recursive_doubling"}) {
    tuttiConfig_t config = patient(400);
    const std::string algorithm = std::string("all_reduce:") + way;
    config.algorithm = algorithm.c_str();
    run_ranks(
        5,
        [&](tuttiComm_t comm, int rank) {
          if (rank == 3) {
            std::this_thread::sleep_for(milliseconds(1000));
            return;
          }
          std::vector<float> data(1000, 1.0F);
          EXPECT_EQ(tuttiAllReduce(data.data(), data.data(), data.size(), tuttiFloat, tuttiSum, comm, nullptr),
                    tuttiTimeout);
          const std::string text = tuttiGetLastError(comm);
          EXPECT_NE(text.find("rank 3"), std::string::npos) << way << ": " << text;
        },
        config);
  }
}

TEST(Failure, RanksThatCallDifferentThingsAreToldSo) {
  std::atomic<int> told{0};
  run_ranks(
      2,
      [&](tuttiComm_t comm, int rank) {
        std::vector<float> data(64, 1.0F);
        const auto result = rank == 0
                                ? tuttiAllReduce(data.data(), data.data(), 64, tuttiFloat, tuttiSum, comm, nullptr)
                                : tuttiAllReduce(data.data(), data.data(), 64, tuttiFloat, tuttiMax, comm, nullptr);
        EXPECT_NE(result, tuttiSuccess);
        told += result == tuttiInvalidUsage ? 1 : 0;
      },
      patient(3000));
  EXPECT_GE(told, 1);
}

TEST(Failure, AbortEndsTheCallsOfAllRanks) {
  tuttiUniqueId id{};
  expect_ok(tuttiGetUniqueId(&id));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < 3; ++rank) {
    threads.emplace_back([&, rank] {
      tuttiComm_t comm = nullptr;
      expect_ok(tuttiCommInitRank(&comm, 3, id, rank));
      if (rank == 0) {
        std::this_thread::sleep_for(milliseconds(150));
        expect_ok(tuttiCommAbort(comm));
        return;
      }
      float value = 1;
      EXPECT_EQ(tuttiAllReduce(&value, &value, 1, tuttiFloat, tuttiSum, comm, nullptr), tuttiAborted)
          << tuttiGetLastError(comm);
      EXPECT_NE(std::string(tuttiGetLastError(comm)).find("rank 0"), std::string::npos) << tuttiGetLastError(comm);
      expect_ok(tuttiCommDestroy(comm));
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST(Failure, AbortEndsTheCallThatThisRankItselfIsIn) {
  tuttiUniqueId id{};
  expect_ok(tuttiGetUniqueId(&id));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < 2; ++rank) {
    threads.emplace_back([&, rank] {
      tuttiComm_t comm = nullptr;
      expect_ok(tuttiCommInitRank(&comm, 2, id, rank));
      if (rank == 1) {
        std::this_thread::sleep_for(milliseconds(400));
        expect_ok(tuttiCommDestroy(comm));
        return;
      }
      tuttiStream_t stream = nullptr;
      expect_ok(tuttiStreamCreate(&stream));
      float value = 1;
      expect_ok(tuttiAllReduce(&value, &value, 1, tuttiFloat, tuttiSum, comm, stream));
      std::this_thread::sleep_for(milliseconds(50));
      expect_ok(tuttiCommAbort(comm));
      EXPECT_EQ(tuttiStreamSynchronize(stream), tuttiAborted);
      expect_ok(tuttiStreamDestroy(stream));
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST(Failure, ARankThatLeavesEarlyDoesNotHangTheOthers) {
  run_ranks(
      2,
      [](tuttiComm_t comm, int rank) {
        if (rank == 1) return;  // destroys at once
        std::vector<float> data(1 << 20, 1.0F);
        EXPECT_NE(tuttiAllReduce(data.data(), data.data(), data.size(), tuttiFloat, tuttiSum, comm, nullptr),
                  tuttiSuccess);
      },
      patient(1000));
}

}  // namespace
}  // namespace tutti
