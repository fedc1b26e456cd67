// Making, splitting and ending communicators.
#include <fmt/format.h>

#include <cstring>
#include <list>

#include "api/edge.hpp"
#include "api/group.hpp"
#include "bootstrap/identity.hpp"
#include "bootstrap/root.hpp"

namespace tutti::api {
namespace {

// The meetings that this process serves for tuttiGetUniqueId, until they are over.
class Roots {
 public:
  void add(std::unique_ptr<bootstrap::Root> root) {
    const std::lock_guard guard(lock_);
    roots_.remove_if([](const auto& old) { return old->finished(); });
    roots_.push_back(std::move(root));
  }

 private:
  std::mutex lock_;
  std::list<std::unique_ptr<bootstrap::Root>> roots_;
};

Roots& roots() {
  static Roots all;
  return all;
}

Log log_of(const Config& config, std::string who) {
  return {LogLevels::parse(config.log).value(), std::move(who)};
}

// Fills a handle that is already visible to the caller.
void settle(tuttiComm& handle, Result<std::unique_ptr<comm::Communicator>> made) {
  if (made) {
    handle.communicator = std::move(made).value();
  } else {
    handle.failure = std::move(made).error();
  }
  handle.ready.store(true, std::memory_order_release);
}

using Maker = std::function<Result<std::unique_ptr<comm::Communicator>>()>;

Status make(tuttiComm_t* out, bool non_blocking, Maker maker) {
  *out = nullptr;
  if (non_blocking) {
    auto handle = std::make_unique<tuttiComm>();
    handle->joining = std::thread([raw = handle.get(), maker = std::move(maker)] { settle(*raw, maker()); });
    *out = handle.release();
    return in_group() ? Status{} : Error{Code::in_progress, "init goes on: poll tuttiCommGetAsyncError"};
  }
  return submit_job([out, maker = std::move(maker)]() -> Status {
    auto made = maker();
    if (!made) return std::move(made).error();
    if (*made == nullptr) return {};  // split without a color
    auto handle = std::make_unique<tuttiComm>();
    settle(*handle, std::move(made));
    *out = handle.release();
    return {};
  });
}

Status init_rank(tuttiComm_t* comm, int nranks, const tuttiUniqueId& id, int rank, const tuttiConfig_t* config) {
  if (comm == nullptr) return null_argument("comm");
  comm::Membership membership;
  membership.config = TUTTI_TRY(merged_config(config));
  if (nranks < 1) return Error{Code::invalid_argument, fmt::format("nranks is {}: it must be at least 1", nranks)};
  if (rank < 0 || rank >= nranks)
    return Error{Code::invalid_argument, fmt::format("rank is {}: it must be between 0 and {}", rank, nranks - 1)};
  static_assert(sizeof id == sizeof membership.id);
  std::memcpy(membership.id.bytes.data(), &id, sizeof id);
  membership.rank = Rank{rank};
  membership.world_size = nranks;
  membership.name = name_of(config);
  return make(comm, is_non_blocking(config), [membership] { return comm::Communicator::create(membership); });
}

Result<std::unique_ptr<comm::Communicator>> join_world(const Config& config, const std::string& name) {
  const SteadyClock clock;
  const auto variables = process_environment();
  const auto identity = TUTTI_TRY(bootstrap::identify(config, variables));
  const Log log = log_of(config, fmt::format("rank {}", index(identity.rank)));
  log.info("bootstrap", "rank {} of {} source {}", index(identity.rank), identity.world_size, identity.source);
  comm::Membership membership{.id = {},
                              .rank = identity.rank,
                              .world_size = identity.world_size,
                              .config = config,
                              .name = name,
                              .root = nullptr,
                              .machine = nullptr};
  if (identity.world_size > 1) {
    auto agreement =
        TUTTI_TRY(bootstrap::agree(identity, config, variables, log, in(config.init_timeout, clock.now())));
    membership.id = agreement.id;
    membership.root = std::move(agreement.root);
  }
  return comm::Communicator::create(std::move(membership));
}

Result<tuttiComm*> alive(tuttiComm_t comm) {
  if (comm == nullptr || comm->magic != tuttiComm::kAlive)
    return Error{Code::invalid_argument, "comm is not a communicator"};
  return comm;
}

}  // namespace
}  // namespace tutti::api

using namespace tutti;
using namespace tutti::api;

tuttiResult_t tuttiGetUniqueId(tuttiUniqueId* uniqueId) {
  return guarded([&]() -> Status {
    if (uniqueId == nullptr) return null_argument("uniqueId");
    const Config config = TUTTI_TRY(merged_config(nullptr));
    auto root = TUTTI_TRY(bootstrap::Root::start(config, log_of(config, "root")));
    std::memcpy(uniqueId, root->unique_id().bytes.data(), sizeof *uniqueId);
    roots().add(std::move(root));
    return {};
  });
}

