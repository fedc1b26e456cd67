#include "tools/perf/encode.hpp"

#include <bit>
#include <cmath>
#include <cstring>

namespace tutti::perf {
namespace {

struct Format {
  int exponent_bits;
  int fraction_bits;
};

constexpr Format format_of(DataType type) {
  switch (type) {
    case DataType::f16:
      return {5, 10};
    case DataType::bf16:
      return {8, 7};
    case DataType::f8e4m3:
      return {4, 3};
    case DataType::f8e5m2:
      return {5, 2};
    case DataType::f32:
      return {8, 23};
    default:
      return {11, 52};
  }
}

constexpr int bias_of(Format format) {
  return (1 << (format.exponent_bits - 1)) - 1;
}

}  // namespace

std::uint64_t encode(DataType type, double value) {
  const Format format = format_of(type);
  const int bias = bias_of(format);
  const std::uint64_t sign = std::uint64_t{std::signbit(value)} << (format.exponent_bits + format.fraction_bits);
  if (value == 0) return sign;
  int exponent = 0;
  std::frexp(value, &exponent);  // |value| is in [2^(exponent-1), 2^exponent)
  exponent = std::max(exponent - 1, 1 - bias);
  const double quanta = std::nearbyint(std::ldexp(std::fabs(value), format.fraction_bits - exponent));
  // Below one whole 2^fraction_bits the number is subnormal. A carry out of the fraction raises the exponent by itself.
  return sign + (static_cast<std::uint64_t>(exponent + bias - 1) << format.fraction_bits) +
         static_cast<std::uint64_t>(quanta);
}

void store(void* array, std::size_t i, DataType type, std::uint64_t bits) {
  static_assert(std::endian::native == std::endian::little);
  std::memcpy(static_cast<std::byte*>(array) + i * size_of(type), &bits, size_of(type));
}

int precision_of(DataType type) {
  return format_of(type).fraction_bits + 1;
}

int exponent_reach_of(DataType type) {
  return bias_of(format_of(type)) - 1;
}

}  // namespace tutti::perf
