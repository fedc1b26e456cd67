#include "transports/ucx/transport.hpp"

#include <fmt/format.h>

#include "transports/failures.hpp"
#include "transports/ucx/address.hpp"
#include "transports/ucx/tag.hpp"

namespace tutti::transport::ucx {
namespace {

constexpr std::size_t kMaxAddress = 1024;
// Bounds of what may not wait for peers, in rounds of progress: at most some milliseconds.
constexpr int kCancelRounds = 10'000;
constexpr int kFlushRounds = 1000;

}  // namespace

Result<std::unique_ptr<Transport>> create(UcxOptions options) {
  if (index(options.rank) < 0 || index(options.rank) >= kMaxRanks) {
    return Error{Code::invalid_argument, fmt::format("ucx: rank {} is not below {}", index(options.rank), kMaxRanks)};
  }
  auto self = std::make_unique<Self>();
  self->rank = options.rank;
  self->worker = TUTTI_TRY(Worker::create(options.devices));
  const std::string devices = self->worker->devices();
  self->path = devices.empty() ? "ucx" : "ucx " + devices;
  if (frame(self->worker->address()).size() > kMaxAddress) {
    return Error{Code::transport, "ucx: the address is longer than 1 KiB: choose fewer devices"};
  }
  options.log.info("ucx", "version {} path {}", self->worker->ucx().get_version_string(), self->path);
  return std::unique_ptr<Transport>(std::make_unique<UcxTransport>(std::move(self)));
}

UcxTransport::UcxTransport(std::unique_ptr<Self> self)
    : self_(std::move(self)), address_(frame(self_->worker->address())), event_fd_(self_->worker->event_fd()) {}

UcxTransport::~UcxTransport() {
  if (cancelled_) return;
  flush();
  cancel();
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
    TUTTI_TRY(endpoint->open(*worker_address));
  }
  return (endpoints_[peer] = std::move(endpoint)).get();
}

unsigned UcxTransport::advance() {
  const unsigned events = self_->worker->ucx().worker_progress(self_->worker->handle());
  // Not in the callbacks: UCX allows no closing there.
  while (!self_->troubled.empty()) {
    UcxEndpoint* endpoint = self_->troubled.back();
    self_->troubled.pop_back();
    endpoint->fail_if_troubled();
  }
  std::erase_if(self_->closing, [&](void* request) {
    if (self_->worker->ucx().request_check_status(request) == UCS_INPROGRESS) return false;
    self_->worker->ucx().request_free(request);
    return true;
  });
  return events;
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
  cancelled_ = true;
  for (auto& [peer, endpoint] : endpoints_) endpoint->cancel(path_cancelled(peer, self_->path));
  for (int round = 0; round < kCancelRounds && (self_->operations.in_use() > 0 || !self_->closing.empty()); ++round) {
    advance();
  }
  self_->done.clear();
  self_->posted.clear();
  self_->troubled.clear();
}

bool UcxTransport::prepare_to_sleep() {
  if (!self_->done.empty() || !self_->posted.empty() || !self_->troubled.empty()) return false;
  return self_->worker->ucx().worker_arm(self_->worker->handle()) == UCS_OK;
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
