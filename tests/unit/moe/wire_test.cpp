#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "moe/wire.hpp"

namespace tutti::moe {
namespace {

constexpr std::array kWires = {Wire::f32, Wire::bf16, Wire::f16, Wire::f8_blocks};

std::vector<float> random_row(std::size_t elements, float spread) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  std::vector<float> values(elements);
  for (float& value : values) value = normal(random) * std::exp2(spread * normal(random));
  return values;
}

TEST(Wire, ErrorIsWithinWhatIsStated) {
  for (const std::size_t elements : {1U, 127U, 128U, 129U, 1000U}) {
    const auto values = random_row(elements, 2);
    for (const Wire wire : kWires) {
      Coder coder(wire);
      auto out = values;
      coder.round(out.data(), elements);
      for (std::size_t i = 0; i < elements; ++i) {
        float largest = 0;
        for (std::size_t j = i / kBlock * kBlock; j < std::min(elements, (i / kBlock + 1) * kBlock); ++j)
          largest = std::max(largest, std::fabs(values[j]));
        const float size = std::fabs(values[i]);
        float bound = 0;
        if (wire == Wire::bf16) bound = size * 0x1p-8F;
        if (wire == Wire::f16) bound = std::max(size * 0x1p-11F, 0x1p-25F);
        if (wire == Wire::f8_blocks) bound = size >= largest * 0x1p-13F ? size * 0x1p-4F : largest * 0x1p-17F;
        EXPECT_LE(std::fabs(out[i] - values[i]), bound) << "wire " << static_cast<int>(wire) << " value " << values[i];
      }
    }
  }
}

TEST(Wire, EncodingWhatWasDecodedChangesNothing) {
  const auto values = random_row(5000, 6);
  for (const Wire wire : kWires) {
    Coder coder(wire);
    auto once = values;
    coder.round(once.data(), once.size());
    auto twice = once;
    coder.round(twice.data(), twice.size());
    EXPECT_EQ(std::memcmp(once.data(), twice.data(), once.size() * sizeof(float)), 0) << static_cast<int>(wire);
  }
}

TEST(Wire, BlocksKeepNanTurnInfinityIntoTheLargestAndZerosStay) {
  std::vector<float> row(256, 0.0F);
  row[0] = 3.5F;
  row[1] = std::numeric_limits<float>::infinity();
  row[2] = std::numeric_limits<float>::quiet_NaN();
  Coder coder(Wire::f8_blocks);
  coder.round(row.data(), row.size());
  EXPECT_EQ(row[0], 3.5F);
  EXPECT_EQ(row[1], 3.5F);
  EXPECT_TRUE(std::isnan(row[2]));
  EXPECT_EQ(row[200], 0.0F);
}

TEST(Wire, BytesOfARow) {
  EXPECT_EQ(row_bytes(Wire::f32, 10), 40U);
  EXPECT_EQ(row_bytes(Wire::bf16, 10), 20U);
  EXPECT_EQ(row_bytes(Wire::f8_blocks, 128), 129U);
  EXPECT_EQ(row_bytes(Wire::f8_blocks, 129), 131U);
}

}  // namespace
}  // namespace tutti::moe
