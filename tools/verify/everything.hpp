// Every plan of small worlds: `tutti verify --max-ranks N`.
#pragma once

#include <cstdint>

#include "tools/verify/outcome.hpp"

namespace tutti::prove {

/// Proves, exactly and not by fingerprints up to 256 ranks:
/// - every method on every number of ranks up to `max_ranks`, for every root; every variant (in place or not, partial
///   results widened or not, dividing or not) for the first, the middle and the last root, the other roots taking them
///   by turns; several radices where a method has one; one, two, three and more segments;
/// - on regular and ragged shapes of two to seven levels, every pair of methods and stripes of them, for every root;
/// - what selection gives calls of 8 bytes to 256 MiB on these shapes.
void prove_everything(std::int32_t max_ranks, Outcome& outcome);

}  // namespace tutti::prove
