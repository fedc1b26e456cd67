#include "tools/run/meeting.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tutti::run {

Result<Meeting> Meeting::start(const Config& config) {
  auto root = TUTTI_TRY(bootstrap::Root::start(config, Log(TUTTI_TRY(LogLevels::parse(config.log)), "tutti run"),
                                               bootstrap::ServedBy::launcher));
  FileDescriptor file(::memfd_create("tutti-unique-id", MFD_CLOEXEC));
  const auto& id = root->unique_id().bytes;
  if (!file || ::fchmod(file.get(), 0600) != 0 ||
      ::write(file.get(), id.data(), id.size()) != static_cast<ssize_t>(id.size())) {
    return Error{Code::system, fmt::format("cannot keep the unique id in memory: {}", std::strerror(errno))};
  }
  std::string path = fmt::format("/proc/{}/fd/{}", ::getpid(), file.get());
  return Meeting(std::move(root), std::move(file), std::move(path));
}

}  // namespace tutti::run
