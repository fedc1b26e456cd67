// The signals that end a job, and the one that says that a process has ended.
#pragma once

#include <array>
#include <csignal>

namespace tutti::run {

inline constexpr std::array kEndingSignals = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

inline sigset_t handled_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : kEndingSignals) sigaddset(&set, signal);
  sigaddset(&set, SIGCHLD);
  return set;
}

/// Blocks them in the calling thread and in those that it makes, and ignores SIGPIPE: a closed terminal is no crash.
inline void block_handled_signals() {
  const sigset_t set = handled_signals();
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

}  // namespace tutti::run
