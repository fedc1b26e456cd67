#include "transports/ucx/transport.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "transports/failures.hpp"
#include "transports/ucx/address.hpp"
#include "transports/ucx/tag.hpp"

namespace tutti::transport::ucx {
namespace {

constexpr std::size_t kMaxAddress = 1024;
// Bounds of what may not wait for peers, in rounds of progress: at most some milliseconds.
constexpr int kCancelRounds = 10'000;
constexpr int kFlushRounds = 1000;

ucs_status_t on_refusal(void* transport, const void* header, std::size_t header_bytes, void* /*data*/,
                        std::size_t /*bytes*/, const ucp_am_recv_param_t* /*params*/) {
  Refusal refusal{.magic = 0};
  if (header_bytes == sizeof(refusal)) std::memcpy(&refusal, header, sizeof(refusal));
  if (refusal.magic == Refusal{}.magic) static_cast<UcxTransport*>(transport)->refused_by(refusal.from);
  return UCS_OK;
}

}  // namespace

Result<std::unique_ptr<Transport>> create(const UcxOptions& options) {
  if (index(options.rank) < 0 || index(options.rank) >= kMaxRanks) {
    return Error{Code::invalid_argument, fmt::format("ucx: rank {} is not below {}", index(options.rank), kMaxRanks)};
  }
  auto self = std::make_unique<Self>();
  self->rank = options.rank;
  const char* said_to_ucx = std::getenv("UCX_NET_DEVICES");  // says exactly what is meant
  const std::string wanted = said_to_ucx != nullptr ? said_to_ucx : options.devices;
  self->worker = TUTTI_TRY(Worker::create(wanted));
  const std::string devices = self->worker->devices();
  if (devices.empty() && !wanted.empty()) {  // it would start, and reach nobody
    return Error{Code::transport, fmt::format("ucx: it can use none of the devices {}", wanted)};
  }
  self->path = devices.empty() ? "ucx" : "ucx " + devices;
  if (frame(self->worker->address()).size() > kMaxAddress) {
    return Error{Code::transport, "ucx: the address is longer than 1 KiB: choose fewer devices"};
  }
  options.log.info("ucx", "version {} path {}", self->worker->ucx().get_version_string(), self->path);
  return std::unique_ptr<Transport>(TUTTI_TRY(UcxTransport::create(std::move(self))));
}

Result<std::unique_ptr<UcxTransport>> UcxTransport::create(std::unique_ptr<Self> self) {
  std::unique_ptr<UcxTransport> transport(new UcxTransport(std::move(self)));
  TUTTI_TRY(transport->start());
  return transport;
}

UcxTransport::UcxTransport(std::unique_ptr<Self> self)
    : self_(std::move(self)), address_(frame(self_->worker->address())), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

Status UcxTransport::start() {
  epoll_event event{};
  event.events = EPOLLIN;
  if (!epoll_ || ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, self_->worker->event_fd(), &event) != 0) {
    return Error{Code::system, fmt::format("ucx: no epoll: {}", std::strerror(errno))};
  }
  ucp_am_handler_param_t handler{};
  handler.field_mask = UCP_AM_HANDLER_PARAM_FIELD_ID | UCP_AM_HANDLER_PARAM_FIELD_CB | UCP_AM_HANDLER_PARAM_FIELD_ARG;
  handler.id = kRefusalId;
  handler.cb = on_refusal;
  handler.arg = this;
  const auto& ucx = self_->worker->ucx();
  const ucs_status_t status = ucx.worker_set_am_recv_handler(self_->worker->handle(), &handler);
  if (status != UCS_OK) return ucx_error(ucx, "no active messages", status);
  return {};
}

UcxTransport::~UcxTransport() {
  if (cancelled_) return;
  flush();
  cancel();
}

void UcxTransport::refused_by(Rank peer) {
  if (const auto place = endpoints_.find(peer); place != endpoints_.end()) place->second->refused();
}

