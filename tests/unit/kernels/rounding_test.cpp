// Every code of the low-precision types, and every place where rounding decides.
#include <bit>
#include <cmath>
#include <limits>

#include "kernels/kernels.hpp"
#include "kernels/reference.hpp"
#include "unit/kernels/elements.hpp"
#include "unit/kernels/every_kernel.hpp"

namespace tutti::kernels {
namespace {

constexpr std::array kLowPrecision = {DataType::f16, DataType::bf16, DataType::f8e4m3, DataType::f8e5m2};

std::uint32_t codes_of(DataType type) {
  return 1U << (8 * size_of(type));
}

class Rounding : public EveryKernel {
 protected:
  static std::vector<std::uint32_t> narrowed(const std::vector<float>& values) {
    Elements out(type(), values.size());
    narrow(type())(out.data(), values.data(), values.size(), 1);
    std::vector<std::uint32_t> codes(values.size());
    for (std::size_t i = 0; i < codes.size(); ++i) {
      std::memcpy(&codes[i], out.data() + i * size_of(type()), size_of(type()));
    }
    return codes;
  }
  static void expect_nearest(const std::vector<float>& values) {
    const auto codes = narrowed(values);
    for (std::size_t i = 0; i < values.size(); ++i) {
      ASSERT_EQ(codes[i], reference::encode(type(), values[i]))
          << values[i] << " 0x" << std::hex << std::bit_cast<std::uint32_t>(values[i]);
    }
  }
};
INSTANTIATE_TEST_SUITE_P(On, Rounding,
                         testing::Combine(testing::ValuesIn(instruction_sets()), testing::ValuesIn(kLowPrecision)),
                         kernel_name);

std::vector<float> every_value(DataType type) {
  std::vector<float> values;
  for (std::uint32_t code = 0; code < codes_of(type); ++code) values.push_back(reference::decode(type, code));
  return values;
}

TEST_P(Rounding, EveryCodeWidensExactly) {
  Elements codes(type(), codes_of(type()));
  for (std::uint32_t code = 0; code < codes_of(type()); ++code) {
    set_code(type(), codes.data() + code * size_of(type()), code);
  }
  std::vector<float> widened(codes_of(type()));
  widen(type())(widened.data(), codes.data(), widened.size(), 1);
  for (std::uint32_t code = 0; code < codes_of(type()); ++code) {
    const float expected = reference::decode(type(), code);
    const float canonical = std::isnan(expected) ? std::numeric_limits<float>::quiet_NaN() : expected;
    ASSERT_EQ(std::bit_cast<std::uint32_t>(widened[code]), std::bit_cast<std::uint32_t>(canonical)) << code;
  }
}

TEST_P(Rounding, EveryValueNarrowsToItsCode) {
  const auto codes = narrowed(every_value(type()));
  for (std::uint32_t code = 0; code < codes_of(type()); ++code) {
    const bool is_nan = std::isnan(reference::decode(type(), code));
    ASSERT_EQ(codes[code], is_nan ? reference::encode(type(), std::numeric_limits<float>::quiet_NaN()) : code);
  }
}

TEST_P(Rounding, TiesAndTheirNeighboursGoToTheNearestCode) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const auto codes = every_value(type());
  std::vector<float> values;
  for (std::size_t code = 0; code + 1 < codes.size(); ++code) {
    // bf16's last tie is beyond f32; halves are added so that the sum is not.
    const float tie = codes[code] / 2 + codes[code + 1] / 2;
    for (const float centre : {codes[code], tie}) {
      values.insert(values.end(), {centre, std::nextafter(centre, kInfinity), std::nextafter(centre, -kInfinity)});
    }
  }
  expect_nearest(values);
}

TEST_P(Rounding, OverflowSpecialAndRandomValuesGoToTheNearestCode) {
  std::vector<float> values = {447.9F,  448.0F,  463.9F,   464.0F,   464.1F,   480.0F,         65519.9F, 65520.0F,
                               65535.F, 65536.F, 61439.9F, 61440.0F, 61440.1F, 3.38953139e38F, 3.4e38F};
  for (const std::uint64_t code : special_codes(DataType::f32)) {
    values.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(code)));
  }
  std::mt19937_64 random(8);
  for (int i = 0; i < 300'000; ++i) {
    const auto bits = static_cast<std::uint32_t>(random());
    values.push_back(std::bit_cast<float>(bits));
    values.push_back(std::bit_cast<float>((bits & 0x8fff'ffff) + 0x3800'0000));  // where fp8 and f16 have values
  }
  for (std::size_t i = 0; i < 15; ++i) values.push_back(-values[i]);
  expect_nearest(values);
}

TEST(RoundingReference, KnowsPublishedCodes) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  struct Known {
    DataType type;
    float value;
    std::uint32_t code;
  };
  // From IEEE 754 binary16, the OCP 8-bit floating point specification (its tables of special values), and bfloat16.
  constexpr Known kKnown[] = {
      {DataType::f16, 1.0F, 0x3c00},      {DataType::f16, 65504.0F, 0x7bff},     {DataType::f16, 0x1p-24F, 0x0001},
      {DataType::f16, 0x1p-25F, 0x0000},  {DataType::f16, 65520.0F, 0x7c00},     {DataType::f16, -0.0F, 0x8000},
      {DataType::bf16, 1.0F, 0x3f80},     {DataType::bf16, 1.00390625F, 0x3f80}, {DataType::bf16, 1.01171875F, 0x3f82},
      {DataType::bf16, kNan, 0x7fc0},     {DataType::f8e4m3, 448.0F, 0x7e},      {DataType::f8e4m3, 0x1p-6F, 0x08},
      {DataType::f8e4m3, 0x1p-9F, 0x01},  {DataType::f8e4m3, kNan, 0x7f},        {DataType::f8e4m3, -kInfinity, 0xfe},
      {DataType::f8e5m2, 57344.0F, 0x7b}, {DataType::f8e5m2, kInfinity, 0x7c},   {DataType::f8e5m2, 0x1p-14F, 0x04},
      {DataType::f8e5m2, 0x1p-16F, 0x01}, {DataType::f8e5m2, 61440.0F, 0x7c},    {DataType::f8e5m2, -1.0F, 0xbc},
  };
  for (const Known& known : kKnown) {
    EXPECT_EQ(reference::encode(known.type, known.value), known.code) << to_string(known.type) << " " << known.value;
  }
  EXPECT_EQ(reference::decode(DataType::f8e4m3, 0x7e), 448.0F);
  EXPECT_EQ(reference::decode(DataType::f8e5m2, 0x7b), 57344.0F);
  EXPECT_EQ(reference::decode(DataType::f16, 0x0001), 0x1p-24F);
}

}  // namespace
}  // namespace tutti::kernels
