#include <vector>

#include "unit/api/ranks.hpp"

namespace tutti {
namespace {

TEST(Group, SendsAndReceivesProgressTogether) {
  constexpr int kRanks = 4;
  run_ranks(kRanks, [](tuttiComm_t comm, int rank) {
    constexpr std::size_t kCount = 300000;  // more than a ring holds: one after the other would wait for ever
    std::vector<std::vector<float>> out(kRanks, std::vector<float>(kCount, static_cast<float>(rank)));
    std::vector<std::vector<float>> in(kRanks, std::vector<float>(kCount));
    expect_ok(tuttiGroupStart());
    for (int peer = 0; peer < kRanks; ++peer) {
      const auto at = static_cast<std::size_t>(peer);
      expect_ok(tuttiSend(out[at].data(), kCount, tuttiFloat, peer, comm, nullptr));
      expect_ok(tuttiRecv(in[at].data(), kCount, tuttiFloat, peer, comm, nullptr));
    }
    expect_ok(tuttiGroupEnd(), comm);
    for (int peer = 0; peer < kRanks; ++peer)
      EXPECT_EQ(in[static_cast<std::size_t>(peer)], std::vector<float>(kCount, static_cast<float>(peer)));
  });
}

TEST(Group, MayMixCollectivesAndMessagesInDifferentOrdersAtDifferentRanks) {
  run_ranks(2, [](tuttiComm_t comm, int rank) {
    std::int32_t sum = rank + 1;
    std::vector<float> data(200000, rank == 0 ? 3.0F : 0.0F);
    expect_ok(tuttiGroupStart());
    if (rank == 0) expect_ok(tuttiSend(data.data(), data.size(), tuttiFloat, 1, comm, nullptr));
    expect_ok(tuttiAllReduce(&sum, &sum, 1, tuttiInt32, tuttiSum, comm, nullptr));
    if (rank == 1) expect_ok(tuttiRecv(data.data(), data.size(), tuttiFloat, 0, comm, nullptr));
    expect_ok(tuttiGroupEnd(), comm);
    EXPECT_EQ(sum, 3);
    EXPECT_EQ(data.back(), 3.0F);
  });
}

TEST(Group, OneThreadDrivesSeveralRanks) {
  constexpr int kRanks = 4;
  tuttiComm_t comms[kRanks] = {};
  expect_ok(tuttiCommInitAll(comms, kRanks, nullptr));
  for (const bool with_stream : {false, true}) {
    tuttiStream_t stream = nullptr;
    if (with_stream) expect_ok(tuttiStreamCreate(&stream));
    std::int32_t values[kRanks] = {1, 2, 3, 4};
    expect_ok(tuttiGroupStart());
    for (int rank = 0; rank < kRanks; ++rank)
      expect_ok(tuttiAllReduce(&values[rank], &values[rank], 1, tuttiInt32, tuttiSum, comms[rank], stream));
    expect_ok(tuttiGroupEnd(), comms[0]);
    if (with_stream) expect_ok(tuttiStreamSynchronize(stream));
    for (const auto value : values) EXPECT_EQ(value, 10);
    expect_ok(tuttiStreamDestroy(stream));
  }
  for (auto* const comm : comms) expect_ok(tuttiCommDestroy(comm));
}

TEST(Group, EndWithoutStartIsRefused) {
  EXPECT_EQ(tuttiGroupEnd(), tuttiInvalidUsage);
}

TEST(Group, Nests) {
  run_ranks(2, [](tuttiComm_t comm, int rank) {
    float sent = static_cast<float>(rank);
    float got = -1;
    expect_ok(tuttiGroupStart());
    expect_ok(tuttiGroupStart());
    expect_ok(tuttiSend(&sent, 1, tuttiFloat, 1 - rank, comm, nullptr));
    expect_ok(tuttiGroupEnd());
    expect_ok(tuttiRecv(&got, 1, tuttiFloat, 1 - rank, comm, nullptr));
    expect_ok(tuttiGroupEnd(), comm);
    EXPECT_EQ(got, static_cast<float>(1 - rank));
  });
}

}  // namespace
}  // namespace tutti
