// What integers do with scalars and divisors, which come as double because floating-point types want them so.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>

namespace tutti::kernels {

/// `scalar` truncated to 64 bits (saturating; NaN is 0) and then wrapped to T, so that -1 times an unsigned is its
/// negation.
template <class T>
constexpr T integer_scalar(double scalar) {
  constexpr double kTwo63 = 9223372036854775808.0;
  if (scalar != scalar) return 0;
  if (scalar >= 2 * kTwo63) return static_cast<T>(std::numeric_limits<std::uint64_t>::max());
  if (scalar >= 0) return static_cast<T>(static_cast<std::uint64_t>(scalar));
  if (scalar < -kTwo63) return static_cast<T>(std::numeric_limits<std::int64_t>::min());
  return static_cast<T>(static_cast<std::int64_t>(scalar));
}

/// What a division of U, unsigned, by an integer from 2 to 2^53 multiplies with (Granlund and Montgomery 1994, figure
/// 4.1): upper half of v * multiplier, then (upper + ((v - upper) >> first)) >> second.
template <class U>
struct Reciprocal {
  explicit Reciprocal(double divisor) {
    const auto d = static_cast<std::uint64_t>(divisor);
    const int log2 = std::bit_width(d - 1);
    second = std::min(log2, kBits) - first;
    if (log2 > kBits) return;  // above all values
    __extension__ using Wide = unsigned __int128;
    multiplier = static_cast<U>((((Wide{1} << log2) - d) << kBits) / d + 1);
  }
  constexpr U quotient(U v) const {
    __extension__ using Wide = unsigned __int128;
    const auto upper = static_cast<U>((Wide{v} * multiplier) >> kBits);
    return static_cast<U>((upper + ((v - upper) >> first)) >> second);
  }

  static constexpr int kBits = std::numeric_limits<U>::digits;
  U multiplier = 0;
  static constexpr int first = 1;
  int second = 0;
};

/// Bytes have room for a product: the upper half of v * multiplier, of 16 bits each, is the quotient.
template <>
struct Reciprocal<std::uint8_t> {
  explicit Reciprocal(double divisor) {
    const auto d = static_cast<std::uint32_t>(std::min(divisor, 256.0));  // any more is above all values too
    multiplier = static_cast<std::uint16_t>((0x1'0000 + d - 1) / d);
  }
  constexpr std::uint8_t quotient(std::uint8_t v) const { return static_cast<std::uint8_t>(v * multiplier >> 16); }

  std::uint16_t multiplier;
};

}  // namespace tutti::kernels
