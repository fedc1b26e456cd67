// Every algorithm on real memory: types, operators, counts that no chunk divides, in-place, tiles, rendezvous,
// transports that reduce on arrival and those that do not.
#include <gtest/gtest.h>

#include <cstring>

#include "kernels/kernels.hpp"
#include "plan/way.hpp"
#include "unit/engine/world.hpp"

namespace tutti::engine {
namespace {

using plan::Collective;
using plan::Method;

// Integers 1 and 2: sums, products up to 2^8 and averages of equal numbers are exact in every type.
double value(std::int32_t rank, std::uint64_t element) {
  return (static_cast<std::uint64_t>(rank) * 3 + element) % 5 == 0 ? 2 : 1;
}

std::vector<std::byte> encode(const std::vector<double>& numbers, DataType type) {
  std::vector<std::byte> bytes(numbers.size() * size_of(type));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    std::byte wide[8];
    const auto put = [&](auto number) { std::memcpy(wide, &number, sizeof number); };
    switch (accumulator_of(type)) {
      case DataType::i8:
        put(static_cast<std::int8_t>(numbers[i]));
        break;
      case DataType::u8:
        put(static_cast<std::uint8_t>(numbers[i]));
        break;
      case DataType::i32:
        put(static_cast<std::int32_t>(numbers[i]));
        break;
      case DataType::u32:
        put(static_cast<std::uint32_t>(numbers[i]));
        break;
      case DataType::i64:
        put(static_cast<std::int64_t>(numbers[i]));
        break;
      case DataType::u64:
        put(static_cast<std::uint64_t>(numbers[i]));
        break;
      case DataType::f32:
        put(static_cast<float>(numbers[i]));
        break;
      default:
        put(numbers[i]);
        break;
    }
    kernels::narrow(type)(bytes.data() + i * size_of(type), wide, 1, 1);
  }
  return bytes;
}

struct Case {
  const Method* algorithm = nullptr;
  std::int32_t ranks = 1;
  std::uint64_t count = 1;
  DataType type = DataType::f32;
  ReduceOp op = ReduceOp::sum;
  std::uint32_t segments = 1;
  bool in_place = false;
  std::int32_t root = 0;
  const char* way = nullptr;  // over these levels, instead of the algorithm over all ranks at once
  const char* levels = nullptr;
};

plan::Plan plan_of(const Case& test) {
  plan::Plan plan = plan::flat_plan(*test.algorithm, test.ranks);
  if (test.way != nullptr) {
    const auto levels = std::make_shared<const topology::Levels>(*topology::Levels::parse(test.levels));
    plan = *plan::parse_way(test.way, test.algorithm->collective, levels);
  }
  plan.root = Rank{test.root};
  plan.segments = test.segments;
  plan.widened = plan::needs_widening(plan, test.type, test.op);
  plan.divides = test.op == ReduceOp::avg && is_reduction(plan.collective);
  return plan;
}

double expected(const Case& test, std::uint64_t element) {
  double result = test.op == ReduceOp::prod ? 1 : test.op == ReduceOp::min ? 1e9 : 0;
  for (std::int32_t rank = 0; rank < test.ranks; ++rank) {
    const double x = value(rank, element);
    switch (test.op) {
      case ReduceOp::prod:
        result *= x;
        break;
      case ReduceOp::max:
        result = std::max(result, x);
        break;
      case ReduceOp::min:
        result = std::min(result, x);
        break;
      case ReduceOp::premul_sum:
        result += x * (rank % 2 + 1);
        break;
      default:
        result += x;
        break;
    }
  }
  return result;
}

class Call {
 public:
  Call(const Case& test, World& world) : test_(test), blocks_(plan::has_blocks(test.algorithm->collective)) {
    const auto collective = test.algorithm->collective;
    const std::uint64_t all = test.count * static_cast<std::uint64_t>(test.ranks);
    in_count_ = plan::has_input_blocks(collective) ? all : test.count;
    out_count_ = plan::has_output_blocks(collective) ? all : test.count;
    for (std::int32_t rank = 0; rank < test.ranks; ++rank) start(world, rank);
  }

