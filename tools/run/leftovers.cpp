#include "tools/run/leftovers.hpp"

#include <dirent.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

namespace tutti::run {
namespace {

pid_t parent_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  const auto after_name = line.rfind(')');  // a name may hold spaces and brackets; then come the state and the parent
  if (after_name == std::string::npos || after_name + 4 > line.size()) return -1;
  pid_t parent = -1;
  std::from_chars(line.data() + after_name + 4, line.data() + line.size(), parent);
  return parent;
}

void kill_children() {
  const std::unique_ptr<DIR, int (*)(DIR*)> processes(::opendir("/proc"), ::closedir);
  while (const dirent* entry = processes == nullptr ? nullptr : ::readdir(processes.get())) {  // NOLINT: one thread
    const std::string_view name = entry->d_name;
    pid_t pid = 0;
    const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (failure == std::errc{} && *end == '\0' && parent_of(pid) == ::getpid()) ::kill(pid, SIGKILL);
  }
}

}  // namespace

void adopt_orphans() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

int end_leftovers() {
  int ended = 0;
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  while (std::chrono::steady_clock::now() < give_up) {
    const pid_t reaped = ::waitpid(-1, nullptr, WNOHANG);
    if (reaped < 0) return ended;  // ECHILD: nobody is left
    if (reaped > 0) {
      ++ended;
      continue;
    }
    kill_children();  // their children become ours, so look again
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return ended;
}

}  // namespace tutti::run
