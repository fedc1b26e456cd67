// Memory of tuttiMemAlloc and windows, through the C functions.
#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "ranks.hpp"
#include "tutti/tutti.hpp"

namespace tutti {
namespace {

constexpr std::size_t kCount = 300'007;

// Memory of tuttiMemAlloc, for as long as it lives.
struct Shared {
  explicit Shared(std::size_t bytes) { expect_ok(tuttiMemAlloc(&memory, bytes)); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared() { expect_ok(tuttiMemFree(memory)); }
  [[nodiscard]] float* floats() const { return static_cast<float*>(memory); }
  void* memory = nullptr;
};

// A call's result is the same whether its buffers lie in windows or not, or in part.
void reduce_in_windows(tuttiComm_t comm, int rank, int ranks, std::size_t window_bytes, bool in_place) {
  const Shared in(kCount * sizeof(float));
  const Shared out(kCount * sizeof(float));
  tuttiWindow_t in_window = nullptr;
  tuttiWindow_t out_window = nullptr;
  expect_ok(tuttiWindowRegister(comm, in.memory, window_bytes, &in_window));
  if (rank % 2 == 0) expect_ok(tuttiWindowRegister(comm, out.memory, window_bytes, &out_window));
  float* const result = in_place ? in.floats() : out.floats();
  for (int round = 0; round < 5; ++round) {
    for (std::size_t i = 0; i < kCount; ++i) in.floats()[i] = static_cast<float>((i % 1000) * (rank + 1) + round);
    expect_ok(tuttiAllReduce(in.memory, result, kCount, tuttiFloat32, tuttiSum, comm, nullptr), comm);
    const int all = ranks * (ranks + 1) / 2;
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < kCount; ++i) {
      wrong += result[i] !=
               static_cast<float>((i % 1000) * static_cast<std::size_t>(all) + static_cast<std::size_t>(round * ranks));
    }
    EXPECT_EQ(wrong, 0U);
  }
  expect_ok(tuttiWindowDeregister(comm, in_window));
  expect_ok(tuttiWindowDeregister(comm, out_window));
}

TEST(Windows, ChangeNothingButTheTime) {
  for (const int ranks : {1, 2, 3, 5}) {
    for (const std::size_t bytes : {kCount * sizeof(float), kCount * 2}) {
      for (const bool in_place : {false, true}) {
        run_ranks(ranks, [&](tuttiComm_t comm, int rank) { reduce_in_windows(comm, rank, ranks, bytes, in_place); });
      }
    }
  }
}

TEST(Windows, MayLieInOrdinaryMemoryToo) {
  run_ranks(2, [](tuttiComm_t comm, int rank) {
    std::vector<std::int32_t> data(100'000, rank + 1);
    tuttiWindow_t window = nullptr;
    expect_ok(tuttiWindowRegister(comm, data.data(), data.size() * sizeof(std::int32_t), &window));
    expect_ok(tuttiAllReduce(data.data(), data.data(), data.size(), tuttiInt32, tuttiSum, comm, nullptr), comm);
    EXPECT_EQ(data, std::vector<std::int32_t>(100'000, 3));
    expect_ok(tuttiWindowDeregister(comm, window));
  });
}

TEST(Windows, EndWithTheirCommunicator) {
  const Shared memory(1 << 20);
  run_ranks(2, [&](tuttiComm_t comm, int rank) {
    tuttiWindow_t window = nullptr;
    if (rank == 0) expect_ok(tuttiWindowRegister(comm, memory.memory, 1 << 20, &window));
  });
}

TEST(Windows, AreOfOneCommunicatorAndOfSeveral) {
  const Shared memory(1 << 20);
  run_ranks(2, [&](tuttiComm_t comm, int rank) {
    tuttiComm_t other = nullptr;
    expect_ok(tuttiCommSplit(comm, 0, rank, &other, nullptr));
    if (rank == 0) {
      tuttiWindow_t first = nullptr;
      tuttiWindow_t second = nullptr;
      expect_ok(tuttiWindowRegister(comm, memory.memory, 1 << 20, &first));
      expect_ok(tuttiWindowRegister(other, memory.memory, 1 << 20, &second));
      EXPECT_EQ(tuttiWindowDeregister(comm, second), tuttiInvalidArgument);
      expect_ok(tuttiWindowDeregister(other, second));
      expect_ok(tuttiWindowDeregister(comm, first));
    }
    expect_ok(tuttiCommDestroy(other));
  });
}

std::string last_error() {
  return tuttiGetLastError(nullptr);
}

TEST(Windows, AreRefusedWhereTheyCannotBe) {
  run_ranks(1, [](tuttiComm_t comm, int) {
    const Shared memory(1 << 20);
    auto* const bytes = static_cast<std::byte*>(memory.memory);
    tuttiWindow_t window = nullptr;
    EXPECT_EQ(tuttiWindowRegister(nullptr, bytes, 8, &window), tuttiInvalidArgument);
    EXPECT_EQ(tuttiWindowRegister(comm, nullptr, 8, &window), tuttiInvalidArgument);
    EXPECT_EQ(tuttiWindowRegister(comm, bytes, 8, nullptr), tuttiInvalidArgument);
    EXPECT_EQ(tuttiWindowRegister(comm, bytes, 0, &window), tuttiInvalidArgument);
    EXPECT_EQ(tuttiWindowRegister(comm, bytes, SIZE_MAX, &window), tuttiInvalidArgument);
    EXPECT_EQ(tuttiWindowRegister(comm, bytes + (1 << 19), 1 << 20, &window), tuttiInvalidArgument);
    EXPECT_NE(last_error().find("in part"), std::string::npos) << last_error();
    EXPECT_EQ(window, nullptr);
    expect_ok(tuttiWindowRegister(comm, bytes + 100, 1000, &window));
    tuttiWindow_t overlapping = nullptr;
    EXPECT_EQ(tuttiWindowRegister(comm, bytes + 1099, 1, &overlapping), tuttiInvalidUsage);
    expect_ok(tuttiWindowDeregister(comm, window));
    EXPECT_EQ(tuttiWindowDeregister(comm, window), tuttiInvalidArgument);
    expect_ok(tuttiWindowDeregister(comm, nullptr));
  });
}

TEST(Windows, KeepTheirMemory) {
  run_ranks(1, [](tuttiComm_t comm, int) {
    void* memory = nullptr;
    expect_ok(tuttiMemAlloc(&memory, 5000));
    tuttiWindow_t window = nullptr;
    expect_ok(tuttiWindowRegister(comm, memory, 5000, &window));
    EXPECT_EQ(tuttiMemFree(memory), tuttiInvalidUsage);
    EXPECT_NE(last_error().find("1 window lies in this memory"), std::string::npos) << last_error();
    expect_ok(tuttiWindowDeregister(comm, window));
    expect_ok(tuttiMemFree(memory));
    EXPECT_EQ(tuttiMemFree(memory), tuttiInvalidArgument);
  });
}

TEST(Windows, TakeNoMemoryThatCannotBe) {
  void* memory = &memory;
  EXPECT_EQ(tuttiMemAlloc(nullptr, 8), tuttiInvalidArgument);
  EXPECT_EQ(tuttiMemAlloc(&memory, 0), tuttiInvalidArgument);
  EXPECT_EQ(memory, nullptr);
  EXPECT_EQ(tuttiMemAlloc(&memory, SIZE_MAX), tuttiInvalidArgument);
  EXPECT_EQ(tuttiMemAlloc(&memory, std::size_t{1} << 60), tuttiSystemError);
  EXPECT_NE(last_error().find("1152921504606846976"), std::string::npos) << last_error();
  int here = 0;
  EXPECT_EQ(tuttiMemFree(&here), tuttiInvalidArgument);
  expect_ok(tuttiMemFree(nullptr));
}

TEST(Windows, AreObjectsInCpp) {
  tuttiUniqueId id = make_unique_id();
  Communicator comm(1, id, 0);
  SharedMemory memory(4096);
  {
    const Window window(comm, memory.as<float>());
    EXPECT_EQ(memory.as<float>().size(), 1024U);
    EXPECT_THROW(Window(comm, memory.as<float>().first(1)), Error);
  }
  const Window again(comm, memory.as<float>().first(1));
}

TEST(Windows, GiveZeroedMemoryAlignedToAPage) {
  const Shared memory(10'000);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.memory) % 4096, 0U);
  EXPECT_EQ(std::accumulate(memory.floats(), memory.floats() + 2500, 0.0F), 0.0F);
}

}  // namespace
}  // namespace tutti
