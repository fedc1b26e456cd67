// What the user says about a combine.
#pragma once

#include <array>
#include <cstddef>

#include "base/datatype.hpp"
#include "moe/wire.hpp"

namespace tutti::moe {

/// Numbers of the user, a row a token or a place. Strides are in bytes; 0: the row's length.
struct Matrix {
  const std::byte* data = nullptr;
  std::size_t stride = 0;
  DataType type = DataType::f32;  // f32, bf16 or f16

  [[nodiscard]] const std::byte* row(std::size_t number, std::size_t elements) const {
    return data + number * (stride == 0 ? elements * size_of(type) : stride);
  }
};

struct CombineCall {
  std::size_t elements = 0;            // of a row
  Matrix in;                           // a row a place
  bool weighted = false;               // by the plan's weights; by expert only
  const float* row_weights = nullptr;  // of each place, instead or besides; null: 1
  Matrix out;                          // a row a token; it is written
  std::array<Matrix, 2> bias;          // a row a token, of any of the types; null data: none
  bool accumulate = false;
  Wire wire = Wire::f32;

  /// Where a result goes.
  [[nodiscard]] std::byte* out_row(std::uint32_t token) const {
    return const_cast<std::byte*>(out.row(token, elements));
  }
  [[nodiscard]] bool adds_to_sums() const { return accumulate || bias[0].data != nullptr || bias[1].data != nullptr; }
};

}  // namespace tutti::moe
