// Where the library's own threads run.
#pragma once

#include "topology/node/cpu_set.hpp"

namespace tutti::comm {

/// Keeps the calling thread, one of the library's own, on those of `near` that it was allowed when it first came here;
/// on all of these if `near` is empty or holds none of them. A system call only when `near` is another than last time.
void stay_near(const topology::CpuSet& near);

}  // namespace tutti::comm
