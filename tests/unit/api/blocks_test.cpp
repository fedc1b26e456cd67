// Gather, scatter, all-to-all and the V-variants between threads of one process: results, in place, empty blocks, gaps,
// streams; and what is refused.
#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "unit/api/ranks.hpp"

namespace tutti {
namespace {

using Numbers = std::vector<std::int32_t>;

std::int32_t number(int from, int to, std::size_t i) {
  return from * 1000000 + to * 10000 + static_cast<std::int32_t>(i % 9973);
}

std::size_t index_of(int rank) {
  return static_cast<std::size_t>(rank);
}

// What `from` has for every rank, block by block.
Numbers blocks_of(int from, int ranks, std::size_t count) {
  Numbers all;
  for (int to = 0; to < ranks; ++to) {
    for (std::size_t i = 0; i < count; ++i) all.push_back(number(from, to, i));
  }
  return all;
}

// What every rank has for `to`.
Numbers blocks_for(int to, int ranks, std::size_t count) {
  Numbers all;
  for (int from = 0; from < ranks; ++from) {
    for (std::size_t i = 0; i < count; ++i) all.push_back(number(from, to, i));
  }
  return all;
}

class Blocks : public testing::TestWithParam<int> {};

TEST_P(Blocks, GatherScatterAndAllToAllGiveWhatTheyPromise) {
  const int ranks = GetParam();
  run_ranks(ranks, [ranks](tuttiComm_t comm, int rank) {
    for (const std::size_t count : {1U, 3U, 1000U, 40000U}) {
      const Numbers mine = blocks_of(rank, ranks, count);
      Numbers all(mine.size());
      expect_ok(tuttiAlltoAll(mine.data(), all.data(), count, tuttiInt32, comm, nullptr), comm);
      EXPECT_EQ(all, blocks_for(rank, ranks, count));
      for (const int root : {0, ranks - 1}) {
        Numbers gathered(rank == root ? mine.size() : 0);
        const std::int32_t* const for_root = mine.data() + index_of(root) * count;
        expect_ok(
            tuttiGather(for_root, rank == root ? gathered.data() : nullptr, count, tuttiInt32, root, comm, nullptr),
            comm);
        if (rank == root) {
          EXPECT_EQ(gathered, blocks_for(root, ranks, count));
        }
        Numbers scattered(count);
        expect_ok(tuttiScatter(rank == root ? mine.data() : nullptr, scattered.data(), count, tuttiInt32, root, comm,
                               nullptr),
                  comm);
        const Numbers expected = blocks_of(root, ranks, count);
        EXPECT_TRUE(std::equal(scattered.begin(), scattered.end(),
                               expected.begin() + static_cast<std::ptrdiff_t>(index_of(rank) * count)));
      }
    }
  });
}

TEST_P(Blocks, InPlaceGivesTheSame) {
  const int ranks = GetParam();
  run_ranks(ranks, [ranks](tuttiComm_t comm, int rank) {
    for (const std::size_t count : {5U, 600000U}) {  // the latter in several tiles
      Numbers all = blocks_of(rank, ranks, count);
      expect_ok(tuttiAlltoAll(all.data(), all.data(), count, tuttiInt32, comm, nullptr), comm);
      ASSERT_EQ(all, blocks_for(rank, ranks, count));
    }
    constexpr std::size_t kCount = 777;
    const int root = ranks / 2;
    const std::size_t own = index_of(root) * kCount;
    Numbers mine = blocks_of(rank, ranks, kCount);
    Numbers gathered(mine.size());
    std::copy_n(mine.data() + own, kCount, gathered.data() + own);
    expect_ok(tuttiGather(gathered.data() + own, gathered.data(), kCount, tuttiInt32, root, comm, nullptr), comm);
    if (rank == root) {
      EXPECT_EQ(gathered, blocks_for(root, ranks, kCount));
    }
    const bool is_root = rank == root;
    expect_ok(tuttiScatter(mine.data(), mine.data() + (is_root ? own : 0), kCount, tuttiInt32, root, comm, nullptr),
              comm);
    EXPECT_EQ(mine[is_root ? own : 0], number(root, rank, 0));
  });
}

// ---- Blocks of different lengths ----

// Elements from one rank to another; none for some.
std::size_t length(int from, int to) {
  return (from + 2 * to) % 3 == 1 ? 0 : index_of(from * 37 + to * 11) % 97 + 1;
}

struct List {
  std::vector<std::size_t> counts;
  std::vector<std::size_t> displacements;
  std::size_t size = 0;

