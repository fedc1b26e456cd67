// Numbers as bits of any element type. Written apart from the library's own conversions, so that it can judge them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/datatype.hpp"

namespace tutti::perf {

/// The bits of `value` in a floating `type`, rounded once to nearest even. Needs |value| within the type's range.
std::uint64_t encode(DataType type, double value);

/// Stores the low size_of(type) bytes of `bits` at element `i` of `array`.
void store(void* array, std::size_t i, DataType type, std::uint64_t bits);

/// Bits of the significand of a floating type, the implicit one included.
int precision_of(DataType type);

/// The largest e for which 2^-e and 1.5 * 2^e are normal numbers of a floating type.
int exponent_reach_of(DataType type);

}  // namespace tutti::perf