tuttiResult_t tuttiCommInitRank(tuttiComm_t* comm, int nranks, tuttiUniqueId commId, int rank) {
  return tuttiCommInitRankConfig(comm, nranks, commId, rank, nullptr);
}

tuttiResult_t tuttiCommInitRankConfig(tuttiComm_t* comm, int nranks, tuttiUniqueId commId, int rank,
                                      tuttiConfig_t* config) {
  return guarded([&] { return init_rank(comm, nranks, commId, rank, config); });
}

tuttiResult_t tuttiCommInitWorld(tuttiComm_t* comm, tuttiConfig_t* config) {
  return guarded([&]() -> Status {
    if (comm == nullptr) return null_argument("comm");
    const Config merged = TUTTI_TRY(merged_config(config));
    return make(comm, is_non_blocking(config), [merged, name = name_of(config)] { return join_world(merged, name); });
  });
}

tuttiResult_t tuttiCommInitAll(tuttiComm_t* comms, int ndev, const int* /*devlist*/) {
  return guarded([&]() -> Status {
    if (comms == nullptr) return null_argument("comms");
    if (ndev < 1) return Error{Code::invalid_argument, fmt::format("ndev is {}: it must be at least 1", ndev)};
    tuttiUniqueId id{};
    if (ndev > 1 && tuttiGetUniqueId(&id) != tuttiSuccess) return Error{Code::system, tuttiGetLastError(nullptr)};
    (void)tuttiGroupStart();
    Status status;
    for (int rank = 0; rank < ndev && status; ++rank) status = init_rank(&comms[rank], ndev, id, rank, nullptr);
    const auto ended = tuttiGroupEnd();
    if (status && ended != tuttiSuccess) status = Error{static_cast<Code>(ended), tuttiGetLastError(nullptr)};
    return status;
  });
}

tuttiResult_t tuttiCommSplit(tuttiComm_t comm, int color, int key, tuttiComm_t* newcomm, tuttiConfig_t* config) {
  return guarded([&]() -> Status {
    auto* const parent = TUTTI_TRY(usable(comm));
    if (newcomm == nullptr) return null_argument("newcomm");
    if (color < 0 && color != TUTTI_SPLIT_NOCOLOR)
      return Error{Code::invalid_argument,
                   fmt::format("color is {}: it must be at least 0, or TUTTI_SPLIT_NOCOLOR", color)};
    const Config merged = TUTTI_TRY(merged_config(config, parent->config()));
    const std::uint64_t ticket = parent->take_ticket();
    return make(newcomm, is_non_blocking(config), [=]() -> Result<std::unique_ptr<comm::Communicator>> {
      const SteadyClock clock;
      while (!parent->is_turn(ticket))
        std::this_thread::sleep_for(std::chrono::microseconds(50));  // calls before it have deadlines
      auto child = parent->split(color, key, merged, in(merged.init_timeout, clock.now()));
      parent->end_turn();
      return child;
    });
  });
}

tuttiResult_t tuttiCommFinalize(tuttiComm_t comm) {
  return guarded([&]() -> Status {
    auto* const communicator = TUTTI_TRY(usable(comm));
    communicator->leave();
    return {};
  });
}

tuttiResult_t tuttiCommDestroy(tuttiComm_t comm) {
  if (comm == nullptr) return tuttiSuccess;
  return guarded([&]() -> Status {
    const std::unique_ptr<tuttiComm> handle(TUTTI_TRY(alive(comm)));
    return {};
  });
}

tuttiResult_t tuttiCommAbort(tuttiComm_t comm) {
  return guarded([&]() -> Status {
    const std::unique_ptr<tuttiComm> handle(TUTTI_TRY(alive(comm)));
    if (handle->joining.joinable()) handle->joining.join();
    if (handle->communicator) handle->communicator->abort();
    return {};
  });
}

tuttiResult_t tuttiCommGetAsyncError(tuttiComm_t comm, tuttiResult_t* asyncError) {
  return guarded([&]() -> Status {
    auto* const handle = TUTTI_TRY(alive(comm));
    if (asyncError == nullptr) return null_argument("asyncError");
    *asyncError = tuttiInProgress;
    if (!handle->ready.load(std::memory_order_acquire)) return {};
    const auto why = handle->failure ? handle->failure : handle->communicator->failure();
    *asyncError = why ? static_cast<tuttiResult_t>(why->code) : tuttiSuccess;
    return {};
  });
}

tuttiResult_t tuttiCommCount(tuttiComm_t comm, int* count) {
  return guarded([&]() -> Status {
    auto* const communicator = TUTTI_TRY(usable(comm));
    if (count == nullptr) return null_argument("count");
    *count = communicator->size();
    return {};
  });
}

tuttiResult_t tuttiCommUserRank(tuttiComm_t comm, int* rank) {
  return guarded([&]() -> Status {
    auto* const communicator = TUTTI_TRY(usable(comm));
    if (rank == nullptr) return null_argument("rank");
    *rank = index(communicator->rank());
    return {};
  });
}
