#include "base/text_file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <vector>

namespace tutti {
namespace {

Error failed(const char* what, const std::string& path) {
  return {Code::system, fmt::format("cannot {} {}: {}", what, path, std::strerror(errno))};
}

// /dev/stdout and pipes have no content to keep, and cannot be replaced.
bool is_replaceable(const std::string& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) != 0 || S_ISREG(found.st_mode);
}

}  // namespace

Result<std::string> read_text(const std::string& path, std::size_t most) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text;
  std::vector<char> piece(std::size_t{1} << 16);
  while (file && text.size() <= most) {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    text.append(piece.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (text.size() > most) return Error{Code::invalid_argument, fmt::format("{} has more than {} bytes", path, most)};
  if (!file.eof()) return failed("read", path);
  return text;
}

Status write_text(const std::string& path, std::string_view text) {
  return write_text(path, [&](const TextSink& sink) { return sink(text); });
}

Status write_text(const std::string& path, const std::function<Status(const TextSink&)>& produce) {
  const bool replaces = is_replaceable(path);
  const std::string first = replaces ? fmt::format("{}.{}", path, ::getpid()) : path;
  std::FILE* const file = std::fopen(first.c_str(), "w");
  if (file == nullptr) return failed("write", path);
  Status written = produce([&](std::string_view piece) -> Status {
    if (std::fwrite(piece.data(), 1, piece.size(), file) != piece.size()) return failed("write", path);
    return {};
  });
  if (std::fclose(file) != 0 && written) written = failed("write", path);
  if (written && replaces && std::rename(first.c_str(), path.c_str()) != 0) written = failed("write", path);
  if (!written && replaces) ::unlink(first.c_str());
  return written;
}

}  // namespace tutti