  // With gaps, the last rank's block first.
  explicit List(std::vector<std::size_t> lengths) : counts(std::move(lengths)), displacements(counts.size()) {
    for (std::size_t rank = counts.size(); rank-- > 0;) {
      displacements[rank] = size + 1;
      size += counts[rank] + 2;
    }
  }
};

template <typename Length>
List list_of(int ranks, Length&& length_of) {
  std::vector<std::size_t> lengths;
  for (int other = 0; other < ranks; ++other) lengths.push_back(length_of(other));
  return List(std::move(lengths));
}

void put(Numbers& memory, const List& list, int block, int from, int to) {
  for (std::size_t i = 0; i < list.counts[index_of(block)]; ++i)
    memory[list.displacements[index_of(block)] + i] = number(from, to, i);
}

// Every V-variant once, with what each leaves in `out` compared as a whole: gaps stay untouched.
void try_every_variant(tuttiComm_t comm, int rank, int ranks, tuttiStream_t stream) {
  const auto finished = [&] {
    if (stream != nullptr) expect_ok(tuttiStreamSynchronize(stream), comm);
  };
  const auto of_rank = [](int other) { return length(other, 1); };
  const List gathers = list_of(ranks, of_rank);
  Numbers block(of_rank(rank));
  for (std::size_t i = 0; i < block.size(); ++i) block[i] = number(rank, 0, i);
  Numbers gathered(gathers.size, -1);
  for (int from = 0; from < ranks; ++from) put(gathered, gathers, from, from, 0);

  Numbers out(gathers.size, -1);
  List arrays = gathers;  // gone when the call runs on a stream
  expect_ok(tuttiAllGatherV(block.data(), block.size(), out.data(), arrays.counts.data(), arrays.displacements.data(),
                            tuttiInt32, comm, stream),
            comm);
  std::fill(arrays.counts.begin(), arrays.counts.end(), SIZE_MAX);
  finished();
  EXPECT_EQ(out, gathered);

  for (int root = 0; root < ranks; ++root) {
    const bool is_root = rank == root;
    std::fill(out.begin(), out.end(), -1);
    expect_ok(tuttiGatherV(block.data(), block.size(), is_root ? out.data() : nullptr,
                           is_root ? gathers.counts.data() : nullptr, is_root ? gathers.displacements.data() : nullptr,
                           tuttiInt32, root, comm, stream),
              comm);
    finished();
    if (is_root) {
      EXPECT_EQ(out, gathered);
    }
    Numbers got(block.size(), -1);
    expect_ok(tuttiScatterV(is_root ? gathered.data() : nullptr, is_root ? gathers.counts.data() : nullptr,
                            is_root ? gathers.displacements.data() : nullptr, got.data(), got.size(), tuttiInt32, root,
                            comm, stream),
              comm);
    finished();
    EXPECT_EQ(got, block);
  }

  Numbers sums(block.size());
  expect_ok(tuttiReduceScatterV(gathered.data(), gathers.counts.data(), gathers.displacements.data(), sums.data(),
                                sums.size(), tuttiInt32, tuttiSum, comm, stream),
            comm);
  finished();
  for (std::size_t i = 0; i < sums.size(); ++i) ASSERT_EQ(sums[i], ranks * block[i]);

  const List sends = list_of(ranks, [&](int to) { return length(rank, to); });
  const List recvs = list_of(ranks, [&](int from) { return length(from, rank); });
  Numbers from_me(sends.size, -2);
  Numbers to_me(recvs.size, -1);
  for (int other = 0; other < ranks; ++other) {
    put(from_me, sends, other, rank, other);
    put(to_me, recvs, other, other, rank);
  }
  Numbers all(recvs.size, -1);
  expect_ok(tuttiAlltoAllV(from_me.data(), sends.counts.data(), sends.displacements.data(), all.data(),
                           recvs.counts.data(), recvs.displacements.data(), tuttiInt32, comm, stream),
            comm);
  finished();
  EXPECT_EQ(all, to_me);
}

TEST_P(Blocks, OfDifferentLengthsMayBeEmptyAndLieAnywhere) {
  const int ranks = GetParam();
  run_ranks(ranks, [ranks](tuttiComm_t comm, int rank) { try_every_variant(comm, rank, ranks, nullptr); });
}

TEST_P(Blocks, OfDifferentLengthsRunOnAStreamWithoutTheCallersArrays) {
  const int ranks = GetParam();
  run_ranks(ranks, [ranks](tuttiComm_t comm, int rank) {
    tuttiStream_t stream = nullptr;
    expect_ok(tuttiStreamCreate(&stream));
    try_every_variant(comm, rank, ranks, stream);
    expect_ok(tuttiStreamDestroy(stream));
  });
}

TEST_P(Blocks, OfDifferentLengthsWorkInPlaceAndPacked) {
  const int ranks = GetParam();
  run_ranks(ranks, [ranks](tuttiComm_t comm, int rank) {
    std::vector<std::size_t> counts;
    for (int other = 0; other < ranks; ++other) counts.push_back(length(other, 0) * 1000);
    std::size_t own = 0;
    for (int before = 0; before < rank; ++before) own += counts[index_of(before)];
    const std::size_t mine = counts[index_of(rank)];
    Numbers expected;
    for (int from = 0; from < ranks; ++from) {
      for (std::size_t i = 0; i < counts[index_of(from)]; ++i) expected.push_back(number(from, 0, i));
    }
    Numbers all(expected.size() + 1);
    std::copy_n(expected.data() + own, mine, all.data() + own);
    expect_ok(tuttiAllGatherV(all.data() + own, mine, all.data(), counts.data(), nullptr, tuttiInt32, comm, nullptr),
              comm);
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), all.begin()));
    expect_ok(tuttiReduceScatterV(all.data(), counts.data(), nullptr, all.data() + own, mine, tuttiInt32, tuttiMax,
                                  comm, nullptr),
              comm);
    EXPECT_TRUE(std::equal(expected.data() + own, expected.data() + own + mine, all.data() + own));

