#include <numeric>

#include "kernels/kernels.hpp"
#include "kernels/reference.hpp"
#include "unit/kernels/elements.hpp"
#include "unit/kernels/every_kernel.hpp"

namespace tutti::kernels {
namespace {

class Reduce : public EveryKernel {};
INSTANTIATE_TEST_SUITE_P(On, Reduce,
                         testing::Combine(testing::ValuesIn(instruction_sets()), testing::ValuesIn(kDataTypes)),
                         kernel_name);

TEST_P(Reduce, RunsOnTheInstructionSetUnderTest) {
  EXPECT_STREQ(instruction_set(), hwy::TargetName(std::get<0>(GetParam())));
}

TEST_P(Reduce, TwoBuffersEqualTheReferenceAtAnyLengthAndAlignment) {
  std::mt19937_64 random(1);
  for (const ReduceOp op : kKernelOps) {
    for (const std::size_t n : lengths()) {
      for (const std::size_t shift : {0U, 1U, 5U}) {
        const Elements left = random_elements(type(), n, shift, random);
        const Elements right = random_elements(type(), n, (shift * 3) % 7, random);
        Elements expected(type(), n);
        reference::reduce2(type(), op, expected.data(), left.data(), right.data(), n);

        Elements out(type(), n, (shift * 2) % 9);
        reduce2(type(), op)(out.data(), left.data(), right.data(), n);
        ASSERT_EQ(out, expected) << to_string(op) << " n " << n << " shift " << shift;
        Elements into_left = left;
        reduce2(type(), op)(into_left.data(), into_left.data(), right.data(), n);
        ASSERT_EQ(into_left, expected) << to_string(op) << " n " << n << " shift " << shift;
        Elements into_right = right;
        reduce2(type(), op)(into_right.data(), left.data(), into_right.data(), n);
        ASSERT_EQ(into_right, expected) << to_string(op) << " n " << n << " shift " << shift;
      }
    }
  }
}

TEST_P(Reduce, WithItselfInPlaceEqualsTheReference) {
  std::mt19937_64 random(2);
  for (const ReduceOp op : kKernelOps) {
    for (const std::size_t n : lengths()) {
      Elements both = random_elements(type(), n, 1, random);
      Elements expected(type(), n);
      reference::reduce2(type(), op, expected.data(), both.data(), both.data(), n);
      reduce2(type(), op)(both.data(), both.data(), both.data(), n);
      ASSERT_EQ(both, expected) << to_string(op) << " n " << n;
    }
  }
}

TEST_P(Reduce, CommutesBitwiseForEveryPairOfSpecialValues) {
  const auto codes = special_codes(type());
  const std::size_t n = codes.size() * codes.size();
  Elements left(type(), n);
  Elements right(type(), n);
  for (std::size_t i = 0; i < n; ++i) {
    set_code(type(), left.data() + i * size_of(type()), codes[i / codes.size()]);
    set_code(type(), right.data() + i * size_of(type()), codes[i % codes.size()]);
  }
  for (const ReduceOp op : kKernelOps) {
    Elements expected(type(), n);
    Elements one(type(), n);
    Elements other(type(), n);
    reference::reduce2(type(), op, expected.data(), left.data(), right.data(), n);
    reduce2(type(), op)(one.data(), left.data(), right.data(), n);
    reduce2(type(), op)(other.data(), right.data(), left.data(), n);
    EXPECT_EQ(one, expected) << to_string(op);
    EXPECT_EQ(one, other) << to_string(op);
  }
}

class ReduceByCodes : public EveryKernel {};
INSTANTIATE_TEST_SUITE_P(On, ReduceByCodes,
                         testing::Combine(testing::ValuesIn(instruction_sets()),
                                          testing::Values(DataType::i8, DataType::u8, DataType::f16, DataType::bf16,
                                                          DataType::f8e4m3, DataType::f8e5m2)),
                         kernel_name);

// All pairs of bytes; of 16 bits all with each special one, and with another that is none.
TEST_P(ReduceByCodes, EveryCodeWithEveryByteOrSpecialCodeEqualsTheReference) {
  const std::size_t size = size_of(type());
  const std::size_t n = std::size_t{1} << 16;
  std::vector<std::uint64_t> others = special_codes(type());
  if (size == 1) others = {0};
  for (const std::uint64_t other : others) {
    Elements left(type(), n);
    Elements right(type(), n);
    for (std::size_t i = 0; i < n; ++i) {
      set_code(type(), left.data() + i * size, i);
      set_code(type(), right.data() + i * size, size == 1 ? i >> 8 : i % 3 == 0 ? i * 40503 : other);
    }
    for (const ReduceOp op : kKernelOps) {
      Elements expected(type(), n);
      Elements out(type(), n);
      reference::reduce2(type(), op, expected.data(), left.data(), right.data(), n);
      reduce2(type(), op)(out.data(), left.data(), right.data(), n);
      ASSERT_EQ(out, expected) << to_string(op) << " other " << other;
    }
  }
}

TEST_P(Reduce, ManyBuffersEqualTheReferenceAndMayBeOverwritten) {
  std::mt19937_64 random(3);
  for (const ReduceOp op : kKernelOps) {
    for (std::size_t count = 1; count <= 9; ++count) {
      for (const std::size_t n : {0U, 1U, 3U, 15U, 16U, 17U, 33U, 63U, 64U, 65U, 70U, 129U, 1003U, 4097U}) {
        std::vector<Elements> inputs;
        for (std::size_t s = 0; s < count; ++s) inputs.push_back(random_elements(type(), n, s % 4, random));
        std::vector<const void*> sources;
        for (const Elements& input : inputs) sources.push_back(input.data());
        const double divisor = std::array{1.0, static_cast<double>(count), 3.0, 1024.0}[random() % 4];
        Elements expected(type(), n);
        reference::reduce_many(type(), op, expected.data(), sources, n, divisor);

        Elements out(type(), n, 1);
        reduce_many(type(), op)(out.data(), sources, n, divisor);
        ASSERT_EQ(out, expected) << to_string(op) << " n " << n << " sources " << count << " divisor " << divisor;
        Elements& overwritten = inputs[random() % count];
        reduce_many(type(), op)(overwritten.data(), sources, n, divisor);
        ASSERT_EQ(overwritten, expected) << to_string(op) << " n " << n << " sources " << count;
      }
    }
  }
}

TEST(ReduceOps, ScaledSumsReduceAsSumAndUserOpsAreNoKernels) {
  for (const DataType type : kDataTypes) {
    EXPECT_EQ(reduce2(type, ReduceOp::avg), reduce2(type, ReduceOp::sum));
    EXPECT_EQ(reduce2(type, ReduceOp::premul_sum), reduce2(type, ReduceOp::sum));
    EXPECT_EQ(reduce_many(type, ReduceOp::avg), reduce_many(type, ReduceOp::sum));
    EXPECT_EQ(reduce2(type, ReduceOp::user), nullptr);
    EXPECT_EQ(reduce_many(type, ReduceOp::user), nullptr);
  }
}

}  // namespace
}  // namespace tutti::kernels
