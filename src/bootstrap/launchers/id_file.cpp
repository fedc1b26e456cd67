#include "bootstrap/launchers/id_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "base/file_descriptor.hpp"
#include "bootstrap/launchers/probe.hpp"
#include "bootstrap/trust/id_fields.hpp"

namespace tutti::bootstrap {
namespace {

Error trouble(const std::string& path, std::string_view what) {
  return {Code::system, fmt::format("cannot {} the unique id file {}: {}", what, path, std::strerror(errno))};
}

// Who could write there could lead this rank to a root of their own.
Status check_owner(const std::string& path, int fd) {
  struct stat about {};
  if (::fstat(fd, &about) != 0) return trouble(path, "look at");
  const bool others_write = !path.starts_with("/proc/") && (about.st_mode & (S_IRWXG | S_IRWXO)) != 0;
  if (about.st_uid == ::geteuid() && !others_write) return {};
  return Error{Code::invalid_argument,
               fmt::format("the unique id file {} is not this user's alone (owner {}, mode {:o}): remove it, or choose "
                           "another path",
                           path, about.st_uid, about.st_mode & 0777U)};
}

/// A root whose id stands in a file, for as long as it is served.
class RootWithFile final : public Root {
 public:
  RootWithFile(std::unique_ptr<Root> root, std::string path) : root_(std::move(root)), path_(std::move(path)) {}
  ~RootWithFile() override {
    const auto there = read_id_file(path_);
    if (there && *there == root_->unique_id()) ::unlink(path_.c_str());
  }
  const UniqueId& unique_id() const override { return root_->unique_id(); }
  bool finished() const override { return root_->finished(); }
  bool wait_until_finished(Deadline deadline) override { return root_->wait_until_finished(deadline); }

 private:
  const std::unique_ptr<Root> root_;
  const std::string path_;
};

// The id of a launcher that lives, if that is what the file holds. Nobody but a launcher puts one under /proc, so there
// a busy machine's answer is awaited.
std::optional<UniqueId> launchers_id(const std::string& path, Deadline deadline) {
  const auto id = read_id_file(path);
  if (!id) return std::nullopt;
  const auto fields = decode(*id);
  if (!fields || !fields->launcher) return std::nullopt;
  const auto there = path.starts_with("/proc/") ? await_root(*fields, deadline) : probe(*fields);
  if (!there) return std::nullopt;
  return *id;
}

Result<Agreement> agree_as_rank_0(const std::string& path, const Config& config, const Log& log, Deadline deadline) {
  if (const auto id = launchers_id(path, deadline)) {
    log.info("bootstrap", "unique id from a launcher, file {}", path);
    return Agreement{*id, nullptr};
  }
  if (path.starts_with("/proc/")) {
    return Error{Code::invalid_argument,
                 fmt::format("TUTTI_UNIQUE_ID_FILE is {}, but no launcher serves an id there: has it "
                             "ended?",
                             path)};
  }
  auto root = TUTTI_TRY(Root::start(config, log));
  TUTTI_TRY(write_id_file(path, root->unique_id()));
  const UniqueId id = root->unique_id();
  return Agreement{id, std::make_unique<RootWithFile>(std::move(root), path)};
}

Result<UniqueId> served_id(const std::string& path) {
  const auto id = TUTTI_TRY(read_id_file(path));
  const auto served = probe(TUTTI_TRY(decode(id)));
  if (!served) return served.error().within(fmt::format("the id in {} is stale", path));
  return id;
}

}  // namespace

Status write_id_file(const std::string& path, const UniqueId& id) {
  std::string temporary = path + ".XXXXXX";
  const FileDescriptor file(::mkostemp(temporary.data(), O_CLOEXEC));  // mode 0600
  if (!file) return trouble(path, "write");
  const auto written = ::write(file.get(), id.bytes.data(), id.bytes.size());
  if (written != static_cast<ssize_t>(id.bytes.size()) || ::rename(temporary.c_str(), path.c_str()) != 0) {
    const auto error = trouble(path, "write");
    ::unlink(temporary.c_str());
    return error;
  }
  return {};
}

Result<UniqueId> read_id_file(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return trouble(path, "read");
  TUTTI_TRY(check_owner(path, file.get()));
  UniqueId id;
  const auto got = ::pread(file.get(), id.bytes.data(), id.bytes.size(), 0);
  if (got < 0) return trouble(path, "read");
  if (got != static_cast<ssize_t>(id.bytes.size())) {
    return Error{Code::system, fmt::format("the unique id file {} is too short", path)};
  }
  TUTTI_TRY(decode(id));
  return id;
}

Result<Agreement> agree_by_file(const std::string& path, const Identity& identity, const Config& config, const Log& log,
                                Deadline deadline) {
  if (index(identity.rank) == 0) return agree_as_rank_0(path, config, log, deadline);
  constexpr Duration kLongestPause = std::chrono::milliseconds(100);
  for (Duration pause = std::chrono::milliseconds(5);; pause = std::min(pause * 2, kLongestPause)) {
    auto id = served_id(path);
    if (id) return Agreement{*id, nullptr};
    const auto now = std::chrono::steady_clock::now();
    if (deadline.passed(now)) {
      return Error{Code::timeout, fmt::format("rank {} waited for rank 0's unique id in vain: {}", index(identity.rank),
                                              id.error().text)};
    }
    std::this_thread::sleep_for(std::min(pause, deadline.left(now)));
  }
}

}  // namespace tutti::bootstrap
