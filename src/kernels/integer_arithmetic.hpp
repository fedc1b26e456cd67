// What integers do with scalars and divisors, which come as double because floating-point types want them so.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

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

/// The type in which value / divisor, truncated, is exact for every T value and integer divisor >= 1 and vectorises
/// well: the quotient is further from the next integer than the rounding error. 64-bit integers have none but
/// themselves.
template <class T>
using DividesExactly = std::conditional_t<sizeof(T) == 1, float, std::conditional_t<sizeof(T) == 4, double, T>>;

}  // namespace tutti::kernels
