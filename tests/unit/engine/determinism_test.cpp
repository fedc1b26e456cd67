// TUTTI_DETERMINISTIC promises the same bits whatever the algorithm: all that may serve it are run on the same numbers,
// whose sums depend on the order in which they are added.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <random>

#include "kernels/kernels.hpp"
#include "unit/engine/world.hpp"

namespace tutti::engine {
namespace {

using plan::Collective;
using plan::Method;

struct Question {
  std::int32_t ranks;
  std::uint64_t count;  // of the whole vector
  DataType type;
  ReduceOp op;
};

bool keeps_order(const Method& method) {
  return is_reduction(method.collective) && (method.down == nullptr || method.down->rank_order);
}

// Magnitudes are far apart, so that sums in two orders hardly ever agree.
std::vector<std::byte> contribution(const Question& question, std::int32_t rank) {
  std::mt19937_64 random(static_cast<std::uint64_t>(rank) + 17);
  std::vector<std::byte> bytes(question.count * size_of(question.type));
  for (std::uint64_t i = 0; i < question.count; ++i) {
    const double number =
        std::ldexp(1.0 + static_cast<double>(random() % 997) / 997, static_cast<int>(random() % 7) - 3);
    std::byte* const to = bytes.data() + i * size_of(question.type);
    if (question.type == DataType::f64) {
      std::memcpy(to, &number, sizeof number);
    } else {
      const auto single = static_cast<float>(random() % 2 == 0 ? number : -number);
      kernels::narrow(question.type)(to, reinterpret_cast<const std::byte*>(&single), 1, 1);
    }
  }
  return bytes;
}

// The whole vector as the ranks have it together: every rank's copy is checked to be the same.
std::vector<std::byte> answer(const Question& question, const Method& method, std::uint32_t segments, bool in_place) {
  auto plan = plan::flat_plan(method, question.ranks);
  plan.segments = segments;
  plan.widened = plan::needs_widening(plan, question.type, question.op);
  plan.divides = question.op == ReduceOp::avg;
  const bool scatters = method.collective == Collective::reduce_scatter;
  const std::size_t bytes = question.count * size_of(question.type);
  const std::size_t block = scatters ? bytes / static_cast<std::size_t>(question.ranks) : bytes;
  World world(question.ranks, {.hub = {.buffer = 0}, .staging = {1 << 14}});
  std::vector<std::vector<std::byte>> ins;
  std::vector<std::vector<std::byte>> outs;
  std::vector<plan::Program> programs;
  for (std::int32_t rank = 0; rank < question.ranks; ++rank) {
    ins.push_back(contribution(question, rank));
    outs.push_back(in_place ? ins.back() : std::vector<std::byte>(bytes));
    programs.push_back(plan::lower(plan, Rank{rank}, in_place));
  }
  for (std::int32_t rank = 0; rank < question.ranks; ++rank) {
    const auto at = static_cast<std::size_t>(rank);
    const Operation operation{.type = question.type,
                              .op = question.op,
                              .scalar = question.op == ReduceOp::premul_sum ? 0.3 + rank : 1.0,
                              .divisor = question.op == ReduceOp::avg ? static_cast<double>(question.ranks) : 1.0,
                              .user = {}};
    std::byte* const out = outs[at].data() + (scatters && in_place ? at * block : 0);
    const std::byte* const in = in_place ? outs[at].data() : ins[at].data();
    world.engine(rank).start(programs[at], operation, {in, out, block / size_of(question.type)}, 7);
  }
  EXPECT_TRUE(world.finish());
  std::vector<std::byte> whole;
  for (std::int32_t rank = 0; rank < question.ranks; ++rank) {
    const auto at = static_cast<std::size_t>(rank);
    if (scatters) {
      const auto* const own = outs[at].data() + (in_place ? at * block : 0);
      whole.insert(whole.end(), own, own + block);
    } else if (rank == 0) {
      whole = outs[0];
    } else if (method.collective == Collective::all_reduce) {
      EXPECT_EQ(outs[at], whole) << "rank " << rank;
    }
  }
  return whole;
}

TEST(Determinism, GivesTheSameBitsUnderEveryAlgorithmThatMayServeIt) {
  const DataType types[] = {DataType::f32,  DataType::f64,    DataType::f16,
                            DataType::bf16, DataType::f8e4m3, DataType::f8e5m2};
  for (const std::int32_t ranks : {2, 3, 5, 8, 13}) {
    for (const DataType type : types) {
      for (const ReduceOp op : {ReduceOp::sum, ReduceOp::prod, ReduceOp::avg, ReduceOp::premul_sum}) {
        const Question question{ranks, static_cast<std::uint64_t>(ranks) * 61, type, op};
        std::vector<std::byte> first;
        int tried = 0;
        for (const Method& method : plan::methods()) {
          if (!keeps_order(method)) continue;
          for (const bool in_place : {false, true}) {
            const auto bits = answer(question, method, method.segmented && in_place ? 3 : 1, in_place);
            if (tried++ == 0) first = bits;
            EXPECT_EQ(bits, first) << to_string(method.collective) << " " << method.name << " " << to_string(type)
                                   << " " << to_string(op) << " " << ranks << " ranks" << (in_place ? " in place" : "");
          }
        }
        EXPECT_GE(tried, 12);
      }
    }
  }
}

// So that the test above can fail: the numbers tell orders apart.
TEST(Determinism, IsNotWhatOtherAlgorithmsGive) {
  const Question question{8, 8 * 61, DataType::f32, ReduceOp::sum};
  const auto* const ordered = plan::find_method(Collective::all_reduce, "two_shot");
  const auto* const free = plan::find_method(Collective::all_reduce, "recursive_doubling");
  EXPECT_NE(answer(question, *ordered, 1, false), answer(question, *free, 1, false));
}

TEST(Determinism, AddsInTheOrderOfRanks) {
  const Question question{7, 7 * 61, DataType::f32, ReduceOp::sum};
  std::vector<float> sum(question.count);
  for (std::int32_t rank = 0; rank < question.ranks; ++rank) {
    const auto bytes = contribution(question, rank);
    for (std::uint64_t i = 0; i < question.count; ++i) {
      float x = 0;
      std::memcpy(&x, bytes.data() + i * sizeof x, sizeof x);
      sum[i] = rank == 0 ? x : sum[i] + x;
    }
  }
  const auto bits = answer(question, *plan::find_method(Collective::all_reduce, "ordered_chain"), 2, false);
  EXPECT_EQ(std::memcmp(bits.data(), sum.data(), bits.size()), 0);
}

}  // namespace
}  // namespace tutti::engine
