#include <atomic>
#include <vector>

#include "unit/api/ranks.hpp"

namespace tutti {
namespace {

TEST(Stream, RunsCallsInOrderWithoutBlockingTheCaller) {
  std::atomic<bool> let_go{false};
  run_ranks(2, [&](tuttiComm_t comm, int rank) {
    tuttiStream_t stream = nullptr;
    expect_ok(tuttiStreamCreate(&stream));
    std::vector<float> data(1000, 1.0F);
    if (rank == 1) {
      while (!let_go) std::this_thread::yield();
    }
    for (int i = 0; i < 3; ++i)
      expect_ok(tuttiAllReduce(data.data(), data.data(), data.size(), tuttiFloat, tuttiSum, comm, stream));
    if (rank == 0) {
      EXPECT_EQ(tuttiStreamQuery(stream), tuttiInProgress);  // rank 1 has not even called
      let_go = true;
    }
    expect_ok(tuttiStreamSynchronize(stream), comm);
    EXPECT_EQ(tuttiStreamQuery(stream), tuttiSuccess);
    EXPECT_EQ(data, std::vector<float>(1000, 8.0F));
    expect_ok(tuttiStreamDestroy(stream));
  });
}

TEST(Stream, CallsWithAndWithoutAStreamRunInCallOrder) {
  run_ranks(2, [](tuttiComm_t comm, int rank) {
    tuttiStream_t stream = nullptr;
    expect_ok(tuttiStreamCreate(&stream));
    std::int32_t first = rank;
    std::int32_t second = 0;
    expect_ok(tuttiAllReduce(&first, &first, 1, tuttiInt32, tuttiSum, comm, stream));
    expect_ok(tuttiAllReduce(&rank, &second, 1, tuttiInt32, tuttiMax, comm, nullptr), comm);
    EXPECT_EQ(second, 1);
    expect_ok(tuttiStreamSynchronize(stream), comm);
    EXPECT_EQ(first, 1);
    expect_ok(tuttiStreamDestroy(stream));
  });
}

TEST(Stream, SynchronizeGivesTheFirstErrorAndForgetsIt) {
  tuttiConfig_t config = TUTTI_CONFIG_INITIALIZER;
  config.timeoutMs = 200;
  run_ranks(
      2,
      [](tuttiComm_t comm, int rank) {
        if (rank == 1) {
          std::this_thread::sleep_for(std::chrono::milliseconds(600));
          return;
        }
        tuttiStream_t stream = nullptr;
        expect_ok(tuttiStreamCreate(&stream));
        float value = 1;
        expect_ok(tuttiAllReduce(&value, &value, 1, tuttiFloat, tuttiSum, comm, stream));
        EXPECT_EQ(tuttiStreamSynchronize(stream), tuttiTimeout);
        EXPECT_EQ(tuttiStreamSynchronize(stream), tuttiSuccess);
        expect_ok(tuttiStreamDestroy(stream));
      },
      config);
}

}  // namespace
}  // namespace tutti