    // In place, a list serves both ways: as much goes to a rank as comes from it.
    std::vector<std::size_t> both;
    for (int other = 0; other < ranks; ++other)
      both.push_back(length(std::min(rank, other), std::max(rank, other)) * 5000);
    Numbers from_me;
    Numbers to_me;
    for (int other = 0; other < ranks; ++other) {
      for (std::size_t i = 0; i < both[index_of(other)]; ++i) {
        from_me.push_back(number(rank, other, i));
        to_me.push_back(number(other, rank, i));
      }
    }
    from_me.push_back(-1);
    to_me.push_back(-1);
    expect_ok(tuttiAlltoAllV(from_me.data(), both.data(), nullptr, from_me.data(), both.data(), nullptr, tuttiInt32,
                             comm, nullptr),
              comm);
    EXPECT_EQ(from_me, to_me);
  });
}

TEST_P(Blocks, OfNoLengthAtAllAreNoMistake) {
  const int ranks = GetParam();
  run_ranks(ranks, [ranks](tuttiComm_t comm, int) {
    const std::vector<std::size_t> none(index_of(ranks), 0);
    expect_ok(tuttiGather(nullptr, nullptr, 0, tuttiInt32, 0, comm, nullptr), comm);
    expect_ok(tuttiAlltoAll(nullptr, nullptr, 0, tuttiInt32, comm, nullptr), comm);
    expect_ok(tuttiAllGatherV(nullptr, 0, nullptr, none.data(), nullptr, tuttiInt32, comm, nullptr), comm);
    expect_ok(tuttiReduceScatterV(nullptr, none.data(), none.data(), nullptr, 0, tuttiInt32, tuttiSum, comm, nullptr),
              comm);
    expect_ok(tuttiGatherV(nullptr, 0, nullptr, none.data(), nullptr, tuttiInt32, 0, comm, nullptr), comm);
    expect_ok(tuttiScatterV(nullptr, none.data(), nullptr, nullptr, 0, tuttiInt32, 0, comm, nullptr), comm);
    expect_ok(tuttiAlltoAllV(nullptr, none.data(), nullptr, nullptr, none.data(), nullptr, tuttiInt32, comm, nullptr),
              comm);
    expect_ok(tuttiBarrier(comm, nullptr), comm);
  });
}

