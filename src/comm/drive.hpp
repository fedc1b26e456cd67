// The edge at which waiting happens: it reads the clock, passes the time between polls, and holds to the turns.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "comm/communicator.hpp"

namespace tutti::comm {

/// Calls of one communicator, to be begun in their order in one turn; they overlap.
struct Batch {
  Communicator* communicator = nullptr;
  std::uint64_t ticket = 0;
  std::span<const Call> calls;
};

/// Runs all batches at the same time, on this thread. Returns when all are over: the first error, if there was one.
Status run(std::span<const Batch> batches);

/// Runs one call.
Status run(Communicator& communicator, const Call& call, std::uint64_t ticket);
Status run(Communicator& communicator, const CollectiveCall& call, std::uint64_t ticket);

}  // namespace tutti::comm
