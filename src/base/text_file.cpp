#include "base/text_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
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

Status write_as(const std::string& path, mode_t mode, const std::function<Status(const TextSink&)>& produce) {
  const bool replaces = is_replaceable(path);
  const std::string first = replaces ? fmt::format("{}.{}", path, ::getpid()) : path;
  const int descriptor = ::open(first.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  std::FILE* const file = descriptor < 0 ? nullptr : ::fdopen(descriptor, "w");
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

constexpr mode_t kAnybody = 0666;  // as far as the process's mask allows
constexpr mode_t kOwner = 0600;

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
  return write_as(path, kAnybody, produce);
}

Status write_private_text(const std::string& path, std::string_view text) {
  std::error_code error;
  const auto folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (error) return Error{Code::system, fmt::format("cannot make the folder {}: {}", folder.string(), error.message())};
  return write_as(path, kOwner, [&](const TextSink& sink) { return sink(text); });
}

}  // namespace tutti
