// The kernels once more, element by element and without any instruction set in mind: what the fast ones must equal bit
// for bit. For tests only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/datatype.hpp"

namespace tutti::kernels::reference {

// As their namesakes in kernels.hpp, for any op but `user`.
void reduce2(DataType type, ReduceOp op, void* out, const void* left, const void* right, std::size_t n);
void reduce_many(DataType type, ReduceOp op, void* out, std::span<const void* const> sources, std::size_t n,
                 double divisor);
void widen(DataType type, void* out, const void* in, std::size_t n, double scalar);
void narrow(DataType type, void* out, const void* in, std::size_t n, double divisor);

/// The value of a code of a low-precision type; exact in f32. NaN for the codes of NaN.
float decode(DataType type, std::uint32_t code);

/// The code nearest to `value`, ties to even; overflow and NaN as kernels.hpp says.
std::uint32_t encode(DataType type, float value);

}  // namespace tutti::kernels::reference
