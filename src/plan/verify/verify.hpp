// Proves a plan by running every rank's program on symbols instead of numbers.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.hpp"
#include "plan/plan.hpp"

namespace tutti::plan {

struct VerifyOptions {
  bool in_place = false;
  bool in_rank_order = false;  // contributions must be combined in rank order: operators that do not commute
  bool equal_chunks = false;   // the call will be cut into chunks of one length, so that any may stand for any
};

/// What is proven, for every order of events and not only for one:
/// - every output slice holds each contribution exactly once: exactly up to 256 ranks, beyond that by random
/// fingerprints
///   modulo 2^61 - 1;
/// - sends match receives;
/// - nothing is read or written while it is written: steps of a rank that use one slice are ordered by its
/// dependencies;
/// - no deadlock although a message is only taken when its receive is posted. A program without wildcards and races
/// does
///   the same under every order of events, and one that does not deadlock then does not with any buffering (Siegel &
///   Avrunin, "Modeling wildcard-free MPI programs for verification", PPoPP 2005).
/// The error says rank, step and slice.
Status verify(const Plan& plan, const VerifyOptions& options);

/// The same for given programs, one a rank, in order of ranks: for programs that came from elsewhere.
Status verify(std::span<const Program> programs, const VerifyOptions& options);

/// Whether the plan combines contributions in rank order.
bool keeps_rank_order(const Plan& plan);

}  // namespace tutti::plan
