#include "moe/wire.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/kernels.hpp"

namespace tutti::moe {
namespace {

constexpr int kBias = 127;          // of the stored exponent
constexpr float kLargest = 448.0F;  // of e4m3

// The least power of two that brings the block's finite values into range.
int exponent_of(const float* values, std::size_t count) {
  float largest = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const float size = std::fabs(values[i]);
    if (size > largest && std::isfinite(size)) largest = size;
  }
  if (largest == 0) return -kBias;
  int exponent = 0;
  const float fraction = std::frexp(largest, &exponent);  // in [0.5, 1): 448 is 0.875 * 2^9
  return std::clamp(exponent - 9 + (fraction > kLargest / 512 ? 1 : 0), -kBias, kBias);
}

}  // namespace

DataType element_of(Wire wire) {
  switch (wire) {
    case Wire::f32:
      return DataType::f32;
    case Wire::bf16:
      return DataType::bf16;
    case Wire::f16:
      return DataType::f16;
    case Wire::f8_blocks:
      return DataType::f8e4m3;
  }
  return DataType::f32;
}

std::size_t row_bytes(Wire wire, std::size_t elements) {
  if (wire == Wire::f8_blocks) return elements + (elements + kBlock - 1) / kBlock;
  return elements * size_of(element_of(wire));
}

void Coder::encode(std::byte* row, const float* values, std::size_t elements) {
  if (wire_ == Wire::f32) {
    std::memcpy(row, values, elements * sizeof(float));
    return;
  }
  if (wire_ != Wire::f8_blocks) {
    kernels::narrow(element_of(wire_))(row, values, elements, 1);
    return;
  }
  scaled_.resize(kBlock);
  std::byte* const scales = row + elements;
  for (std::size_t first = 0; first < elements; first += kBlock) {
    const std::size_t count = std::min(kBlock, elements - first);
    const int exponent = exponent_of(values + first, count);
    kernels::widen(DataType::f32)(scaled_.data(), values + first, count, std::ldexp(1.0, -exponent));
    kernels::narrow(DataType::f8e4m3)(row + first, scaled_.data(), count, 1);
    scales[first / kBlock] = static_cast<std::byte>(exponent + kBias);
  }
}

void Coder::decode(float* values, const std::byte* row, std::size_t elements) {
  if (wire_ == Wire::f32) {
    std::memcpy(values, row, elements * sizeof(float));
    return;
  }
  if (wire_ != Wire::f8_blocks) {
    kernels::widen(element_of(wire_))(values, row, elements, 1);
    return;
  }
  const std::byte* const scales = row + elements;
  for (std::size_t first = 0; first < elements; first += kBlock) {
    const std::size_t count = std::min(kBlock, elements - first);
    const int exponent = std::to_integer<int>(scales[first / kBlock]) - kBias;
    kernels::widen(DataType::f8e4m3)(values + first, row + first, count, std::ldexp(1.0, exponent));
  }
}

void Coder::round(float* values, std::size_t elements) {
  if (wire_ == Wire::f32) return;
  row_.resize(row_bytes(wire_, elements));
  encode(row_.data(), values, elements);
  decode(values, row_.data(), elements);
}

}  // namespace tutti::moe
