// Arithmetic on buffers: reductions, casts and scaling for every type and operator, vectorised.
#pragma once

#include <cstddef>
#include <span>

#include "base/datatype.hpp"

namespace tutti::kernels {

// All functions: pointers need no alignment beyond one element; `n` counts elements and may be 0; `out` may be any of
// the inputs exactly, and otherwise overlaps none. They never fail, allocate or throw, and any thread may call them.
// Low precision is computed in f32 and rounded to nearest even once per call; a cast to f8e4m3 saturates to the largest
// finite value, infinities too, and one to f8e5m2, f16 and bf16 overflows to infinity. Integers wrap. max and min
// propagate NaN and order -0 below +0. A NaN result is always the positive quiet NaN without payload. So every operator
// commutes bitwise. `avg` and `premul_sum` reduce as `sum`: their scaling is in widen, narrow and reduce_many. `user`
// is not a kernel: reduce2 and reduce_many return null for it.
//
// The calling thread rounds to nearest and does not flush denormals, as threads do unless told otherwise.
// The functions that are returned fit the machine that runs; they stay valid forever. Looking one up costs a few
// nanoseconds.

/// out[i] = left[i] op right[i], all of `type`.
using Reduce2 = void (*)(void* out, const void* left, const void* right, std::size_t n);
Reduce2 reduce2(DataType type, ReduceOp op);

/// out[i] = sources[0][i] op sources[1][i] op ... , left to right, accumulated in accumulator_of(type), rounded once.
/// At least one source. `divisor` is 1 or, for avg, what the total is divided by, before it is rounded. Integers: the
/// total has wrapped, `divisor` is an integer from 1 to 2^53, and the division truncates, exact for 64 bits too.
using ReduceMany = void (*)(void* out, std::span<const void* const> sources, std::size_t n, double divisor);
ReduceMany reduce_many(DataType type, ReduceOp op);

/// out (accumulator_of(type)) = in (type) * scalar. scalar 1: exact. `out` may be `in` only where the accumulator is
/// the type itself. For floating point `scalar` is rounded to the accumulator's type first. For integers it is
/// truncated, to 64 bits saturating, and wrapped to the type, and the product wraps.
using Widen = void (*)(void* out, const void* in, std::size_t n, double scalar);
Widen widen(DataType type);

/// out (type) = in (accumulator_of(type)) / divisor: divided in the accumulator's type, then rounded to `type`.
/// Integers as in reduce_many. `out` may be `in` for every type, for it is never the larger.
using Narrow = void (*)(void* out, const void* in, std::size_t n, double divisor);
Narrow narrow(DataType type);

/// The widest instruction set in use, as Highway calls it: "AVX3" (AVX-512), "NEON", ...
const char* instruction_set();

}  // namespace tutti::kernels
