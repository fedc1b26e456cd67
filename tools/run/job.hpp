// Starts the ranks of a job, hands on what they write, and sees to it that all of them end.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace tutti::run {

struct JobRequest {
  std::string program;                                 // the file to execute
  std::vector<std::string> arguments;                  // its argv, the name first
  std::vector<std::vector<std::string>> environments;  // one a rank
  std::vector<std::vector<int>> processors;            // that each rank stays on; empty: any
  std::optional<Duration> timeout;                     // of the whole job
  bool tag = false;                                    // put "[rank] " in front of every line
  // When one rank has failed, the others get this long to say what they saw, then SIGTERM, then `grace`, then SIGKILL.
  Duration last_words = std::chrono::seconds(1);
  Duration grace = std::chrono::seconds(2);
};

/// Runs the job to its end in the calling process, which must have no other children and must have called
/// block_handled_signals and adopt_orphans. Messages go to standard error. Returns the exit
/// code: 0 when every rank returned 0; that of the first rank that failed (128 and the signal, if one killed it); 124
/// after the timeout; 128 and the signal that this process was sent. Fails with system when a rank cannot be started.
Result<int> run_job(const JobRequest& request);

}  // namespace tutti::run
