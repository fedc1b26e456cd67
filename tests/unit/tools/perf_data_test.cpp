#include "tools/perf/data.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "kernels/kernels.hpp"
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
  explicit World(const Question& asked) : question(asked), element(size_of(asked.series.type)) {}

  void call(std::vector<std::vector<std::byte>>& send, std::vector<std::vector<std::byte>>& recv) const {
    const Shape& shape = question.shape;
    const auto ranks = static_cast<std::size_t>(question.ranks);
    for (std::size_t rank = 0; rank < ranks; ++rank) {
      std::byte* out = recv[rank].data();
      if (question.collective.kind == Kind::all_gather) {
        for (std::size_t from = 0; from < ranks; ++from) {
          std::copy_n(send[from].data(), shape.send * element, out + from * shape.send * element);
        }
      } else if (question.collective.kind == Kind::broadcast) {
        std::copy_n(send[static_cast<std::size_t>(question.series.root)].data(), shape.send * element, out);
      } else if (question.collective.kind == Kind::sendrecv) {
        std::copy_n(send[(rank + ranks - 1) % ranks].data(), shape.send * element, out);
      } else {
        std::vector<const void*> sources;
        const std::size_t first = question.collective.kind == Kind::reduce_scatter ? rank * shape.count : 0;
        for (const auto& from : send) sources.push_back(from.data() + first * element);
        kernels::reduce_many(question.series.type, question.series.op)(out, sources, shape.recv, 1);
      }
    }
  }

  Question question;
  std::size_t element;
};

class PerfJudge : public testing::TestWithParam<Collective> {};

TEST_P(PerfJudge, FindsNothingWrongWithARightResultAndEveryWrongElement) {
  Question question{GetParam(), {DataType::f16, ReduceOp::sum, 1}, {}, 0, 3, 0};
  question.shape = shape_of(GetParam().kind, 60000, 2, 3);
  const std::size_t bytes = 60000 + Judge::kGuard;
  std::vector<std::vector<std::byte>> send(3, std::vector<std::byte>(bytes));
  auto recv = send;
  std::vector<Judge> judges;
  for (int rank = 0; rank < 3; ++rank) {
    question.rank = rank;
    judges.emplace_back(question);
    judges.back().prepare(send[static_cast<std::size_t>(rank)].data(), recv[static_cast<std::size_t>(rank)].data());
  }
  const auto wrong = [&](std::size_t rank) { return judges[rank].count_wrong(send[rank].data(), recv[rank].data()); };
  EXPECT_GT(wrong(1), 0U) << "nothing was called yet";
  World(question).call(send, recv);
  for (std::size_t rank = 0; rank < 3; ++rank) EXPECT_EQ(wrong(rank), 0U) << rank;
  recv[1][10] ^= std::byte{4};
  recv[1][question.shape.recv * 2 - 1] ^= std::byte{1};
  EXPECT_EQ(wrong(1), 2U);
  recv[1][question.shape.recv * 2] = std::byte{0};
  EXPECT_EQ(wrong(1), 3U) << "written behind the end";
}

INSTANTIATE_TEST_SUITE_P(Collectives, PerfJudge, testing::ValuesIn(kCollectives.begin(), kCollectives.end() - 1),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace tutti::perf
