// hwloc XML from elsewhere. What is not even XML, or too much of it, is refused here; the rest is given to hwloc in a
// child process with limits on memory, time and files, which hands the machine back as text: if it crashes, it is the
// child.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <pugixml.hpp>

#include "base/clock.hpp"
#include "base/file_descriptor.hpp"
#include "topology/node/hwloc_tree.hpp"

namespace tutti::topology {
namespace {

constexpr std::size_t kMostBytes = std::size_t{16} << 20;
constexpr int kMostDepth = 64;
constexpr std::size_t kMostObjects = 100000;
constexpr rlim_t kMostMemory = rlim_t{1} << 30;
constexpr rlim_t kMostSeconds = 5;
constexpr std::size_t kMostAnswer = std::size_t{16} << 20;

Error wrong(std::string text) {
  return {Code::invalid_argument, std::move(text)};
}

int line_at(std::string_view text, std::ptrdiff_t offset) {
  const auto end = text.begin() + std::clamp<std::ptrdiff_t>(offset, 0, static_cast<std::ptrdiff_t>(text.size()));
  return 1 + static_cast<int>(std::count(text.begin(), end, '\n'));
}

Status check_shape(std::string_view xml) {
  if (xml.size() > kMostBytes)
    return wrong(fmt::format("{} bytes, where at most {} are possible", xml.size(), kMostBytes));
  pugi::xml_document document;
  const auto parsed = document.load_buffer(xml.data(), xml.size());
  if (!parsed) return wrong(fmt::format("line {}: no XML: {}", line_at(xml, parsed.offset), parsed.description()));
  const pugi::xml_node root = document.child("topology");
  if (!root) return wrong("line 1: no hwloc XML: its root is not <topology>");
  std::size_t objects = 0;
  int depth = 0;
  for (pugi::xml_node node = root.first_child(); node && node != root;) {
    if (++objects > kMostObjects)
      return wrong(fmt::format("line {}: more than {} elements", line_at(xml, node.offset_debug()), kMostObjects));
    if (node.first_child()) {
      node = node.first_child();
      if (++depth > kMostDepth)
        return wrong(fmt::format("line {}: nested more than {} deep", line_at(xml, node.offset_debug()), kMostDepth));
      continue;
    }
    while (node && node != root && !node.next_sibling()) {
      node = node.parent();
      --depth;
    }
    if (node && node != root) node = node.next_sibling();
  }
  return {};
}

void limit(decltype(RLIMIT_AS) what, rlim_t value) {
  const rlimit both{value, value};
  ::setrlimit(what, &both);
}

// In the child: never returns, writes a machine or nothing.
[[noreturn]] void be_the_child(int out, std::string_view xml) {
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, kMostSeconds);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  limit(RLIMIT_AS, kMostMemory);
#endif
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGILL}) ::signal(signal, SIG_DFL);
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nothing >= 0) ::dup2(nothing, STDERR_FILENO);  // hwloc complains there
  const auto machine = parse_hwloc_xml(xml);
  const std::string answer = machine ? write_machine(*machine) : std::string();
  for (std::size_t sent = 0; sent < answer.size();) {
    const auto count = ::write(out, answer.data() + sent, answer.size() - sent);
    if (count <= 0) break;
    sent += static_cast<std::size_t>(count);
  }
  ::_exit(machine ? 0 : 1);
}

// Everything that comes until the other end closes, within the time that the child has.
std::string read_all(int in) {
  std::string text;
  std::array<char, 65536> piece{};
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2 * kMostSeconds);
  while (text.size() <= kMostAnswer) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd wait{in, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0) break;
    const auto count = ::read(in, piece.data(), piece.size());
    if (count <= 0) break;
    text.append(piece.data(), static_cast<std::size_t>(count));
  }
  return text;
}

}  // namespace

Result<Machine> read_foreign(std::string_view xml) {
  TUTTI_TRY(check_shape(xml));
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return Error{Code::system, "no pipe to the process that parses"};
  FileDescriptor in(ends[0]);
  FileDescriptor out(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return Error{Code::system, "no process to parse in"};
  if (child == 0) be_the_child(ends[1], xml);
  out = FileDescriptor();
  const std::string answer = read_all(ends[0]);
  ::kill(child, SIGKILL);  // it is over, or has used its time
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!answer.empty() && answer.back() == '\n') {
    auto machine = read_machine(answer);
    if (machine) return machine;
  }
  if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL) {
    return wrong(fmt::format("hwloc crashed on it (signal {}): this is not what hwloc writes", WTERMSIG(status)));
  }
  return wrong("hwloc does not take it: it contradicts itself, or is beyond the limits of memory and time");
}

}  // namespace tutti::topology
