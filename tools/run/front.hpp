// The process that the user sees, apart from the one that owns the ranks: whichever of the two is killed, the other
// ends the job, so that not even SIGKILL leaves a rank behind.
#pragma once

#include <functional>

namespace tutti::run {

/// Runs `supervise` in a child that is sent SIGTERM when this process dies, hands on the signals that this process is
/// sent, and returns the child's exit code. The calling process must have no threads.
int supervise_from_apart(const std::function<int()>& supervise);

}  // namespace tutti::run
