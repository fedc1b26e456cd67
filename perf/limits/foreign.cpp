// Copying out of another process with one system call (cross-memory attach).
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "perf/limits/measures.hpp"
#include "perf/limits/memory.hpp"
#include "perf/limits/timing.hpp"

namespace tutti::limits {
namespace {

// A process that has this one's pages and does nothing; it ends with its parent, or before.
class Neighbour {
 public:
  Neighbour() : pid_(::fork()) {
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) ::pause();
  }
  Neighbour(const Neighbour&) = delete;
  Neighbour& operator=(const Neighbour&) = delete;
  ~Neighbour() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

// The system call may stop at any page, and says how far it came.
bool read_all(pid_t pid, std::byte* out, std::byte* in, std::size_t bytes) {
  for (std::size_t done = 0; done < bytes;) {
    const iovec local{out + done, bytes - done};
    const iovec remote{in + done, bytes - done};
    const ssize_t copied = ::process_vm_readv(pid, &local, 1, &remote, 1, 0);
    if (copied <= 0) return false;
    done += static_cast<std::size_t>(copied);
  }
  return true;
}

}  // namespace

Result<ForeignCopies> measure_foreign_copy(const Settings& settings) {
  Pages in = TUTTI_TRY(Pages::make(settings.most_bytes));
  Pages out = TUTTI_TRY(Pages::make(settings.most_bytes));
  const Neighbour neighbour;
  if (neighbour.pid() < 0) return Error{Code::system, fmt::format("no second process: {}", std::strerror(errno))};
  ForeignCopies copies;
  if (!read_all(neighbour.pid(), out.data(), in.data(), 64)) {
    copies.refusal = fmt::format("process_vm_readv: {}", std::strerror(errno));
    return copies;
  }
  for (const std::size_t bytes : sizes_between(settings.least_bytes, settings.most_bytes)) {
    bool whole = true;
    const double us = TUTTI_TRY(time_passes({settings.cores[0]}, settings.samples, [&](int, std::uint64_t) {
      whole = whole && read_all(neighbour.pid(), out.data(), in.data(), bytes);
    }));
    if (!whole) return Error{Code::system, fmt::format("process_vm_readv stopped after it had worked")};
    copies.rows.push_back({bytes, us});
  }
  return copies;
}

}  // namespace tutti::limits
