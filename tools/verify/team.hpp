// Threads that share a row of jobs.
#pragma once

#include <cstddef>
#include <functional>

namespace tutti::prove {

/// Calls job(0) ... job(count - 1), each once, from as many threads as there are cores; returns when all are done. Jobs
/// begin in this order.
void share_out(std::size_t count, const std::function<void(std::size_t)>& job);

}  // namespace tutti::prove