  void check() {
    for (std::int32_t rank = 0; rank < test_.ranks; ++rank) {
      if (test_.algorithm->collective == Collective::barrier) continue;
      const bool to_root =
          test_.algorithm->collective == Collective::reduce || test_.algorithm->collective == Collective::gather;
      if (to_root && rank != test_.root) continue;
      std::vector<double> numbers;
      for (std::uint64_t i = 0; i < out_count_; ++i) numbers.push_back(result(rank, i));
      const auto right = encode(numbers, test_.type);
      ASSERT_EQ(std::memcmp(outs_[static_cast<std::size_t>(rank)], right.data(), right.size()), 0) << "rank " << rank;
    }
  }

 private:
  void start(World& world, std::int32_t rank) {
    const plan::Plan plan = plan_of(test_);
    programs_.push_back(std::make_unique<plan::Program>(plan::lower(plan, Rank{rank}, test_.in_place)));
    std::vector<double> numbers;
    for (std::uint64_t i = 0; i < in_count_; ++i) numbers.push_back(value(rank, i));
    ins_.push_back(encode(numbers, test_.type));
    memory_.push_back(std::make_unique<std::vector<std::byte>>(
        std::max(in_count_, out_count_) * size_of(test_.type) + 8, std::byte{0x55}));
    std::byte* out = memory_.back()->data();
    const std::byte* in = ins_.back().data();
    if (test_.in_place) {
      const std::size_t block = test_.count * size_of(test_.type) * static_cast<std::size_t>(rank);
      const auto collective = test_.algorithm->collective;
      const bool from_root = collective == Collective::broadcast || collective == Collective::scatter;
      std::byte* const in_here = out + (in_count_ < out_count_ ? block : 0);
      if (!from_root || rank == test_.root) std::memcpy(in_here, in, ins_.back().size());
      in = in_here;
      if (out_count_ < in_count_) out += block;
    }
    outs_.push_back(out);
    const Operation operation{.type = test_.type,
                              .op = test_.op,
                              .scalar = test_.op == ReduceOp::premul_sum ? rank % 2 + 1.0 : 1.0,
                              .divisor = test_.op == ReduceOp::avg ? static_cast<double>(test_.ranks) : 1.0,
                              .user = {}};
    world.engine(rank).start(*programs_.back(), operation, {in, out, test_.count}, 7);
  }

  double result(std::int32_t rank, std::uint64_t i) const {
    const std::uint64_t block = static_cast<std::uint64_t>(rank) * test_.count;
    switch (test_.algorithm->collective) {
      case Collective::broadcast:
        return value(test_.root, i);
      case Collective::all_gather:
      case Collective::gather:
        return value(static_cast<std::int32_t>(i / test_.count), i % test_.count);
      case Collective::scatter:
        return value(test_.root, block + i);
      case Collective::all_to_all:
        return value(static_cast<std::int32_t>(i / test_.count), block + i % test_.count);
      case Collective::reduce_scatter:
        return divided(expected(test_, block + i));
      default:
        return divided(expected(test_, i));
    }
  }
  double divided(double sum) const {
    if (test_.op != ReduceOp::avg) return sum;
    if (test_.type == DataType::f64) return sum / test_.ranks;
    return is_floating(test_.type) ? static_cast<double>(static_cast<float>(sum) / static_cast<float>(test_.ranks))
                                   : static_cast<double>(static_cast<std::int64_t>(sum) / test_.ranks);
  }

