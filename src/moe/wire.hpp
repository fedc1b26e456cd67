// How a row of numbers travels back: in which type, and what that costs in precision.
//
// f32 is exact. bf16 and f16 round to nearest even: an error of at most 2^-8 and 2^-11 of each value (f16: within its
// range, about 65504). f8_blocks cuts a row in blocks of 128, each with a power of two as its scale, so that the
// largest value of the block just fits e4m3: an error of at most 2^-4 of each value down to 2^-13 of the block's
// largest, and of 2^-17 of the largest below; infinities become that largest value, NaN stays.
// Encoding what was decoded gives the same value again, for every type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/datatype.hpp"

namespace tutti::moe {

enum class Wire : std::uint8_t { f32 = 0, bf16 = 1, f16 = 2, f8_blocks = 3 };

inline constexpr std::size_t kBlock = 128;  // elements of an f8 block

/// In what a row's elements are; f8_blocks has scales beside them.
DataType element_of(Wire wire);

/// Bytes of a row of `elements`.
std::size_t row_bytes(Wire wire, std::size_t elements);

/// Not thread-safe: it keeps memory from call to call.
class Coder {
 public:
  explicit Coder(Wire wire) : wire_(wire) {}

  [[nodiscard]] Wire wire() const { return wire_; }

  /// Rows are aligned to an element.
  void encode(std::byte* row, const float* values, std::size_t elements);
  void decode(float* values, const std::byte* row, std::size_t elements);

  /// What decoding gives of what encoding makes of them, in place.
  void round(float* values, std::size_t elements);

 private:
  Wire wire_;
  std::vector<std::byte> row_;
  std::vector<float> scaled_;
};

}  // namespace tutti::moe