INSTANTIATE_TEST_SUITE_P(Sizes, Blocks, testing::Values(1, 2, 3, 5, 8));

TEST(BlocksOverEveryAlgorithm, OfDifferentLengthsGiveTheSame) {
  for (const char* algorithm :
       {"all_gather:ring;reduce_scatter:ring", "all_gather:recursive_doubling;all_to_all:pairwise",
        "all_gather:circulant/3;reduce_scatter:circulant/2", "direct"}) {
    SCOPED_TRACE(algorithm);
    tuttiConfig_t config = TUTTI_CONFIG_INITIALIZER;
    config.algorithm = algorithm;
    run_ranks(
        4, [](tuttiComm_t comm, int rank) { try_every_variant(comm, rank, 4, nullptr); }, config);
  }
}

// ---- What is refused ----

class WrongBlocks : public testing::Test {
 protected:
  void SetUp() override { expect_ok(tuttiCommInitAll(comms_, 2, nullptr)); }
  void TearDown() override {
    for (auto* const comm : comms_) expect_ok(tuttiCommAbort(comm));
  }
  static void expect_refused(tuttiResult_t result, const std::string& word) {
    EXPECT_EQ(result, tuttiInvalidArgument) << word;
    EXPECT_NE(std::string(tuttiGetLastError(nullptr)).find(word), std::string::npos) << tuttiGetLastError(nullptr);
  }
  tuttiResult_t all_gather_v(std::vector<std::size_t> counts, std::vector<std::size_t> displs, std::size_t own = 2) {
    return tuttiAllGatherV(in_.data(), own, out_.data(), counts.data(), displs.empty() ? nullptr : displs.data(),
                           tuttiFloat, comms_[0], nullptr);
  }

  tuttiComm_t comms_[2] = {};  // calls that are refused need no other rank
  std::vector<float> in_ = std::vector<float>(16, 1.5F);
  std::vector<float> out_ = std::vector<float>(16, 0.0F);
  std::vector<std::size_t> counts_ = {2, 3};
};