  Case test_;
  bool blocks_;
  std::uint64_t in_count_ = 0;
  std::uint64_t out_count_ = 0;
  std::vector<std::unique_ptr<plan::Program>> programs_;
  std::vector<std::vector<std::byte>> ins_;
  std::vector<std::unique_ptr<std::vector<std::byte>>> memory_;
  std::vector<std::byte*> outs_;
};

void prove(const Case& test, const WorldOptions& options) {
  if (!plan::refusal(plan_of(test)).empty()) return;
  World world(test.ranks, options);
  Call call(test, world);
  const auto name = describe(plan_of(test)) + " count " + std::to_string(test.count) + " " +
                    std::string(to_string(test.type)) + " " + std::string(to_string(test.op)) +
                    (test.in_place ? " in-place" : "") + " segments " + std::to_string(test.segments);
  SCOPED_TRACE(name);
  ASSERT_TRUE(world.finish()) << "nothing moves any more";
  for (std::int32_t rank = 0; rank < test.ranks; ++rank) {
    bool moved = false;
    ASSERT_EQ(world.engine(rank).poll({}, moved), State::idle) << world.engine(rank).error().text;
  }
  call.check();
}

class EveryAlgorithm : public testing::TestWithParam<const Method*> {};

TEST_P(EveryAlgorithm, EveryCountAndWorldInRendezvous) {
  for (std::int32_t ranks = 1; ranks <= 8; ++ranks) {
    for (const std::uint64_t count : {1U, 2U, 3U, 7U, 64U, 1000U}) {
      for (const bool in_place : {false, true}) {
        for (const bool combines : {false, true}) {
          for (const std::uint32_t segments : {1U, 3U}) {
            prove({.algorithm = GetParam(),
                   .ranks = ranks,
                   .count = count,
                   .segments = GetParam()->segmented ? segments : 1,
                   .in_place = in_place,
                   .root = ranks - 1},
                  {.hub = {.buffer = 0, .combines = combines}, .path_delay = 3, .seed = count});
          }
        }
      }
    }
  }
}

TEST_P(EveryAlgorithm, EveryTypeAndOperator) {
  for (const DataType type : kDataTypes) {
    for (const ReduceOp op : kReduceOps) {
      for (const std::int32_t ranks : {2, 3, 4, 6}) {
        prove({.algorithm = GetParam(), .ranks = ranks, .count = 37, .type = type, .op = op, .in_place = ranks == 4},
              {.hub = {.buffer = 1 << 16, .combines = ranks % 2 == 0}});
      }
    }
  }
}

TEST_P(EveryAlgorithm, TilesWhenStagingIsShort) {
  for (const DataType type : {DataType::f32, DataType::bf16}) {
    for (const bool in_place : {false, true}) {
      prove({.algorithm = GetParam(),
             .ranks = 4,
             .count = 30001,
             .type = type,
             .segments = GetParam()->segmented ? 2U : 1U,
             .in_place = in_place},
            {.hub = {.buffer = 0, .combines = in_place}, .staging = {16384}});
    }
  }
}

// Methods over several levels, in stripes, on even levels and uneven ones.
TEST(Ways, OverLevelsAreRightOnRealMemory) {
  const std::tuple<Collective, const char*, const char*> ways[] = {
      {Collective::all_reduce, "two_shot>ring", "4x2"},
      {Collective::all_reduce, "circulant>recursive_doubling", "3+5"},
      {Collective::all_reduce, "5*circulant>ring|3*ring@1>circulant@0", "2x3"},
      {Collective::all_reduce, "tree|twin_tree", "7"},
      {Collective::all_reduce, "bucket", "2x2x2"},
      {Collective::all_reduce, "binomial>two_shot", "1+4+2"},
      {Collective::all_reduce, "one_shot>one_shot", "3x2"},
      {Collective::reduce_scatter, "direct>ring", "4x2"},
      {Collective::reduce_scatter, "circulant>circulant", "3+5"},
      {Collective::reduce_scatter, "ring|ring_reversed", "5"},
      {Collective::reduce_scatter, "3*ring>circulant|circulant>ring", "1+2+3"},
      {Collective::all_gather, "direct>ring", "4x2"},
      {Collective::all_gather, "circulant>circulant", "3+5"},
      {Collective::all_gather, "ring|ring_reversed", "5"},
      {Collective::all_gather, "3*ring>circulant|circulant>ring", "1+2+3"},
      {Collective::broadcast, "scatter_circulant>binomial", "3x2"},
      {Collective::broadcast, "chain>scatter_ring", "3+2"},
      {Collective::reduce, "circulant_gather>binomial", "3x2"},
      {Collective::reduce, "linear>direct_gather", "1+4"},
      {Collective::gather, "binomial>linear", "3+2"},
      {Collective::scatter, "binomial>linear", "3+2"},
      {Collective::all_to_all, "rail", "2x3"},
      {Collective::all_to_all, "rail", "2x2x2"}};
  for (const auto& [collective, way, levels] : ways) {
    const Method* const any =
        plan::find_method(collective, collective == Collective::all_to_all ? "rail" : way) != nullptr
            ? plan::find_method(collective, way)
            : &*std::find_if(plan::methods().begin(), plan::methods().end(),
                             [&](const Method& method) { return method.collective == collective; });
    for (const std::uint64_t count : {1, 7, 64, 1000}) {
      for (const bool in_place : {false, true}) {
        for (const DataType type : {DataType::f32, DataType::bf16}) {
          for (const std::uint32_t segments : {1U, 2U}) {
            if (collective == Collective::all_to_all && segments > 1) continue;
            prove({.algorithm = any,
                   .ranks = topology::Levels::parse(levels)->ranks(),
                   .count = count,
                   .type = type,
                   .op = is_reduction(collective) && count == 7 ? ReduceOp::avg : ReduceOp::sum,
                   .segments = segments,
                   .in_place = in_place,
                   .root = topology::Levels::parse(levels)->ranks() - 1,
                   .way = way,
                   .levels = levels},
                  {.hub = {.buffer = 0, .combines = in_place},
                   .staging = {count == 1000 ? 4096U : 1U << 22},
                   .seed = count});
          }
        }
      }
    }
  }
}

std::vector<const Method*> all() {
  std::vector<const Method*> list;
  for (const Method& algorithm : plan::methods()) list.push_back(&algorithm);
  return list;
}

std::string name_of(const testing::TestParamInfo<const Method*>& tested) {
  return std::string(to_string(tested.param->collective)) + "_" + std::string(tested.param->name);
}

INSTANTIATE_TEST_SUITE_P(Catalogue, EveryAlgorithm, testing::ValuesIn(all()), name_of);

// x op y = x * 10 + y in u64: neither commutative nor, in general, associative; digits in rank order show who came
// when.
void append_digits(const void* in, void* inout, std::size_t count, int, void*) {
  const auto* const left = static_cast<const std::uint64_t*>(in);
  auto* const right = static_cast<std::uint64_t*>(inout);
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t scale = 1;
    while (scale <= right[i]) scale *= 10;
    right[i] += left[i] * scale;
  }
}

