#include "bootstrap/launchers/by_address.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>
#include <vector>

#include "base/file_descriptor.hpp"
#include "bootstrap/launchers/probe.hpp"
#include "bootstrap/launchers/serve.hpp"

namespace tutti::bootstrap {
namespace {

constexpr std::size_t kLongestKeyFile = 4096;
constexpr Duration kLingeringRoot = std::chrono::seconds(5);  // of an earlier job, on the same port

// What tells this job from others at the same address; restarts of a job are jobs of their own.
constexpr std::array<std::string_view, 6> kJobNames = {
    "TORCHELASTIC_RUN_ID", "TORCHELASTIC_RESTART_COUNT", "SLURM_JOB_ID", "SLURM_STEP_ID", "PBS_JOBID", "LSB_JOBID"};

Key derived_key(const Rendezvous& where, const Identity& identity, const Environment& environment) {
  std::string job;
  for (const auto name : kJobNames) job += fmt::format("{}={}\n", name, environment.find(name).value_or(""));
  const auto size = std::to_string(identity.world_size);
  return Key::from_parts({bytes_of("tutti address"), bytes_of(where.address), bytes_of(size), bytes_of(job)});
}

// The port may still be held by the root of the job before.
Result<std::unique_ptr<Root>> serve_when_free(const Serving& serving, const Config& config, const Log& log,
                                              Deadline deadline) {
  const Deadline patience{std::min(deadline.at, std::chrono::steady_clock::now() + kLingeringRoot)};
  for (;;) {
    auto root = serve(serving, config, log);
    if (root || root.error().code != Code::system || patience.passed(std::chrono::steady_clock::now())) return root;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace

Result<Key> read_key_file(const std::string& path) {
  const auto say = [&](std::string_view what) { return fmt::format("TUTTI_KEY_FILE {}: {}", path, what); };
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return Error{Code::system, say(std::strerror(errno))};
  struct stat about {};
  if (::fstat(file.get(), &about) != 0) return Error{Code::system, say(std::strerror(errno))};
  if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0 || about.st_uid != ::geteuid()) {
    return Error{Code::invalid_argument,
                 say(fmt::format("others may read it (owner {}, mode {:o}): it must be yours, mode 600", about.st_uid,
                                 about.st_mode & 0777U))};
  }
  std::vector<std::byte> secret(kLongestKeyFile);
  const auto got = ::read(file.get(), secret.data(), secret.size());
  if (got < 0) return Error{Code::system, say(std::strerror(errno))};
  if (static_cast<std::size_t>(got) < Key::kBytes) {
    return Error{Code::invalid_argument, say(fmt::format("it has {} bytes, at least {} are needed", got, Key::kBytes))};
  }
  const auto key =
      Key::from_parts({bytes_of("tutti key file"), std::span(secret).first(static_cast<std::size_t>(got))});
  sodium_memzero(secret.data(), secret.size());
  return key;
}

Result<Rendezvous> torchrun_rendezvous(const Environment& environment) {
  const auto host = environment.find("MASTER_ADDR");
  const auto port_text = environment.find("MASTER_PORT");
  if (!host || !port_text) {
    return Error{Code::invalid_argument,
                 "RANK and WORLD_SIZE are set, but MASTER_ADDR or MASTER_PORT is not: set TUTTI_ADDRESS "
                 "or TUTTI_UNIQUE_ID_FILE"};
  }
  const auto port = parse_integer(*port_text, 1, 65534);
  if (!port) return port.error().within("MASTER_PORT (the port after it is used)");
  const bool is_v6 = host->find(':') != std::string_view::npos;
  return Rendezvous{is_v6 ? fmt::format("[{}]:{}", *host, *port + 1) : fmt::format("{}:{}", *host, *port + 1),
                    "MASTER_ADDR and the port after MASTER_PORT"};
}

Result<Agreement> agree_by_address(const Rendezvous& where, const Identity& identity, const Config& config,
                                   const Environment& environment, const Log& log, Deadline deadline) {
  auto resolved = resolve(where.address, config);
  if (!resolved) return resolved.error().within(where.setting);
  IdFields fields;
  fields.root = std::move(resolved).value();
  if (config.key_file.empty()) {
    fields.key = derived_key(where, identity, environment);
    log.info("bootstrap", "address {} ({}), no TUTTI_KEY_FILE: whoever knows the job's name can take part",
             where.address, where.setting);
  } else {
    fields.key = TUTTI_TRY(read_key_file(config.key_file));
    log.info("bootstrap", "address {} ({}), key from {}", where.address, where.setting, config.key_file);
  }
  if (index(identity.rank) == 0) {
    auto root = serve_when_free({.key = fields.key, .addresses = fields.root}, config, log, deadline);
    if (!root) return root.error().within(where.setting);
    const UniqueId id = (*root)->unique_id();
    return Agreement{id, std::move(root).value()};
  }
  const auto there = await_root(fields, deadline);
  if (!there) {
    return Error{Code::timeout, fmt::format("rank {} found no root at {} ({}): {}", index(identity.rank), where.address,
                                            where.setting, there.error().text)};
  }
  return Agreement{encode(fields), nullptr};
}

}  // namespace tutti::bootstrap
