// Buffers of elements whose values look for trouble.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "base/datatype.hpp"

namespace tutti::kernels {

/// `n` elements that begin `shift` elements after an aligned address and end with the allocation, so that the address
/// sanitizer sees every access beyond them.
class Elements {
 public:
  Elements(DataType type, std::size_t n, std::size_t shift = 0)
      : bytes_((n + shift) * size_of(type)), begin_(shift * size_of(type)) {}
  std::byte* data() { return bytes_.data() + begin_; }
  const std::byte* data() const { return bytes_.data() + begin_; }
  bool operator==(const Elements& other) const {
    return std::equal(bytes_.begin() + static_cast<std::ptrdiff_t>(begin_), bytes_.end(),
                      other.bytes_.begin() + static_cast<std::ptrdiff_t>(other.begin_), other.bytes_.end());
  }

 private:
  std::vector<std::byte> bytes_;
  std::size_t begin_;
};

/// Codes of zeros, ones, denormals, limits, infinities and NaN (or the like for integers), of both signs.
inline std::vector<std::uint64_t> special_codes(DataType type) {
  const auto with_signs = [](std::vector<std::uint64_t> codes, std::uint64_t sign) {
    for (std::size_t i = codes.size(); i-- > 0;) codes.push_back(codes[i] | sign);
    return codes;
  };
  switch (type) {
    case DataType::f64:
      return with_signs({0, 1, 0x000f'ffff'ffff'ffff, 0x0010'0000'0000'0000, 0x3ff0'0000'0000'0000,
                         0x7fef'ffff'ffff'ffff, 0x7ff0'0000'0000'0000, 0x7ff0'0000'0000'0001, 0x7ff8'0000'0000'0123},
                        1ULL << 63);
    case DataType::f32:
      return with_signs(
          {0, 1, 0x007f'ffff, 0x0080'0000, 0x3f80'0000, 0x7f7f'ffff, 0x7f80'0000, 0x7f80'0001, 0x7fc0'0123}, 1U << 31);
    case DataType::f16:
      return with_signs({0, 1, 0x03ff, 0x0400, 0x3c00, 0x7bff, 0x7c00, 0x7c01, 0x7e12}, 0x8000);
    case DataType::bf16:
      return with_signs({0, 1, 0x007f, 0x0080, 0x3f80, 0x7f7f, 0x7f80, 0x7f81, 0x7fc1}, 0x8000);
    case DataType::f8e4m3:
      return with_signs({0, 1, 0x07, 0x08, 0x38, 0x7e, 0x7f}, 0x80);
    case DataType::f8e5m2:
      return with_signs({0, 1, 0x03, 0x04, 0x3c, 0x7b, 0x7c, 0x7d, 0x7e, 0x7f}, 0x80);
    default:
      const std::uint64_t sign = 1ULL << (8 * size_of(type) - 1);
      return {0, 1, 2, sign - 1, sign, sign + 1, ~0ULL};
  }
}

inline void set_code(DataType type, std::byte* to, std::uint64_t code) {
  std::memcpy(to, &code, size_of(type));  // little endian, as every machine that this runs on
}

/// A float is near 1 and an integer anything, but for one in eight, which is anything or special.
inline std::uint64_t random_code(DataType type, std::mt19937_64& random) {
  if (random() % 16 == 0) {
    const auto special = special_codes(type);
    return special[random() % special.size()];
  }
  const std::uint64_t any = random();
  if (!is_floating(type) || any % 16 == 0) return any;
  switch (type) {
    case DataType::f64:
      return (any & 0x801f'ffff'ffff'ffff) + 0x3fe0'0000'0000'0000;
    case DataType::f32:
      return (any & 0x81ff'ffff) + 0x3f00'0000;
    case DataType::f16:
      return (any & 0x87ff) + 0x3800;
    case DataType::bf16:
      return (any & 0x80ff) + 0x3f00;
    default:
      return (any & 0x8f) + 0x34;
  }
}

inline Elements random_elements(DataType type, std::size_t n, std::size_t shift, std::mt19937_64& random) {
  Elements elements(type, n, shift);
  for (std::size_t i = 0; i < n; ++i) set_code(type, elements.data() + i * size_of(type), random_code(type, random));
  return elements;
}

/// Every length around the widths of vectors and blocks of vectors, and some long ones.
inline std::vector<std::size_t> lengths() {
  std::vector<std::size_t> all = {127, 128, 129, 191, 255, 256, 257, 319, 511, 513, 1000, 20011};
  for (std::size_t n = 0; n <= 70; ++n) all.push_back(n);
  return all;
}

inline constexpr std::array kKernelOps = {ReduceOp::sum, ReduceOp::prod, ReduceOp::max, ReduceOp::min};

}  // namespace tutti::kernels