bool UcxTransport::can_reach(std::span<const std::byte> address) const {
  return unframe(address).has_value();
}

Result<Endpoint*> UcxTransport::connect(Rank peer, std::span<const std::byte> address) {
  const auto worker_address = unframe(address);
  if (!worker_address || index(peer) < 0 || index(peer) >= kMaxRanks) {
    return Error{Code::invalid_argument, fmt::format("the address of rank {} is not one of ucx", index(peer))};
  }
  if (endpoints_.contains(peer)) {
    return Error{Code::invalid_argument, fmt::format("rank {} is connected already (ucx)", index(peer))};
  }
  auto endpoint = std::make_unique<UcxEndpoint>(*self_, peer);
  if (cancelled_) {
    endpoint->cancel(path_cancelled(peer, self_->path));
  } else {
    endpoint->open(*worker_address);
  }
  return (endpoints_[peer] = std::move(endpoint)).get();
}

unsigned UcxTransport::advance() {
  const unsigned events = self_->worker->ucx().worker_progress(self_->worker->handle());
  // Not in the callbacks: UCX allows no closing there.
  while (!self_->troubled.empty()) {
    UcxEndpoint* endpoint = self_->troubled.back();
    self_->troubled.pop_back();
    endpoint->act_on_trouble();
  }
  if (!self_->leaving.empty() || !self_->closing.empty()) leave_and_close();
  return events;
}

void UcxTransport::leave_and_close() {
  const auto& ucx = self_->worker->ucx();
  const auto is_over = [&](void* request) {
    if (ucx.request_check_status(request) == UCS_INPROGRESS) return false;
    ucx.request_free(request);
    return true;
  };
  std::erase_if(self_->leaving, [&](const Self::Leaving& leaving) {
    if (!is_over(leaving.goodbye)) return false;
    self_->close(leaving.handle, leaving.reached);
    return true;
  });
  std::erase_if(self_->closing, is_over);
}

void UcxTransport::progress(TimePoint /*now*/, std::vector<Completion>& completed) {
  if (self_->worker) {
    for (std::size_t i = 0; i < self_->posted.size(); ++i) self_->posted[i]->start_posted();
    self_->posted.clear();
    constexpr int kTurns = 8;  // enough to drain what has come, few enough not to starve other transports
    for (int turn = 0; turn < kTurns && advance() != 0; ++turn) {
    }
  }
  completed.insert(completed.end(), self_->done.begin(), self_->done.end());
  self_->done.clear();
}

void UcxTransport::cancel() {
  if (cancelled_) return;
  cancelled_ = true;
  for (auto& [peer, endpoint] : endpoints_) endpoint->cancel(path_cancelled(peer, self_->path));
  const auto is_busy = [&] { return self_->operations.in_use() + self_->leaving.size() + self_->closing.size() > 0; };
  for (int round = 0; round < kCancelRounds && is_busy(); ++round) advance();
  // Without a worker nothing can be touched any more, and peers see their connections end.
  for (const auto& leaving : self_->leaving) self_->close(leaving.handle, leaving.reached);
  self_->worker.reset();
  self_->done.clear();
  self_->posted.clear();
  self_->troubled.clear();
}

bool UcxTransport::prepare_to_sleep() {
  if (!self_->done.empty() || !self_->posted.empty() || !self_->troubled.empty()) return false;
  return !self_->worker || self_->worker->ucx().worker_arm(self_->worker->handle()) == UCS_OK;
}

// The last messages of a rank may still wait in this process for room in a socket.
void UcxTransport::flush() {
  const ucp_request_param_t params{};
  const auto& ucx = self_->worker->ucx();
  const auto request = ucx.worker_flush_nbx(self_->worker->handle(), &params);
  if (!UCS_PTR_IS_PTR(request)) return;
  for (int round = 0; round < kFlushRounds && ucx.request_check_status(request) == UCS_INPROGRESS; ++round) advance();
  ucx.request_free(request);
}

}  // namespace tutti::transport::ucx
