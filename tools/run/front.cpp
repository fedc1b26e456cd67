#include "tools/run/front.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tools/run/leftovers.hpp"
#include "tools/run/process.hpp"
#include "tools/run/signals.hpp"

namespace tutti::run {
namespace {

int wait_for(pid_t supervisor) {
  const sigset_t handled = handled_signals();
  while (true) {
    const int signal = ::sigwaitinfo(&handled, nullptr);
    if (signal > 0 && signal != SIGCHLD) ::kill(supervisor, signal);
    int status = 0;
    if (::waitpid(supervisor, &status, WNOHANG) != supervisor) continue;
    if (WIFSIGNALED(status)) {
      fmt::print(stderr, "tutti run: the supervising process was {}; ending all ranks\n", describe_end(status));
    }
    end_leftovers();
    return exit_code_of(status);
  }
}

}  // namespace

int supervise_from_apart(const std::function<int()>& supervise) {
  block_handled_signals();
  adopt_orphans();
  const pid_t front = ::getpid();
  const pid_t supervisor = ::fork();
  if (supervisor < 0) {
    fmt::print(stderr, "tutti run: fork: {}\n", std::strerror(errno));
    return 1;
  }
  if (supervisor > 0) return wait_for(supervisor);
  ::setpgid(0, 0);  // what a terminal sends to its foreground comes through the front only
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != front) return 1;
  adopt_orphans();
  return supervise();
}

}  // namespace tutti::run
