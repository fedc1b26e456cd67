// One rank's process: how it is started, and how its end is told.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/file_descriptor.hpp"
#include "base/result.hpp"

namespace tutti::run {

struct Process {
  pid_t pid = -1;
  FileDescriptor out;  // what it writes; readable without blocking
  FileDescriptor err;
};

/// Starts `program` in a process group of its own, with /dev/null as its input. It is killed when the calling thread's
/// process dies, however that happens. Needs the signals that the caller handles to be blocked; the child unblocks
/// them. It stays on `processors`, if there are any. Fails with system.
Result<Process> start(const std::string& program, const std::vector<std::string>& arguments,
                      const std::vector<std::string>& environment, const std::vector<int>& processors = {});

/// "exit code 3", "killed by signal 9 (SIGKILL)".
std::string describe_end(int wait_status);

/// As shells do: the exit code, or 128 and the signal.
int exit_code_of(int wait_status);

}  // namespace tutti::run
