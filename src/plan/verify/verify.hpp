// Proves a plan by running every rank's program on symbols instead of numbers.
#pragma once

#include <cstdint>

#include "base/result.hpp"
#include "plan/plan.hpp"

namespace tutti::plan {

struct VerifyOptions {
  bool in_place = false;
  std::uint64_t seed = 0;  // which of the possible orders of events is taken
};

/// Every output slice holds each contribution exactly once (in rank order where the algorithm promises it); sends match
/// receives; nothing is read while it is written; no deadlock although a message is only taken when its receive is
/// posted (a program without wildcards that does not deadlock then does not deadlock with any buffering: Siegel &
/// Avrunin). The error says rank, step and slice. Takes time and memory in ranks^2 * steps.
Status verify(const Plan& plan, const VerifyOptions& options);

/// The same for given programs, one a rank, that claim to carry out `plan`: for programs that came from elsewhere.
Status verify(const Plan& plan, std::vector<Program> programs, const VerifyOptions& options);

}  // namespace tutti::plan
