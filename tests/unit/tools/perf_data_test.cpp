#include "tools/perf/data.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "kernels/kernels.hpp"
#include "tools/perf/blocks.hpp"
#include "tools/perf/encode.hpp"
#include "tools/perf/judge.hpp"

namespace tutti::perf {
namespace {

constexpr std::size_t kElements = 300;  // covers every rank's turn in the moving window

// The library's own arithmetic, rounded into the element type at every hop, in some order and grouping.
Pattern reduce_in_some_order(const DataSpec& spec, std::mt19937& random) {
  const std::size_t n = spec.elements;
  std::vector<Pattern> parts;
  std::vector<double> wide(n);  // large enough for every accumulator
  for (int rank = 0; rank < spec.ranks; ++rank) {
    Pattern part = contribution_of(spec, rank);
    if (spec.op == ReduceOp::premul_sum) {
      kernels::widen(spec.type)(wide.data(), part.data(), n, scalar_of(rank));
      kernels::narrow(spec.type)(part.data(), wide.data(), n, 1);
    }
    parts.push_back(std::move(part));
  }
  while (parts.size() > 1) {
    const std::size_t left = random() % parts.size();
    std::swap(parts[left], parts.back());
    Pattern last = std::move(parts.back());
    parts.pop_back();
    auto& other = parts[random() % parts.size()];
    kernels::reduce2(spec.type, spec.op)(other.data(), other.data(), last.data(), n);
  }
  if (spec.op == ReduceOp::avg) {
    kernels::widen(spec.type)(wide.data(), parts[0].data(), n, 1);
    kernels::narrow(spec.type)(parts[0].data(), wide.data(), n, spec.ranks);
  }
  return parts[0];
}

class PerfData : public testing::TestWithParam<int> {};

TEST_P(PerfData, GivesTheSameBitsInEveryOrderAndGrouping) {
  std::mt19937 random(7);
  for (const DataType type : kDataTypes) {
    for (const ReduceOp op : kReduceOps) {
      const DataSpec spec{type, op, GetParam(), 3, kElements};
      const Pattern expected = reduction_of(spec);
      for (int order = 0; order < 2; ++order) {
        const Pattern got = reduce_in_some_order(spec, random);
        ASSERT_EQ(count_wrong(got.data(), expected, size_of(type), 0, kElements), 0U)
            << to_string(type) << " " << to_string(op) << " over " << GetParam();
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Ranks, PerfData, testing::Values(1, 2, 3, 4, 7, 16, 64, 100),
                         [](const auto& test) { return "over" + std::to_string(test.param); });

TEST(PerfData, ShowsWhenAnyOneRankIsLeftOut) {
  for (const DataType type : kDataTypes) {
    const DataSpec spec{type, ReduceOp::sum, 64, 0, kElements};
    for (int rank = 0; rank < 64; ++rank) {
      const Pattern part = contribution_of(spec, rank);
      EXPECT_FALSE(std::all_of(part.begin(), part.end(), [](std::byte b) { return b == std::byte{0}; }))
          << to_string(type) << " rank " << rank;
    }
  }
}

TEST(PerfData, DiffersBetweenRanksElementsAndSeeds) {
  const DataSpec spec{DataType::f32, ReduceOp::sum, 4, 0, kElements};
  const DataSpec later{DataType::f32, ReduceOp::sum, 4, 1, kElements};
  const Pattern mine = contribution_of(spec, 0);
  EXPECT_GT(count_wrong(mine.data(), contribution_of(spec, 1), 4, 0, kElements), kElements / 2);
  EXPECT_GT(count_wrong(mine.data(), contribution_of(later, 0), 4, 0, kElements), kElements / 2);
  EXPECT_GT(count_wrong(mine.data() + 4, mine, 4, 0, kElements - 1), kElements / 2);
}

TEST(PerfData, RepeatsAfterThePeriodFromAnyFirstElement) {
  const DataSpec spec{DataType::bf16, ReduceOp::sum, 2, 0};
  const Pattern pattern = contribution_of(spec, 1);
  std::vector<std::byte> data(3 * kPeriod * 2);
  fill(data.data(), pattern, 2, 100, 3 * kPeriod);
  EXPECT_EQ(count_wrong(data.data(), pattern, 2, 100, 3 * kPeriod), 0U);
  EXPECT_EQ(data[0], pattern[200]);
  data[5000] ^= std::byte{1};
  data[20001] ^= std::byte{0x80};
  EXPECT_EQ(count_wrong(data.data(), pattern, 2, 100, 3 * kPeriod), 2U);
}

TEST(Encode, KnowsTheFormats) {
  EXPECT_EQ(encode(DataType::f16, 1.0), 0x3c00U);
  EXPECT_EQ(encode(DataType::bf16, -2.0), 0xc000U);
  EXPECT_EQ(encode(DataType::f8e4m3, 448.0), 0x7eU);
  EXPECT_EQ(encode(DataType::f8e4m3, 0x1p-9), 0x01U);  // the least subnormal
  EXPECT_EQ(encode(DataType::f8e5m2, 57344.0), 0x7bU);
  EXPECT_EQ(encode(DataType::f32, 1.0), 0x3f800000U);
  EXPECT_EQ(encode(DataType::f64, -1.0), 0xbff0000000000000U);
}

TEST(Encode, RoundsOnceToNearestEven) {
  EXPECT_EQ(encode(DataType::f8e4m3, 17.0), encode(DataType::f8e4m3, 16.0));
  EXPECT_EQ(encode(DataType::f8e4m3, 19.0), encode(DataType::f8e4m3, 20.0));
  EXPECT_EQ(encode(DataType::f16, 2049.0), encode(DataType::f16, 2048.0));
  EXPECT_EQ(encode(DataType::f8e5m2, 1.9375), encode(DataType::f8e5m2, 2.0));       // carries into the exponent
  EXPECT_EQ(encode(DataType::f8e4m3, 0x1.fp-7), encode(DataType::f8e4m3, 0x1p-6));  // and out of the subnormals
}

// What a right implementation of each collective does, on the operands of all ranks.
struct World {
  explicit World(std::vector<Question> asked)
      : questions(std::move(asked)), element(size_of(questions.front().series.type)) {}

  using Operands = std::vector<std::vector<std::byte>>;

  void call(const Operands& send, Operands& recv) const {
    const std::size_t ranks = questions.size();
    for (std::size_t rank = 0; rank < ranks; ++rank) {
      const Question& question = questions[rank];
      const Collective& collective = question.collective;
      const auto root = static_cast<std::size_t>(question.series.root);
      std::byte* out = recv[rank].data();
      if (collective.kind == Kind::broadcast) {
        std::copy_n(send[root].data(), question.shape.send * element, out);
      } else if (collective.kind == Kind::sendrecv) {
        std::copy_n(send[(rank + ranks - 1) % ranks].data(), question.shape.send * element, out);
      } else if (collective.kind == Kind::scatter) {
        take_block(send[root], root, rank, out);
      } else if (collective.reduces) {
        std::vector<const void*> sources;
        const auto list = blocks_to_all(collective, question.shape.count, rank, ranks);
        const std::size_t first = collective.kind == Kind::reduce_scatter ? list.displacements[rank] : 0;
        for (const auto& from : send) sources.push_back(from.data() + first * element);
        kernels::reduce_many(question.series.type, question.series.op)(out, sources, question.shape.recv, 1);
      } else {
        for (std::size_t from = 0; from < ranks; ++from) {
          const auto list = blocks_from_all(collective, question.shape.count, rank, ranks);
          std::byte* const place = out + list.displacements[from] * element;
          if (collective.kind == Kind::all_to_all) {
            take_block(send[from], from, rank, place);
          } else {
            std::copy_n(send[from].data(), list.counts[from] * element, place);
          }
        }
      }
    }
  }

  void take_block(const std::vector<std::byte>& send, std::size_t from, std::size_t to, std::byte* out) const {
    const auto list = blocks_to_all(questions[from].collective, questions[from].shape.count, from, questions.size());
    std::copy_n(send.data() + list.displacements[to] * element, list.counts[to] * element, out);
  }

  std::vector<Question> questions;
  std::size_t element;
};

class PerfJudge : public testing::TestWithParam<Collective> {};

TEST_P(PerfJudge, FindsNothingWrongWithARightResultAndEveryWrongElement) {
  constexpr std::size_t kRanks = 3;
  constexpr std::size_t kJudged = 2;  // the root, which has a result whatever is called, and whose blocks are not empty
  std::vector<std::vector<std::byte>> send(kRanks, std::vector<std::byte>(60000 + Judge::kGuard));
  auto recv = send;
  std::vector<Question> questions;
  std::vector<Judge> judges;
  for (std::size_t rank = 0; rank < kRanks; ++rank) {
    questions.push_back({GetParam(),
                         {DataType::f16, ReduceOp::sum, static_cast<int>(kJudged)},
                         shape_of(GetParam(), 60000, 2, kRanks, rank),
                         static_cast<int>(rank),
                         kRanks,
                         0});
    judges.emplace_back(questions.back());
    judges.back().prepare(send[rank].data(), recv[rank].data());
  }
  const auto wrong = [&](std::size_t rank) { return judges[rank].count_wrong(send[rank].data(), recv[rank].data()); };
  EXPECT_GT(wrong(kJudged), 0U) << "nothing was called yet";
  World(questions).call(send, recv);
  for (std::size_t rank = 0; rank < kRanks; ++rank) EXPECT_EQ(wrong(rank), 0U) << rank;
  const std::size_t elements = questions[kJudged].shape.recv;
  recv[kJudged][10] ^= std::byte{4};
  recv[kJudged][elements * 2 - 1] ^= std::byte{1};
  EXPECT_EQ(wrong(kJudged), 2U);
  recv[kJudged][elements * 2] = std::byte{0};
  EXPECT_EQ(wrong(kJudged), 3U) << "written behind the end";
}

INSTANTIATE_TEST_SUITE_P(Collectives, PerfJudge, testing::ValuesIn(kCollectives.begin(), kCollectives.end() - 1),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace tutti::perf
