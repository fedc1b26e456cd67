// Where the ranks of a job meet: the launcher serves it, so that every rank finds it at once.
#pragma once

#include <memory>
#include <string>

#include "base/file_descriptor.hpp"
#include "base/result.hpp"
#include "bootstrap/root.hpp"

namespace tutti::run {

/// While it lives, ranks on this machine that read `unique_id_file()` can meet. The file is in memory, for this user
/// only, and goes with this process.
class Meeting {
 public:
  static Result<Meeting> start(const Config& config);
  [[nodiscard]] const std::string& unique_id_file() const { return path_; }

 private:
  Meeting(std::unique_ptr<bootstrap::Root> root, FileDescriptor file, std::string path)
      : root_(std::move(root)), file_(std::move(file)), path_(std::move(path)) {}

  std::unique_ptr<bootstrap::Root> root_;
  FileDescriptor file_;
  std::string path_;
};

}  // namespace tutti::run
