#include "tools/perf/compare/peer.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace tutti::perf {
namespace {

struct Known {
  const char* plugin;
  const char* package;   // what building its plug-in needs
  const char* variable;  // by which its launcher is known; null: any will do
  const char* launcher;
};

constexpr std::array kKnown = {Known{"openmpi", "libopenmpi-dev", "OMPI_COMM_WORLD_SIZE", "Open MPI's mpirun"},
                               Known{"mpich", "libmpich-dev", "PMI_SIZE", "MPICH's mpiexec"},
                               Known{"gloo", "libgloo-dev", nullptr, nullptr}};

bool has_variable(const char* name) {
  return std::getenv(name) != nullptr;  // NOLINT: nothing changes the environment
}

const Known* launching() {
  for (const Known& known : kKnown) {
    if (known.variable != nullptr && has_variable(known.variable)) return &known;
  }
  return nullptr;
}

const Known& known_as(const std::string& plugin) {
  for (const Known& known : kKnown) {
    if (known.plugin == plugin) return known;
  }
  return kKnown.back();
}

Error wrong(std::string text) {
  return {Code::invalid_argument, std::move(text)};
}

std::filesystem::path plugin_path(const std::string& plugin) {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  return (program.parent_path() / TUTTI_PEERS_FROM_BIN / ("peer_" + plugin + ".so")).lexically_normal();
}

// A folder for ranks to meet in, empty, which goes when its maker does.
class Folder {
 public:
  Folder() = default;
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  Status make() {
    std::error_code error;
    std::string path = (std::filesystem::temp_directory_path(error) / "tutti_peer_XXXXXX").string();
    if (error || ::mkdtemp(path.data()) == nullptr)
      return Error{Code::system, fmt::format("no temporary folder {}: {}", path, std::strerror(errno))};
    path_ = path;
    return {};
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

tuttiPeerFunction_t function_of(const tuttiPeer_t& table, Kind kind) {
  switch (kind) {
    case Kind::all_reduce:
      return table.allReduce;
    case Kind::reduce:
      return table.reduce;
    case Kind::broadcast:
      return table.broadcast;
    case Kind::reduce_scatter:
      return table.reduceScatter;
    case Kind::all_gather:
      return table.allGather;
    case Kind::gather:
      return table.gather;
    case Kind::scatter:
      return table.scatter;
    case Kind::all_to_all:
      return table.allToAll;
    case Kind::sendrecv:
      return table.sendrecv;
    case Kind::barrier:
      break;
  }
  return table.barrier;
}

class PluginCalls final : public Rival {
 public:
  PluginCalls(const tuttiPeer_t& table, tuttiPeerFunction_t function, const Case& series)
      : table_(table), function_(function) {
    words_.type = static_cast<int>(series.type);
    words_.op = static_cast<int>(series.op);
    words_.root = series.root;
  }

  Status call(const RivalCall& call) override {
    words_.send = call.send;
    words_.recv = call.recv;
    words_.count = call.count;
    words_.inPlace = call.in_place ? 1 : 0;
    return checked(function_(&words_));
  }

  Status barrier() override { return checked(table_.barrier(&words_)); }

 private:
  [[nodiscard]] Status checked(tuttiPeerResult_t result) const {
    if (result == tuttiPeerOk) return {};
    return Error{result == tuttiPeerUnsupported ? Code::unsupported : Code::transport,
                 fmt::format("{}: {}", table_.name, table_.lastError())};
  }

  const tuttiPeer_t& table_;
  tuttiPeerFunction_t function_;
  tuttiPeerCall_t words_{};
};

}  // namespace

std::vector<std::string> peer_names() {
  std::vector<std::string> names = {"mpi"};
  for (const Known& known : kKnown) names.emplace_back(known.plugin);
  return names;
}

Result<std::string> plugin_for(const std::string& name) {
  const Known* const launcher = launching();
  if (name == "gloo") return name;
  if (launcher == nullptr) {
    return wrong(
        fmt::format("--compare {}: no MPI started this process; start it as in "
                    "mpirun -n 2 tutti perf all_reduce --compare mpi",
                    name));
  }
  if (name == "mpi" || name == launcher->plugin) return std::string(launcher->plugin);
  return wrong(fmt::format("--compare {}: {} started this job ({} is set); use {}, or --compare mpi", name,
                           launcher->launcher, launcher->variable, known_as(name).launcher));
}

Result<Peer> Peer::load(const std::string& plugin) {
  const auto path = plugin_path(plugin);
  if (::access(path.c_str(), R_OK) != 0) {
    return Error{Code::unsupported,
                 fmt::format("--compare: there is no plug-in {}; with {} installed, building Tutti makes it",
                             path.string(), known_as(plugin).package)};
  }
  // Global, for Open MPI's own plug-ins look for its symbols; never closed, for no MPI survives that.
  void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (library == nullptr) return Error{Code::unsupported, fmt::format("--compare: {}", ::dlerror())};
  const auto* const table = static_cast<const tuttiPeer_t*>(::dlsym(library, TUTTI_PEER_SYMBOL));
  if (table == nullptr || table->version != TUTTI_PEER_VERSION) {
    return Error{Code::unsupported,
                 fmt::format("--compare: {} is no plug-in of this version of Tutti; build it again", path.string())};
  }
  return Peer(table);
}

Peer::Peer(Peer&& other) noexcept : table_(other.table_), open_(std::exchange(other.open_, false)) {}

Peer::~Peer() {
  if (open_) table_->close();
}

Status Peer::open(tuttiPeerPlace_t& place) {
  if (table_->open(&place) != tuttiPeerOk)
    return Error{Code::system, fmt::format("{} does not start: {}", table_->name, table_->lastError())};
  open_ = true;
  return {};
}

Result<Seat> Peer::join(const Options& options) {
  return table_->knowsPlace != 0 ? join_by_peer(options) : join_by_tutti(options);
}

Result<Seat> Peer::join_by_peer(const Options& options) {
  tuttiPeerPlace_t place{};
  TUTTI_TRY(open(place));
  Meeting meeting{.ranks = place.ranks};
  if (place.rank == 0) TUTTI_TRY(checked(tuttiGetUniqueId(&meeting.id), "unique id"));
  if (table_->share(meeting.id.internal, sizeof meeting.id.internal) != tuttiPeerOk)
    return Error{Code::system, fmt::format("{}: {}", table_->name, table_->lastError())};
  return join_as_thread(options, meeting, place.rank);
}

Result<Seat> Peer::join_by_tutti(const Options& options) {
  Seat seat = TUTTI_TRY(join_world(options));
  const Job job = TUTTI_TRY(describe_job(seat, 0));
  if (job.hosts.size() > 1) {
    return Error{Code::unsupported,
                 fmt::format("--compare: {} meets on one host, but the job is on {}", table_->name, job.hosts.size())};
  }
  Folder folder;
  std::array<char, 4096> path{};
  if (seat.rank() == 0) {
    TUTTI_TRY(folder.make());
    folder.path().copy(path.data(), path.size() - 1);
  }
  TUTTI_TRY(checked(tuttiBcast(path.data(), path.size(), tuttiUint8, 0, seat.comm(), nullptr), "telling the folder",
                    seat.comm()));
  tuttiPeerPlace_t place{.rank = seat.rank(), .ranks = seat.ranks(), .folder = path.data()};
  TUTTI_TRY(open(place));
  TUTTI_TRY(seat.barrier());
  return seat;
}

Result<std::unique_ptr<Rival>> Peer::rival_for(const Options& options, const Case& series) {
  const tuttiPeerFunction_t function = function_of(*table_, options.collective.kind);
  if (function == nullptr)
    return Error{Code::unsupported, fmt::format("--compare: {} has no {}", table_->name, options.collective.name)};
  return std::unique_ptr<Rival>(std::make_unique<PluginCalls>(*table_, function, series));
}

PeerName Peer::name() const {
  return {table_->name, table_->library()};
}

}  // namespace tutti::perf
