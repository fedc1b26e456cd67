// Calls between tuttiGroupStart and tuttiGroupEnd, of the calling thread.
#pragma once

#include <functional>

#include "api/edge.hpp"
#include "comm/call.hpp"

namespace tutti::api {

/// Whether the calling thread is inside a group.
bool in_group();

/// Runs the call now, gives it to its stream, or keeps it for the end of the group.
Status submit(comm::Communicator& communicator, comm::Stream* stream, comm::Call call);
Status submit(comm::Communicator& communicator, comm::Stream* stream, const comm::CollectiveCall& call);

/// Runs `job`, a piece of work that waits for other ranks, now, or together with the group's others at its end.
Status submit_job(std::function<Status()> job);

}  // namespace tutti::api
