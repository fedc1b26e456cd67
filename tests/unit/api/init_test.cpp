// Non-blocking init, split, ending.
#include <chrono>
#include <vector>

#include "unit/api/ranks.hpp"

namespace tutti {
namespace {

TEST(Init, NonBlockingIsPolled) {
  tuttiUniqueId id{};
  expect_ok(tuttiGetUniqueId(&id));
  tuttiConfig_t config = TUTTI_CONFIG_INITIALIZER;
  config.blocking = 0;
  tuttiComm_t comms[2] = {};
  EXPECT_EQ(tuttiCommInitRankConfig(&comms[0], 2, id, 0, &config), tuttiInProgress);
  float value = 1;
  EXPECT_EQ(tuttiAllReduce(&value, &value, 1, tuttiFloat, tuttiSum, comms[0], nullptr), tuttiInProgress);
  EXPECT_EQ(tuttiCommInitRankConfig(&comms[1], 2, id, 1, &config), tuttiInProgress);
  for (auto* const comm : comms) {
    tuttiResult_t state = tuttiInProgress;
    while (state == tuttiInProgress) {
      expect_ok(tuttiCommGetAsyncError(comm, &state));
      std::this_thread::yield();
    }
    EXPECT_EQ(state, tuttiSuccess) << tuttiGetLastError(comm);
  }
  for (auto* const comm : comms) expect_ok(tuttiCommDestroy(comm));
}

TEST(Init, ThatFailsLaterSaysWhyInTheAsyncError) {
  tuttiUniqueId id{};
  expect_ok(tuttiGetUniqueId(&id));
  tuttiConfig_t config = TUTTI_CONFIG_INITIALIZER;
  config.blocking = 0;
  config.initTimeoutMs = 300;
  tuttiComm_t comm = nullptr;
  EXPECT_EQ(tuttiCommInitRankConfig(&comm, 2, id, 0, &config), tuttiInProgress);
  tuttiResult_t state = tuttiInProgress;
  while (state == tuttiInProgress) {
    expect_ok(tuttiCommGetAsyncError(comm, &state));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(state, tuttiTimeout);
  EXPECT_NE(std::string(tuttiGetLastError(comm)).find("rank"), std::string::npos) << tuttiGetLastError(comm);
  expect_ok(tuttiCommDestroy(comm));
}

TEST(Init, GoesOverTheInterfacesOfTheConfiguration) {
  tuttiConfig_t config = TUTTI_CONFIG_INITIALIZER;
  config.transports = "ucx";
  config.iface = "=lo";
  run_ranks(
      2,
      [](tuttiComm_t comm, int rank) {
        std::int32_t sum = rank + 1;
        expect_ok(tuttiAllReduce(&sum, &sum, 1, tuttiInt32, tuttiSum, comm, nullptr), comm);
        EXPECT_EQ(sum, 3);
      },
      config);
}

TEST(Init, FailsWhereNoInterfaceIsAsTheConfigurationWants) {
  tuttiUniqueId id{};
  expect_ok(tuttiGetUniqueId(&id));
  std::vector<std::thread> ranks;
  for (int rank = 0; rank < 2; ++rank) {
    ranks.emplace_back([&id, rank] {
      tuttiConfig_t config = TUTTI_CONFIG_INITIALIZER;
      config.transports = "ucx";
      config.iface = rank == 1 ? "=nosuch0" : nullptr;
      tuttiComm_t comm = nullptr;
      EXPECT_NE(tuttiCommInitRankConfig(&comm, 2, id, rank, &config), tuttiSuccess);
      const std::string why = tuttiGetLastError(nullptr);
      EXPECT_NE(why.find("TUTTI_IFACE is '=nosuch0', but no interface matches; there are lo (127.0.0.1)"),
                std::string::npos)
          << why;
    });
  }
  for (auto& rank : ranks) rank.join();
}

TEST(Split, MakesCommunicatorsByColorOrderedByKey) {
  run_ranks(5, [](tuttiComm_t comm, int rank) {
    tuttiComm_t child = nullptr;
    const int color = rank == 4 ? TUTTI_SPLIT_NOCOLOR : rank % 2;
    expect_ok(tuttiCommSplit(comm, color, -rank, &child, nullptr), comm);
    if (color < 0) {
      EXPECT_EQ(child, nullptr);
      return;
    }
    int size = 0;
    int place = -1;
    expect_ok(tuttiCommCount(child, &size));
    expect_ok(tuttiCommUserRank(child, &place));
    EXPECT_EQ(size, 2);
    EXPECT_EQ(place, rank < 2 ? 1 : 0);
    std::int32_t sum = rank;
    expect_ok(tuttiAllReduce(&sum, &sum, 1, tuttiInt32, tuttiSum, child, nullptr), child);
    EXPECT_EQ(sum, color == 0 ? 2 : 4);
    expect_ok(tuttiCommDestroy(child));
  });
}

TEST(Finalize, RefusesLaterCalls) {
  run_ranks(2, [](tuttiComm_t comm, int) {
    expect_ok(tuttiCommFinalize(comm));
    float value = 1;
    EXPECT_EQ(tuttiAllReduce(&value, &value, 1, tuttiFloat, tuttiSum, comm, nullptr), tuttiInvalidUsage);
  });
}

}  // namespace
}  // namespace tutti
