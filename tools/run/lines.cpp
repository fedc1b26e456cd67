#include "tools/run/lines.hpp"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace tutti::run {
namespace {

constexpr std::size_t kLongestLine = std::size_t{1} << 20;  // a longer one is handed on in pieces

}  // namespace

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(fd, text.data(), text.size());
    if (wrote >= 0) {
      text.remove_prefix(static_cast<std::size_t>(wrote));
    } else if (errno == EAGAIN) {
      pollfd ready{fd, POLLOUT, 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

bool Lines::pump() {
  std::array<char, 65536> buffer;  // NOLINT: read fills it
  if (!is_open()) return false;
  const ssize_t got = ::read(from_.get(), buffer.data(), buffer.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (got <= 0) {
    close();
    return false;
  }
  pending_.append(buffer.data(), static_cast<std::size_t>(got));
  write_lines();
  return true;
}

void Lines::close() {
  if (!pending_.empty() && is_open()) write(prefix_ + pending_ + "\n");
  pending_.clear();
  from_.reset();
}

void Lines::write_lines() {
  std::string whole;
  std::size_t begin = 0;
  for (auto end = pending_.find('\n'); end != std::string::npos; end = pending_.find('\n', begin)) {
    whole.append(prefix_).append(pending_, begin, end + 1 - begin);
    begin = end + 1;
  }
  pending_.erase(0, begin);
  if (pending_.size() > kLongestLine) whole.append(prefix_).append(std::exchange(pending_, {}));
  write(whole);
}

void Lines::write(std::string_view text) {
  if (!write_all(to_, text)) from_.reset();  // the rank learns it as we did: by SIGPIPE
}

}  // namespace tutti::run