TEST(UserOperator, KeepsTheOrderOfRanksWhereTheAlgorithmPromisesIt) {
  for (const char* name : {"one_shot", "two_shot", "recursive_doubling"}) {
    for (std::int32_t ranks = 2; ranks <= 9; ++ranks) {
      for (const bool combines : {false, true}) {
        World world(ranks, {.hub = {.combines = combines}});
        const plan::Plan plan = plan::flat_plan(*plan::find_method(Collective::all_reduce, name), ranks);
        std::vector<plan::Program> programs;
        std::vector<std::vector<std::uint64_t>> in;
        std::vector<std::vector<std::uint64_t>> out(static_cast<std::size_t>(ranks), std::vector<std::uint64_t>(5));
        std::uint64_t digits = 0;
        for (std::int32_t rank = 0; rank < ranks; ++rank) {
          programs.push_back(plan::lower(plan, Rank{rank}, false));
          in.emplace_back(5, static_cast<std::uint64_t>(rank + 1));
          digits = digits * 10 + static_cast<std::uint64_t>(rank + 1);
        }
        for (std::int32_t rank = 0; rank < ranks; ++rank) {
          const auto at = static_cast<std::size_t>(rank);
          world.engine(rank).start(
              programs[at], {.type = DataType::u64, .op = ReduceOp::user, .user = {append_digits, nullptr}},
              {reinterpret_cast<std::byte*>(in[at].data()), reinterpret_cast<std::byte*>(out[at].data()), 5}, 1);
        }
        ASSERT_TRUE(world.finish());
        for (const auto& each : out) EXPECT_EQ(each, std::vector<std::uint64_t>(5, digits)) << name << " " << ranks;
      }
    }
  }
}

}  // namespace
}  // namespace tutti::engine