TEST_F(WrongBlocks, NullArraysAndBuffers) {
  tuttiComm_t comm = comms_[0];
  const auto* const counts = counts_.data();
  expect_refused(tuttiAllGatherV(in_.data(), 2, out_.data(), nullptr, nullptr, tuttiFloat, comm, nullptr),
                 "recvcounts");
  expect_refused(tuttiAllGatherV(nullptr, 2, out_.data(), counts, nullptr, tuttiFloat, comm, nullptr), "sendbuff");
  expect_refused(tuttiAllGatherV(in_.data(), 2, nullptr, counts, nullptr, tuttiFloat, comm, nullptr), "recvbuff");
  expect_refused(tuttiReduceScatterV(in_.data(), nullptr, nullptr, out_.data(), 2, tuttiFloat, tuttiSum, comm, nullptr),
                 "sendcounts");
  expect_refused(tuttiGatherV(in_.data(), 2, out_.data(), nullptr, nullptr, tuttiFloat, 0, comm, nullptr),
                 "recvcounts");
  expect_refused(tuttiScatterV(nullptr, counts, nullptr, out_.data(), 2, tuttiFloat, 0, comm, nullptr), "sendbuff");
  expect_refused(tuttiAlltoAllV(in_.data(), nullptr, nullptr, out_.data(), counts, nullptr, tuttiFloat, comm, nullptr),
                 "sendcounts");
  expect_refused(tuttiGather(in_.data(), nullptr, 2, tuttiFloat, 0, comm, nullptr), "recvbuff");
  expect_refused(tuttiScatter(nullptr, out_.data(), 2, tuttiFloat, 0, comm, nullptr), "sendbuff");
  expect_refused(tuttiAlltoAll(in_.data(), nullptr, 2, tuttiFloat, comm, nullptr), "recvbuff");
}

TEST_F(WrongBlocks, RootsTypesAndAlignment) {
  tuttiComm_t comm = comms_[0];
  expect_refused(tuttiGather(in_.data(), out_.data(), 2, tuttiFloat, 2, comm, nullptr), "root");
  expect_refused(tuttiScatterV(in_.data(), counts_.data(), nullptr, out_.data(), 2, tuttiFloat, -1, comm, nullptr),
                 "root");
  expect_refused(tuttiAlltoAll(in_.data(), out_.data(), 2, static_cast<tuttiDataType_t>(50), comm, nullptr),
                 "datatype");
  const void* const odd = reinterpret_cast<const char*>(in_.data()) + 1;
  expect_refused(tuttiAllGatherV(odd, 2, out_.data(), counts_.data(), nullptr, tuttiFloat, comm, nullptr), "aligned");
}

TEST_F(WrongBlocks, CountsAndDisplacementsThatDoNotFit) {
  expect_refused(all_gather_v({2, 3}, {}, 3), "sendcount is 3 and recvcounts[0] is 2");
  expect_refused(all_gather_v({2, SIZE_MAX}, {}), "recvcounts[1]");
  expect_refused(all_gather_v({2, std::size_t{1} << 58}, {}), "sum of recvcounts");
  expect_refused(all_gather_v({2, 3}, {0, SIZE_MAX - 1}), "displs[1]");
  expect_refused(all_gather_v({2, 3}, {1, 0}), "ranks 0 and 1 overlap");
  expect_refused(all_gather_v({2, 3}, {0, 1}), "ranks 0 and 1 overlap");
  expect_refused(tuttiAlltoAll(in_.data(), out_.data(), SIZE_MAX / 4, tuttiFloat, comms_[0], nullptr), "count");
}

TEST_F(WrongBlocks, OverlapThatIsNotInPlace) {
  tuttiComm_t comm = comms_[0];
  const auto* const counts = counts_.data();
  const std::vector<std::size_t> shifted = {5, 8};
  expect_refused(tuttiAlltoAll(in_.data(), in_.data() + 1, 2, tuttiFloat, comm, nullptr), "overlap");
  expect_refused(tuttiGather(in_.data() + 1, in_.data(), 2, tuttiFloat, 0, comm, nullptr), "overlap");
  expect_refused(tuttiAllGatherV(in_.data() + 1, 2, in_.data(), counts, nullptr, tuttiFloat, comm, nullptr), "overlap");
  expect_refused(
      tuttiAlltoAllV(in_.data(), counts, nullptr, in_.data(), counts, shifted.data(), tuttiFloat, comm, nullptr),
      "in place");
}

// ---- What only another rank can tell ----

