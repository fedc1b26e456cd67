// One-sided fences, by membarrier(2): a rank that is about to sleep pays for those that write at every message.
#pragma once

namespace tutti::transport::shm {

/// Whether the system has them, and this process's threads are reached by the other ranks' `fence_others`. Asked once;
/// the answer stays.
bool has_fences();

/// Every thread of every process that has fences passes a full memory barrier between this call's begin and its return.
/// Needs has_fences(). A few microseconds.
void fence_others();

}  // namespace tutti::transport::shm
