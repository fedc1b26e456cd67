// A job of ranks that are threads of this process.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <thread>
#include <vector>

#include "tutti/tutti.h"

namespace tutti {

inline void expect_ok(tuttiResult_t result, tuttiComm_t comm = nullptr) {
  EXPECT_EQ(result, tuttiSuccess) << tuttiGetLastError(comm);
}

/// Runs `body(comm, rank)` on each of `ranks` threads, between init and destroy.
inline void run_ranks(int ranks, const std::function<void(tuttiComm_t, int)>& body,
                      tuttiConfig_t config = TUTTI_CONFIG_INITIALIZER) {
  tuttiUniqueId id{};
  expect_ok(tuttiGetUniqueId(&id));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < ranks; ++rank) {
    threads.emplace_back([&, rank] {
      tuttiConfig_t mine = config;
      tuttiComm_t comm = nullptr;
      const auto made = tuttiCommInitRankConfig(&comm, ranks, id, rank, &mine);
      ASSERT_EQ(made, tuttiSuccess) << tuttiGetLastError(nullptr);
      body(comm, rank);
      expect_ok(tuttiCommDestroy(comm));
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace tutti
