// A plan: what a collective does, for any number of ranks, in a few dozen bytes. `lower` turns it into one rank's
// program.
#pragma once

#include <cstdint>
#include <string>

#include "base/datatype.hpp"
#include "plan/algorithms/catalogue.hpp"
#include "plan/program.hpp"

namespace tutti::plan {

/// A value. Every rank of a communicator holds the same.
struct Plan {
  const Algorithm* algorithm = nullptr;
  std::int32_t ranks = 1;
  Rank root{};
  std::uint32_t segments = 1;
  bool widened = false;  // partial results in the accumulator's type
  bool divides = false;  // an average
  bool operator==(const Plan&) const = default;
};
static_assert(sizeof(Plan) <= 4096, "a template is at most 4 KiB at any world size");

/// Elements of scratch memory that the fullest rank needs for each element of the vector. A call whose scratch would
/// not fit is run in tiles, and all ranks must cut the same tiles.
std::uint32_t scratch_per_element(const Plan& plan);

/// The program of one rank. In time and memory proportional to its steps (and to log of them).
Program lower(const Plan& plan, Rank self, bool in_place);

/// "all_reduce circulant: 8 ranks, 4 segments, f32 partial results".
std::string describe(const Plan& plan);

/// Whether partial results of this call must travel widened under this algorithm: low precision that is not reduced at
/// once, and pre-multiplied sums.
bool needs_widening(const Algorithm& algorithm, DataType type, ReduceOp op);

}  // namespace tutti::plan
