#include "transports/shm/transport.hpp"

#include <fmt/format.h>
#include <sodium.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "transports/failures.hpp"
#include "transports/shm/fence.hpp"
#include "transports/shm/shm.hpp"

namespace tutti::transport::shm {
namespace {

// How often the connections are looked at: each look is a system call or two.
constexpr Duration kCalm = std::chrono::milliseconds(1);
constexpr Duration kExpecting = std::chrono::microseconds(10);

Error no_descriptor(const char* what) {
  return {Code::system, fmt::format("shm: no {}: {}", what, std::strerror(errno))};
}

}  // namespace

Status available() {
  TUTTI_TRY(find_place({}));
  return {};
}

Result<std::unique_ptr<Transport>> create(ShmOptions options) {
  if (index(options.rank) < 0) return Error{Code::invalid_argument, "shm: a rank is not negative"};
  if (options.ring_bytes < kMinRing || options.ring_bytes > kMaxRing) {
    return Error{Code::invalid_argument,
                 fmt::format("shm: a ring of {} bytes; 4 KiB to 1 GiB are possible", options.ring_bytes)};
  }
  if (::sodium_init() < 0) return Error{Code::system, "shm: libsodium cannot be initialised"};
  auto self = std::make_unique<Self>();
  self->rank = options.rank;
  self->epoch = options.epoch;
  self->key = options.key;
  self->ring_bytes = options.ring_bytes;
  self->pool_bytes = options.pool_bytes;
  self->least_read = options.least_read;
  self->place = TUTTI_TRY(find_place(std::move(options.node_id)));
  randombytes_buf(self->socket.data(), self->socket.size());
  randombytes_buf(&self->probe, sizeof(self->probe));
  self->epoll = FileDescriptor(::epoll_create1(EPOLL_CLOEXEC));
  if (!self->epoll) return no_descriptor("epoll");
  self->doorbell = FileDescriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!self->doorbell) return no_descriptor("eventfd");
  epoll_event event{};
  event.events = EPOLLIN;
  ::epoll_ctl(self->epoll.get(), EPOLL_CTL_ADD, self->doorbell.get(), &event);
  Listener listener = TUTTI_TRY(Listener::create({.self = self->rank,
                                                  .epoch = self->epoch,
                                                  .key = self->key,
                                                  .name = self->socket,
                                                  .epoll = self->epoll.get(),
                                                  .log = std::move(options.log)}));
  return std::unique_ptr<Transport>(std::make_unique<ShmTransport>(std::move(self), std::move(listener)));
}

bool ShmTransport::can_reach(std::span<const std::byte> address) const {
  const auto other = decode(address);
  return other && other->place == self_->place;
}

Result<Endpoint*> ShmTransport::connect(Rank peer, std::span<const std::byte> address) {
  const auto other = decode(address);
  if (!other || other->place != self_->place) {
    return Error{Code::invalid_argument, fmt::format("the address of rank {} is not of this node (shm)", index(peer))};
  }
  const auto [place, fresh] = endpoints_.try_emplace(peer);
  if (!fresh) return Error{Code::invalid_argument, fmt::format("rank {} is connected already (shm)", index(peer))};
  place->second = std::make_unique<ShmEndpoint>(*self_, peer, other->socket);
  auto& endpoint = *place->second;
  if (cancelled_) {
    endpoint.cancel(path_cancelled(peer, "shm"));
  } else {
    endpoint.check();  // calls the peer: its death is noticed even if nothing is ever sent to it
    if (endpoint.connection().is_unsettled()) unsettled_.push_back(&endpoint);
    next_poll_ = TimePoint::min();  // the peer may have called already
  }
  return &endpoint;
}

void ShmTransport::progress(TimePoint now, std::vector<Completion>& completed) {
  if (asleep_) wake_up();
  if (now >= next_poll_) poll_connections(now);
  auto& active = self_->active;
  bool expecting = false;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < active.size(); ++i) {
    ShmEndpoint* endpoint = active[i];
    if (!endpoint->advance()) continue;
    expecting = expecting || endpoint->expects_ring();
    active[kept++] = endpoint;
  }
  active.resize(kept);
  if (expecting) next_poll_ = std::min(next_poll_, now + kExpecting);
  if (self_->done.empty()) return;
  completed.insert(completed.end(), self_->done.begin(), self_->done.end());
  self_->done.clear();
}

void ShmTransport::poll_connections(TimePoint now) {
  next_poll_ = now + kCalm;
  std::array<epoll_event, 64> events{};
  const int count = ::epoll_wait(self_->epoll.get(), events.data(), static_cast<int>(events.size()), 0);
  std::vector<ShmEndpoint*> to_check;
  std::swap(to_check, unsettled_);
  for (int i = 0; i < count; ++i) {
    if (auto* ptr = events[static_cast<std::size_t>(i)].data.ptr) to_check.push_back(static_cast<ShmEndpoint*>(ptr));
  }
  listener_.poll(now);
  for (auto place = endpoints_.begin(); listener_.has_callers() && place != endpoints_.end(); ++place) {
    auto& [peer, endpoint] = *place;
    if (endpoint->failure() != nullptr || endpoint->connection().has_caller()) continue;
    if (auto caller = listener_.take(peer)) {
      endpoint->connection().adopt(std::move(*caller));
      to_check.push_back(endpoint.get());
    }
  }
  for (auto* endpoint : to_check) {
    endpoint->check();
    if (endpoint->failure() == nullptr && endpoint->connection().is_unsettled()) unsettled_.push_back(endpoint);
  }
  if (!unsettled_.empty()) next_poll_ = now;
}

// What lies in no file is not shared: peers read it as they read all of this process's memory, or not at all.
Result<WindowId> ShmTransport::open_window(const WindowMemory& memory) {
  const WindowId window = TUTTI_TRY(self_->windows.open(memory.bytes, "shm"));
  if (memory.file < 0) return window;
  if (auto shared = self_->shares.open(window, memory); !shared) {
    self_->windows.close(window);
    return std::move(shared).error();
  }
  return window;
}

void ShmTransport::close_window(WindowId window) {
  for (auto& [peer, endpoint] : endpoints_) endpoint->unshare(window);
  self_->shares.close(window);
  self_->windows.close(window);
}

void ShmTransport::cancel() {
  cancelled_ = true;
  for (auto& [peer, endpoint] : endpoints_) endpoint->cancel(path_cancelled(peer, "shm"));
  self_->done.clear();
  self_->active.clear();
  unsettled_.clear();
}

std::size_t ShmTransport::memory() const {
  std::size_t held = 0;
  for (const auto& [peer, endpoint] : endpoints_) held += endpoint->memory();
  return held;
}

bool ShmTransport::prepare_to_sleep() {
  if (!self_->done.empty() || !unsettled_.empty()) return false;
  asleep_ = true;  // from here on the rings may say so: the next progress takes it back
  // Emptied before the announcements: a doorbell that rings after them stays rung.
  eventfd_t rung = 0;
  static_cast<void>(::eventfd_read(self_->doorbell.get(), &rung));
  for (auto* endpoint : self_->active) endpoint->announce_sleep();
  if (has_fences() && !self_->active.empty()) fence_others();  // one for all of them
  return std::ranges::all_of(self_->active, [](ShmEndpoint* endpoint) { return endpoint->may_sleep(); });
}

void ShmTransport::wake_up() {
  asleep_ = false;
  next_poll_ = TimePoint::min();
  for (auto* endpoint : self_->active) endpoint->wake_up();
}

}  // namespace tutti::transport::shm
