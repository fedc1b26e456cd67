#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <tuple>
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

// One call of a group, with buffers of its own and a way to see whether it was done.
struct Piece {
  std::function<void(tuttiComm_t)> call;
  std::function<void()> check;
};

constexpr int kMixed = 4;

Piece all_reduce_piece(int rank, std::size_t count) {
  auto data = std::make_shared<std::vector<std::int32_t>>(count, rank + 1);
  return {[data](tuttiComm_t comm) {
            expect_ok(tuttiAllReduce(data->data(), data->data(), data->size(), tuttiInt32, tuttiSum, comm, nullptr));
          },
          [data] { EXPECT_EQ(*data, std::vector<std::int32_t>(data->size(), 10)); }};
}

Piece all_to_all_piece(int rank, std::size_t count) {
  auto in = std::make_shared<std::vector<std::int32_t>>(kMixed * count, rank);
  auto out = std::make_shared<std::vector<std::int32_t>>(in->size(), -1);
  return {[in, out, count](tuttiComm_t comm) {
            expect_ok(tuttiAlltoAll(in->data(), out->data(), count, tuttiInt32, comm, nullptr));
          },
          [out, count] {
            for (std::size_t i = 0; i < out->size(); ++i) ASSERT_EQ((*out)[i], static_cast<std::int32_t>(i / count));
          }};
}

Piece all_gather_v_piece(int rank, std::size_t count) {
  const std::vector<std::size_t> counts = {count, 0, 2 * count, 1};
  auto out = std::make_shared<std::vector<std::int32_t>>(3 * count + 1, -1);
  auto in = std::make_shared<std::vector<std::int32_t>>(counts[static_cast<std::size_t>(rank)], rank);
  return {[in, out, counts](tuttiComm_t comm) {
            auto gone = counts;  // the group must not need it
            expect_ok(
                tuttiAllGatherV(in->data(), in->size(), out->data(), gone.data(), nullptr, tuttiInt32, comm, nullptr));
            std::fill(gone.begin(), gone.end(), 1U << 30);
          },
          [out, count] {
            for (std::size_t i = 0; i < out->size(); ++i) ASSERT_EQ((*out)[i], i < count ? 0 : i < 3 * count ? 2 : 3);
          }};
}

Piece send_piece(int rank, int to, std::size_t count) {
  auto data = std::make_shared<std::vector<std::int32_t>>(count, rank * 100 + to);
  return {
      [data, to](tuttiComm_t comm) { expect_ok(tuttiSend(data->data(), data->size(), tuttiInt32, to, comm, nullptr)); },
      [data] {}};
}

Piece recv_piece(int rank, int from, std::size_t count) {
  auto data = std::make_shared<std::vector<std::int32_t>>(count, -1);
  return {[data, from](tuttiComm_t comm) {
            expect_ok(tuttiRecv(data->data(), data->size(), tuttiInt32, from, comm, nullptr));
          },
          [data, rank, from] { EXPECT_EQ(*data, std::vector<std::int32_t>(data->size(), from * 100 + rank)); }};
}

// Collectives keep their order among themselves; sends and receives go anywhere between them, at each rank elsewhere.
std::vector<Piece> mix(int rank, std::size_t count, std::mt19937& random) {
  std::vector<Piece> pieces;
  for (int i = 0; i < 4; ++i) {
    pieces.push_back(all_reduce_piece(rank, count));
    pieces.push_back(all_to_all_piece(rank, count));
    pieces.push_back(all_gather_v_piece(rank, count));
  }
  for (int peer = 0; peer < kMixed; ++peer) {
    for (Piece& piece : std::vector<Piece>{send_piece(rank, peer, count), recv_piece(rank, peer, count)}) {
      const auto place = static_cast<std::ptrdiff_t>(random() % (pieces.size() + 1));
      pieces.insert(pieces.begin() + place, std::move(piece));
    }
  }
  return pieces;
}

bool is_usable(const std::string& transport) {
  std::string info(1 << 16, '\0');
  expect_ok(tuttiInfo(info.data(), info.size(), nullptr));
  const auto entry = info.find("\"name\": \"" + transport + "\"");
  const auto usable = info.find("\"usable\": ", entry);
  return entry != std::string::npos && info.compare(usable, 14, "\"usable\": true") == 0;
}

class Mixes : public testing::TestWithParam<std::tuple<std::size_t, const char*>> {};

TEST_P(Mixes, OfCollectivesSendsAndReceivesEndWhateverTheirOrder) {
  const auto [count, transport] = GetParam();
  if (!is_usable(transport)) GTEST_SKIP() << transport << " is not usable here";
  tuttiConfig_t config = TUTTI_CONFIG_INITIALIZER;
  config.transports = transport;
  run_ranks(
      kMixed,
      [elements = count](tuttiComm_t comm, int rank) {
        std::mt19937 random(static_cast<unsigned>(rank) + 7);
        for (int round = 0; round < 5; ++round) {
          const auto pieces = mix(rank, elements, random);
          expect_ok(tuttiGroupStart());
          for (const Piece& piece : pieces) piece.call(comm);
          expect_ok(tuttiGroupEnd(), comm);
          for (const Piece& piece : pieces) piece.check();
        }
      },
      config);
}

INSTANTIATE_TEST_SUITE_P(Counts, Mixes,
                         testing::Combine(testing::Values(1, 700, 60000), testing::Values("shm", "ucx")));

TEST(Group, OfManyCallsEnds) {
  run_ranks(3, [](tuttiComm_t comm, int rank) {
    std::vector<std::int32_t> values(500, rank);
    expect_ok(tuttiGroupStart());
    for (auto& value : values) expect_ok(tuttiAllReduce(&value, &value, 1, tuttiInt32, tuttiMax, comm, nullptr));
    expect_ok(tuttiGroupEnd(), comm);
    EXPECT_EQ(values, std::vector<std::int32_t>(500, 2));
  });
}

TEST(Group, RefusesAWrongCallAndRunsTheOthers) {
  run_ranks(2, [](tuttiComm_t comm, int) {
    std::int32_t value = 1;
    expect_ok(tuttiGroupStart());
    expect_ok(tuttiAllReduce(&value, &value, 1, tuttiInt32, tuttiSum, comm, nullptr));
    EXPECT_EQ(tuttiGather(&value, nullptr, 1, tuttiInt32, 5, comm, nullptr), tuttiInvalidArgument);
    expect_ok(tuttiGroupEnd(), comm);
    EXPECT_EQ(value, 2);
  });
}

}  // namespace
}  // namespace tutti
