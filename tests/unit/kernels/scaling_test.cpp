#include "kernels/kernels.hpp"
#include "kernels/reference.hpp"
#include "unit/kernels/elements.hpp"
#include "unit/kernels/every_kernel.hpp"

namespace tutti::kernels {
namespace {

class Scaling : public EveryKernel {};
INSTANTIATE_TEST_SUITE_P(On, Scaling,
                         testing::Combine(testing::ValuesIn(instruction_sets()), testing::ValuesIn(kDataTypes)),
                         kernel_name);

TEST_P(Scaling, WidenEqualsTheReferenceForAnyScalar) {
  std::mt19937_64 random(4);
  for (const double scalar : {1.0, 0.125, 1.0 / 3, 3.0, -1.0, 0.0, -1e30, 1e300}) {
    for (const std::size_t n : lengths()) {
      const Elements in = random_elements(type(), n, n % 3, random);
      Elements expected(accumulator_of(type()), n);
      Elements out(accumulator_of(type()), n, 1);
      reference::widen(type(), expected.data(), in.data(), n, scalar);
      widen(type())(out.data(), in.data(), n, scalar);
      ASSERT_EQ(out, expected) << "scalar " << scalar << " n " << n;
    }
  }
}

class SameSizeScaling : public EveryKernel {};
INSTANTIATE_TEST_SUITE_P(On, SameSizeScaling,
                         testing::Combine(testing::ValuesIn(instruction_sets()),
                                          testing::Values(DataType::i8, DataType::u8, DataType::i32, DataType::u32,
                                                          DataType::i64, DataType::u64, DataType::f32, DataType::f64)),
                         kernel_name);

TEST_P(SameSizeScaling, WidenWorksInPlace) {
  std::mt19937_64 random(5);
  for (const std::size_t n : lengths()) {
    Elements both = random_elements(type(), n, 1, random);
    Elements expected(type(), n);
    reference::widen(type(), expected.data(), both.data(), n, 3);
    widen(type())(both.data(), both.data(), n, 3);
    ASSERT_EQ(both, expected) << "n " << n;
  }
}

TEST_P(Scaling, NarrowEqualsTheReferenceForAnyDivisor) {
  std::mt19937_64 random(6);
  const DataType wide = accumulator_of(type());
  for (const double divisor : {1.0, 2.0, 3.0, 7.0, 1000.0, 1024.0, 100'003.0, 2147483648.0, 2147483649.0, 4294967295.0,
                               4294967296.0, 1e15, 9007199254740992.0}) {
    for (const std::size_t n : lengths()) {
      const Elements in = random_elements(wide, n, n % 3, random);
      Elements expected(type(), n);
      Elements out(type(), n, 1);
      reference::narrow(type(), expected.data(), in.data(), n, divisor);
      narrow(type())(out.data(), in.data(), n, divisor);
      ASSERT_EQ(out, expected) << "divisor " << divisor << " n " << n;
    }
  }
}

TEST_P(Scaling, NarrowWorksInPlace) {
  std::mt19937_64 random(7);
  for (const double divisor : {1.0, 3.0}) {
    for (const std::size_t n : lengths()) {
      Elements both = random_elements(accumulator_of(type()), n, 1, random);
      Elements expected(type(), n);
      reference::narrow(type(), expected.data(), both.data(), n, divisor);
      narrow(type())(both.data(), both.data(), n, divisor);
      ASSERT_EQ(n == 0 ? 0 : std::memcmp(both.data(), expected.data(), n * size_of(type())), 0) << "n " << n;
    }
  }
}

}  // namespace
}  // namespace tutti::kernels
