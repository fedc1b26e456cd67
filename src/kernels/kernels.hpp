// Arithmetic on buffers: reductions, casts and scaling for every type and operator, vectorised.
#pragma once

#include <cstddef>
#include <span>

#include "base/datatype.hpp"

namespace tutti::kernels {

// All functions: pointers need no alignment beyond one element; `n` counts elements and may be 0; `out` may be any of
// the inputs exactly, and otherwise overlaps none. They never fail, allocate or throw. Low precision is computed in f32
// and rounded to nearest even once per call; a cast to f8e4m3 saturates to the largest finite value, one to f8e5m2, f16
// and bf16 overflows to infinity. Integers wrap. max and min propagate NaN and order -0 below +0, so that they commute
// bitwise. `avg` and `premul_sum` reduce as `sum`: their scaling is `scale_*` below. `user` is not a kernel.

/// out[i] = left[i] op right[i], all of `type`.
using Reduce2 = void (*)(void* out, const void* left, const void* right, std::size_t n);
Reduce2 reduce2(DataType type, ReduceOp op);

/// out[i] = sources[0][i] op sources[1][i] op ... , left to right, accumulated in accumulator_of(type), rounded once.
/// At least one source. `divisor` is 1 or, for avg, what the total is divided by (integers: truncating division).
using ReduceMany = void (*)(void* out, std::span<const void* const> sources, std::size_t n, double divisor);
ReduceMany reduce_many(DataType type, ReduceOp op);

/// out (accumulator_of(type)) = in (type) * scalar. scalar 1: exact. For integers the product is computed in the type.
using Widen = void (*)(void* out, const void* in, std::size_t n, double scalar);
Widen widen(DataType type);

/// out (type) = in (accumulator_of(type)) / divisor, rounded once. For integers: truncating division.
using Narrow = void (*)(void* out, const void* in, std::size_t n, double divisor);
Narrow narrow(DataType type);

/// The widest instruction set in use, as Highway calls it: "AVX3_ZEN4", "NEON", ...
const char* instruction_set();

}  // namespace tutti::kernels