void expect_invalid_usage(const std::function<tuttiResult_t(tuttiComm_t, int)>& call) {
  tuttiConfig_t config = TUTTI_CONFIG_INITIALIZER;
  config.timeoutMs = 5000;
  tuttiUniqueId id{};
  expect_ok(tuttiGetUniqueId(&id));
  tuttiResult_t results[2] = {};
  std::vector<std::thread> threads;
  for (int rank = 0; rank < 2; ++rank) {
    threads.emplace_back([&, rank] {
      tuttiConfig_t mine = config;
      tuttiComm_t comm = nullptr;
      expect_ok(tuttiCommInitRankConfig(&comm, 2, id, rank, &mine));
      results[rank] = call(comm, rank);
      if (results[rank] == tuttiSuccess)
        results[rank] = tuttiBarrier(comm, nullptr);  // a sender may have been done before
      tuttiCommDestroy(comm);
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(results[0] == tuttiInvalidUsage || results[1] == tuttiInvalidUsage) << results[0] << " " << results[1];
}

TEST(Mismatch, OfCollectivesRootsAndCountsIsInvalidUsage) {
  expect_invalid_usage([](tuttiComm_t comm, int rank) {
    std::vector<float> in(8);
    std::vector<float> out(8);
    return rank == 0 ? tuttiAlltoAll(in.data(), out.data(), 4, tuttiFloat, comm, nullptr)
                     : tuttiAllGather(in.data(), out.data(), 4, tuttiFloat, comm, nullptr);
  });
  expect_invalid_usage([](tuttiComm_t comm, int rank) {
    std::vector<float> in(8);
    std::vector<float> out(8);
    const std::vector<std::size_t> counts = {4, 4};
    return rank == 0 ? tuttiAlltoAll(in.data(), out.data(), 4, tuttiFloat, comm, nullptr)
                     : tuttiAlltoAllV(in.data(), counts.data(), nullptr, out.data(), counts.data(), nullptr, tuttiFloat,
                                      comm, nullptr);
  });
  expect_invalid_usage([](tuttiComm_t comm, int rank) {
    std::vector<float> in(8);
    std::vector<float> out(8);
    return tuttiAlltoAll(in.data(), rank == 0 ? in.data() : out.data(), 4, tuttiFloat, comm, nullptr);
  });
  expect_invalid_usage([](tuttiComm_t comm, int rank) {
    std::vector<float> in(8);
    std::vector<float> out(8);
    const std::vector<std::size_t> counts = {3, rank == 0 ? 4U : 5U};
    return tuttiAllGatherV(in.data(), counts[index_of(rank)], out.data(), counts.data(), nullptr, tuttiFloat, comm,
                           nullptr);
  });
}

TEST(Mismatch, OfALengthThatTwoRanksShareIsInvalidUsage) {
  expect_invalid_usage([](tuttiComm_t comm, int rank) {
    std::vector<float> in(8);
    std::vector<float> out(8);
    const std::vector<std::size_t> sends = {2, 2};
    const std::vector<std::size_t> recvs = rank == 0 ? std::vector<std::size_t>{2, 3} : std::vector<std::size_t>{2, 2};
    return tuttiAlltoAllV(in.data(), sends.data(), nullptr, out.data(), recvs.data(), nullptr, tuttiFloat, comm,
                          nullptr);
  });
  expect_invalid_usage([](tuttiComm_t comm, int rank) {
    std::vector<float> in(8);
    std::vector<float> out(8);
    const std::vector<std::size_t> counts = {1, 2};
    return tuttiGatherV(in.data(), rank == 0 ? 1 : 3, out.data(), counts.data(), nullptr, tuttiFloat, 0, comm, nullptr);
  });
  expect_invalid_usage([](tuttiComm_t comm, int rank) {  // one says 0: the next call shows it
    std::vector<float> in(8);
    std::vector<float> out(8);
    const std::vector<std::size_t> counts = {1, 2};
    return tuttiScatterV(in.data(), counts.data(), nullptr, out.data(), rank == 0 ? 1 : 0, tuttiFloat, 0, comm,
                         nullptr);
  });
}

}  // namespace
}  // namespace tutti
