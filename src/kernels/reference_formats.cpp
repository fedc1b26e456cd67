// decode and encode of the reference: small floating-point formats by their definition.
#include <cmath>
#include <limits>

#include "kernels/reference.hpp"

namespace tutti::kernels::reference {
namespace {

struct Format {
  int mantissa_bits;
  int bias;
  std::uint32_t sign;        // the sign's bit
  std::uint32_t max_finite;  // the code of the largest finite value
  std::uint32_t overflow;    // what larger values become
  std::uint32_t nan;         // the canonical one
};

constexpr Format format_of(DataType type) {
  switch (type) {
    case DataType::f16:
      return {10, 15, 0x8000, 0x7bff, 0x7c00, 0x7e00};
    case DataType::bf16:
      return {7, 127, 0x8000, 0x7f7f, 0x7f80, 0x7fc0};
    case DataType::f8e5m2:
      return {2, 15, 0x80, 0x7b, 0x7c, 0x7e};
    default:
      return {3, 7, 0x80, 0x7e, 0x7e, 0x7f};  // f8e4m3: there is no infinity, so it saturates
  }
}

/// Of the codes 0 .. max_finite + 1, as if the exponent had no end; they grow with the code.
double finite_value(const Format& format, std::uint32_t code) {
  const std::uint32_t mantissa = code & ((1U << format.mantissa_bits) - 1);
  const int exponent = static_cast<int>(code >> format.mantissa_bits);
  const double fraction = std::ldexp(mantissa, -format.mantissa_bits);
  return exponent == 0 ? std::ldexp(fraction, 1 - format.bias) : std::ldexp(1 + fraction, exponent - format.bias);
}

}  // namespace

float decode(DataType type, std::uint32_t code) {
  const Format format = format_of(type);
  const std::uint32_t magnitude = code & ~format.sign;
  const bool is_infinity = magnitude == format.overflow && format.overflow != format.max_finite;
  double value = std::numeric_limits<double>::quiet_NaN();
  if (is_infinity) value = std::numeric_limits<double>::infinity();
  if (magnitude <= format.max_finite) value = finite_value(format, magnitude);
  return static_cast<float>((code & format.sign) != 0 ? -value : value);
}

std::uint32_t encode(DataType type, float value) {
  const Format format = format_of(type);
  if (std::isnan(value)) return format.nan;
  const double magnitude = std::fabs(static_cast<double>(value));
  const std::uint32_t sign = std::signbit(value) ? format.sign : 0;

  std::uint32_t below = 0;  // the largest code whose value is not above
  std::uint32_t above = format.max_finite + 1;
  if (magnitude >= finite_value(format, above)) return sign | format.overflow;
  while (above - below > 1) {
    const std::uint32_t middle = (below + above) / 2;
    (finite_value(format, middle) <= magnitude ? below : above) = middle;
  }
  const double tie = (finite_value(format, below) + finite_value(format, above)) / 2;
  const bool up = magnitude > tie || (magnitude == tie && below % 2 != 0);
  const std::uint32_t code = up ? above : below;
  return sign | (code > format.max_finite ? format.overflow : code);
}

}  // namespace tutti::kernels::reference
