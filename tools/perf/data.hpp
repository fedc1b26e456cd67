// Data whose reduction comes out the same, bit for bit, in whatever order and grouping it is done.
//
// Integers wrap, so any values do; for a product they are odd, or it would soon be 0. Floating values are chosen so
// that *every* partial result is exact in the element type itself, even where an implementation rounds at every hop:
//   sum, avg, mulsum   whole numbers whose magnitudes add up to at most 2^precision over all ranks (16 for f8e4m3, 8
//   for
//                      f8e5m2). Where there are more ranks than that, a window of ranks that moves from element to
//                      element contributes +-1, and the others 0. mulsum's scalars (1 and 2) halve the allowance.
//   avg                the exact sum divided by the ranks and rounded once; integers truncate, and must not wrap.
//   prod               +-2^k with the |k| adding up to at most the exponent's reach; one rank an element has 1.5 * 2^k.
//   max, min           whole numbers.
// Collectives without arithmetic carry arbitrary bits. Values repeat after kPeriod elements, a prime, so that data can
// be made and compared at the speed of memory, and a block that lands in a wrong place is still seen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/datatype.hpp"

namespace tutti::perf {

inline constexpr std::size_t kPeriod = 8191;

struct DataSpec {
  DataType type = DataType::f32;
  ReduceOp op = ReduceOp::sum;
  int ranks = 1;
  std::uint64_t seed = 0;
  std::size_t elements = kPeriod;  // at most kPeriod: as many as are needed
};

/// The first `elements` elements.
using Pattern = std::vector<std::byte>;

/// What `rank` contributes to a reduction.
Pattern contribution_of(const DataSpec& spec, int rank);

/// What the reduction over all ranks gives.
Pattern reduction_of(const DataSpec& spec);

/// What `rank` sends where nothing is computed: arbitrary bits.
Pattern message_of(const DataSpec& spec, int rank);

/// The scalar with which mulsum multiplies what `rank` contributes.
int scalar_of(int rank);

/// Fills `count` elements of `size` bytes at `out` with the elements `first`, `first + 1`, ... of the endless pattern;
/// for a pattern shorter than kPeriod, first + count must not go beyond it.
void fill(std::byte* out, const Pattern& pattern, std::size_t size, std::size_t first, std::size_t count);

/// The number of elements at `data` that differ from those.
std::size_t count_wrong(const std::byte* data, const Pattern& pattern, std::size_t size, std::size_t first,
                        std::size_t count);

}  // namespace tutti::perf
