// Runs commands as a user's shell does, and sees what they leave.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace tutti::test {

struct Outcome {
  int code = -1;  // 128 + the signal, if one ended it
  std::string out;
  std::string err;
  std::chrono::milliseconds took{};
};

/// A command that runs in the background, in a process group of its own. The destructor kills the group.
class Command {
 public:
  explicit Command(const std::string& text);
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;
  ~Command();

  Outcome wait();
  [[nodiscard]] std::string out() const;  // so far
  [[nodiscard]] std::string err() const;
  /// Waits at most `limit` until what it wrote to its output holds `text`.
  [[nodiscard]] bool says(const std::string& text, std::chrono::milliseconds limit) const;

 private:
  std::string folder_;
  pid_t pid_ = -1;
  std::chrono::steady_clock::time_point begin_;
};

/// Runs it to its end. `tutti` means the command that was built.
Outcome run(const std::string& text);

/// A folder of its own, removed at the end.
class Folder {
 public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

std::string read_file(const std::string& path);
bool has_program(const std::string& name);
bool is_running(pid_t pid);

/// The pids in the head of a table, in rank order.
std::vector<pid_t> pids_in(const std::string& table);

}  // namespace tutti::test
