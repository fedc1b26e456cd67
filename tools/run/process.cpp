#include "tools/run/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace tutti::run {
namespace {

Error system_error(const char* what) {
  return {Code::system, fmt::format("{}: {}", what, std::strerror(errno))};
}

struct Pipe {
  FileDescriptor read;
  FileDescriptor write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_error("pipe");
  return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const auto& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));  // NOLINT: execve's signature
  pointers.push_back(nullptr);
  return pointers;
}

// What the child says when it cannot become the program.
struct Refusal {
  int error = 0;
  bool binding = false;  // to a processor
};

// In the child, between fork and exec: system calls only, since the parent has threads.
[[noreturn]] void become(const char* program, char* const* arguments, char* const* environment, pid_t parent, int out,
                         int err, int report, const cpu_set_t* processors) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // it died before the line above
  const int input = ::open("/dev/null", O_RDONLY);
  ::dup2(input, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  if (input > STDERR_FILENO) ::close(input);
  ::signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const bool stays = processors == nullptr || ::sched_setaffinity(0, sizeof *processors, processors) == 0;
  if (stays) ::execve(program, arguments, environment);
  const Refusal refusal{errno, !stays};
  [[maybe_unused]] const auto told = ::write(report, &refusal, sizeof refusal);
  ::_exit(127);
}

}  // namespace

Result<Process> start(const std::string& program, const std::vector<std::string>& arguments,
                      const std::vector<std::string>& environment, const std::vector<int>& processors) {
  auto out = TUTTI_TRY(make_pipe());
  auto err = TUTTI_TRY(make_pipe());
  auto report = TUTTI_TRY(make_pipe());
  const auto argument_pointers = pointers_to(arguments);
  const auto environment_pointers = pointers_to(environment);
  cpu_set_t only;
  CPU_ZERO(&only);
  for (const int processor : processors) CPU_SET(processor, &only);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return system_error("fork");
  if (pid == 0) {
    become(program.c_str(), argument_pointers.data(), environment_pointers.data(), parent, out.write.get(),
           err.write.get(), report.write.get(), processors.empty() ? nullptr : &only);
  }
  ::setpgid(pid, pid);  // in both, so that whoever comes first finds the group
  report.write.reset();
  Refusal refusal;
  ssize_t got = 0;
  while ((got = ::read(report.read.get(), &refusal, sizeof refusal)) < 0 && errno == EINTR) {
  }
  if (got == static_cast<ssize_t>(sizeof refusal)) {
    ::waitpid(pid, nullptr, 0);
    if (refusal.binding)
      return Error{Code::system,
                   fmt::format("cannot stay on processor {} and others: {}; --bind none leaves that to the system",
                               processors.front(), std::strerror(refusal.error))};
    return Error{Code::system, fmt::format("cannot run '{}': {}", program, std::strerror(refusal.error))};
  }
  for (const int fd : {out.read.get(), err.read.get()}) ::fcntl(fd, F_SETFL, O_NONBLOCK);
  return Process{pid, std::move(out.read), std::move(err.read)};
}

std::string describe_end(int wait_status) {
  if (WIFEXITED(wait_status)) return fmt::format("exit code {}", WEXITSTATUS(wait_status));
  const int signal = WTERMSIG(wait_status);
  const char* name = ::sigabbrev_np(signal);
  return fmt::format("killed by signal {} (SIG{})", signal, name == nullptr ? "?" : name);
}

int exit_code_of(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

}  // namespace tutti::run
