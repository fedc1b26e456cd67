#include "multiprocess/shell.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <thread>

namespace tutti::test {
namespace {

std::string new_folder() {
  std::string path = (std::filesystem::temp_directory_path() / "tutti_test_XXXXXX").string();
  return ::mkdtemp(path.data()) == nullptr ? std::string() : path;
}

}  // namespace

Command::Command(const std::string& text) : folder_(new_folder()), begin_(std::chrono::steady_clock::now()) {
  const std::string script =
      "exec > '" + folder_ + "/out' 2> '" + folder_ + "/err'; export PATH='" TUTTI_BIN "':$PATH; " + text;
  pid_ = ::fork();
  if (pid_ != 0) return;
  ::setpgid(0, 0);
  ::execl("/bin/bash", "bash", "-c", script.c_str(), nullptr);
  ::_exit(127);
}

Command::~Command() {
  if (pid_ > 0) {
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Outcome Command::wait() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin_);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), out(), err(), took};
}

std::string Command::out() const {
  return read_file(folder_ + "/out");
}

std::string Command::err() const {
  return read_file(folder_ + "/err");
}

bool Command::says(const std::string& text, std::chrono::milliseconds limit) const {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (out().find(text) == std::string::npos) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

Outcome run(const std::string& text) {
  return Command(text).wait();
}

Folder::Folder() : path_(new_folder()) {}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string read_file(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

bool has_program(const std::string& name) {
  return run("command -v " + name).code == 0;
}

bool is_running(pid_t pid) {
  return ::kill(pid, 0) == 0;
}

std::vector<pid_t> pids_in(const std::string& table) {
  static const std::regex kPid("#  Rank +\\d+ Group +\\d+ Pid +(\\d+) on");
  std::vector<pid_t> pids;
  for (std::sregex_iterator it(table.begin(), table.end(), kPid), end; it != end; ++it) {
    pids.push_back(std::stoi((*it)[1]));
  }
  return pids;
}

}  // namespace tutti::test
