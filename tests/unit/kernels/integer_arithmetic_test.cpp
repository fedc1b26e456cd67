#include "kernels/integer_arithmetic.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "kernels/kernels.hpp"

namespace tutti::kernels {
namespace {

TEST(IntegerScalar, TruncatesSaturatesAndWraps) {
  EXPECT_EQ(integer_scalar<std::int32_t>(2.9), 2);
  EXPECT_EQ(integer_scalar<std::int32_t>(-2.9), -2);
  EXPECT_EQ(integer_scalar<std::uint8_t>(-1), 255);
  EXPECT_EQ(integer_scalar<std::uint8_t>(257), 1);
  EXPECT_EQ(integer_scalar<std::uint64_t>(1e30), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(integer_scalar<std::uint64_t>(0x1p63), 1ULL << 63);
  EXPECT_EQ(integer_scalar<std::int64_t>(-1e30), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(integer_scalar<std::int64_t>(std::numeric_limits<double>::quiet_NaN()), 0);
}

TEST(IntegerDivision, IsExactBeyondThePrecisionOfDouble) {
  std::int64_t value = (1LL << 62) + 1;
  narrow(DataType::i64)(&value, &value, 1, 1);
  EXPECT_EQ(value, (1LL << 62) + 1);
  value = -((1LL << 62) + 5);
  narrow(DataType::i64)(&value, &value, 1, 3);
  EXPECT_EQ(value, -((1LL << 62) + 5) / 3);
}

TEST(IntegerDivision, IsExactForEveryByte) {
  for (int divisor = 1; divisor <= 300; ++divisor) {
    for (int value = -128; value <= 255; ++value) {
      auto as_signed = static_cast<std::int8_t>(value);
      auto as_unsigned = static_cast<std::uint8_t>(value);
      const int expected_signed = as_signed / divisor;
      const int expected_unsigned = as_unsigned / divisor;
      narrow(DataType::i8)(&as_signed, &as_signed, 1, divisor);
      narrow(DataType::u8)(&as_unsigned, &as_unsigned, 1, divisor);
      ASSERT_EQ(as_signed, expected_signed) << value << " / " << divisor;
      ASSERT_EQ(as_unsigned, expected_unsigned) << value << " / " << divisor;
    }
  }
}

template <class T>
void expect_exact_quotients(DataType type) {
  using U = std::make_unsigned_t<T>;
  std::mt19937_64 random(9);
  constexpr auto kMost = std::min<std::uint64_t>(std::numeric_limits<U>::max(), 1ULL << 53);
  for (int i = 0; i < 20'000; ++i) {
    const auto divisor = std::max<std::uint64_t>(1, (random() % kMost + 1) >> random() % 63);
    const auto multiple = static_cast<U>(random() >> random() % 63) / static_cast<U>(divisor) * static_cast<U>(divisor);
    for (const U value : {static_cast<U>(multiple - 1), static_cast<U>(multiple), static_cast<U>(~multiple + 1)}) {
      T result = static_cast<T>(value);
      const T expected = static_cast<T>(result / static_cast<T>(divisor));
      if constexpr (std::is_signed_v<T>) {
        if (divisor > static_cast<U>(std::numeric_limits<T>::max())) continue;  // no T to expect it with
      }
      narrow(type)(&result, &result, 1, static_cast<double>(divisor));
      ASSERT_EQ(result, expected) << value << " / " << divisor;
    }
  }
}

TEST(IntegerDivision, IsExactAtTheMultiplesOfRandomDivisorsAndBesideThem) {
  expect_exact_quotients<std::int32_t>(DataType::i32);
  expect_exact_quotients<std::uint32_t>(DataType::u32);
  expect_exact_quotients<std::int64_t>(DataType::i64);
  expect_exact_quotients<std::uint64_t>(DataType::u64);
}

}  // namespace
}  // namespace tutti::kernels
