// Hands on what a rank writes, a whole line at a time, so that the lines of many ranks do not mix.
#pragma once

#include <string>
#include <string_view>

#include "base/file_descriptor.hpp"

namespace tutti::run {

/// Writes all of `text` to `fd`, waiting as long as it takes. False when nobody reads there any more.
bool write_all(int fd, std::string_view text);

class Lines {
 public:
  /// Reads `from`, which must not block, and writes to `to`, with `prefix` in front of each line.
  Lines(FileDescriptor from, int to, std::string prefix)
      : from_(std::move(from)), to_(to), prefix_(std::move(prefix)) {}

  /// Takes some of what there is; false when there was nothing. Closes itself when nobody writes or reads any more.
  bool pump();

  /// Hands on a last line without its end. Then it is closed.
  void close();

  [[nodiscard]] bool is_open() const { return static_cast<bool>(from_); }
  [[nodiscard]] int fd() const { return from_.get(); }

 private:
  void write_lines();
  void write(std::string_view text);

  FileDescriptor from_;
  int to_;
  std::string prefix_;
  std::string pending_;
};

}  // namespace tutti::run
