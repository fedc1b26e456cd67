#include "transports/loopback/transport.hpp"

#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <bit>

#include "transports/failures.hpp"

namespace tutti::transport::loopback {
namespace {

using AddressBytes = std::array<std::byte, 20>;

// The hub (where it lives, in which process) and the rank there.
AddressBytes make_address(const Hub& hub, Rank rank) {
  struct {
    std::uint64_t process;
    const Hub* hub;
  } where{static_cast<std::uint64_t>(::getpid()), &hub};
  static_assert(sizeof(where) == 16);
  AddressBytes bytes{};
  std::ranges::copy(std::as_bytes(std::span(&where, 1)), bytes.begin());
  std::ranges::copy(std::as_bytes(std::span(&rank, 1)), bytes.begin() + 16);
  return bytes;
}

}  // namespace

std::uint64_t owner_number(const Hub& hub, Rank rank) {
  return reinterpret_cast<std::uintptr_t>(&hub) << 16U ^ static_cast<std::uint64_t>(index(rank));
}

LoopbackTransport::~LoopbackTransport() {
  const std::lock_guard guard(hub_.lock_);
  for (auto& [peer, endpoint] : endpoints_) {
    endpoint->abandon(path_cancelled(peer, "loopback"), peer_gone(rank_, "loopback"));
  }
  hub_.members_.erase(rank_);
}

Capabilities LoopbackTransport::capabilities() const {
  return {.combines = hub_.options_.combines, .shares_memory = true, .goes_straight = hub_.options_.goes_straight};
}

std::vector<std::byte> LoopbackTransport::address() const {
  const auto bytes = make_address(hub_, rank_);
  return {bytes.begin(), bytes.end()};
}

bool LoopbackTransport::can_reach(std::span<const std::byte> address) const {
  const auto mine = make_address(hub_, rank_);
  return address.size() == mine.size() && std::ranges::equal(address.first(16), std::span(mine).first(16));
}

Result<Endpoint*> LoopbackTransport::connect(Rank peer, std::span<const std::byte> address) {
  if (!can_reach(address)) return Error{Code::invalid_argument, "not an address of this loopback hub"};
  const std::lock_guard guard(hub_.lock_);
  const auto [place, fresh] = endpoints_.try_emplace(peer);
  if (!fresh) return Error{Code::invalid_argument, "the peer is connected already"};
  place->second = std::make_unique<LoopbackEndpoint>(hub_, *this, peer);
  auto& endpoint = *place->second;
  const auto member = hub_.members_.find(peer);
  if (member == hub_.members_.end()) {
    endpoint.fail(peer_gone(peer, "loopback"));
  } else if (member->second->cancelled_) {
    endpoint.fail(peer_left(peer, "loopback"));
  } else if (const auto back = member->second->endpoints_.find(rank_); back != member->second->endpoints_.end()) {
    endpoint.join(*back->second);
    back->second->join(endpoint);
  }
  return &endpoint;
}

void LoopbackTransport::progress(TimePoint /*now*/, std::vector<Completion>& completed) {
  const std::lock_guard guard(hub_.lock_);
  sleeping_ = false;
  std::swap(touched_, advancing_);
  for (auto* endpoint : advancing_) {
    endpoint->touched = false;
    endpoint->advance();
    endpoint->show_failure();
  }
  advancing_.clear();
  completed.insert(completed.end(), done_.begin(), done_.end());
  done_.clear();
}

Result<WindowId> LoopbackTransport::open_window(const WindowMemory& memory) {
  const std::lock_guard guard(hub_.lock_);
  return windows_.open(memory.bytes, "loopback");
}

void LoopbackTransport::close_window(WindowId window) {
  const std::lock_guard guard(hub_.lock_);
  windows_.close(window);
}

std::vector<std::byte> LoopbackTransport::window_key(WindowId window) const {
  const std::lock_guard guard(hub_.lock_);
  return windows_.key(window, owner_number(hub_, rank_));
}

std::uint64_t LoopbackTransport::arrived(WindowId window, std::uint32_t signal) const {
  const std::lock_guard guard(hub_.lock_);
  return windows_.arrived(window, signal);
}

LoopbackTransport* LoopbackTransport::member(Rank rank) const {
  const auto place = hub_.members_.find(rank);
  return place == hub_.members_.end() ? nullptr : place->second;
}

void LoopbackTransport::cancel() {
  const std::lock_guard guard(hub_.lock_);
  for (auto& [peer, endpoint] : endpoints_) {
    endpoint->abandon(path_cancelled(peer, "loopback"), peer_left(rank_, "loopback"));
  }
  done_.clear();
  cancelled_ = true;
}

int LoopbackTransport::wait_fd() const {
  const std::lock_guard guard(hub_.lock_);
  return doorbell();
}

int LoopbackTransport::doorbell() const {
  if (!doorbell_) doorbell_ = FileDescriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  return doorbell_.get();
}

bool LoopbackTransport::prepare_to_sleep() {
  const std::lock_guard guard(hub_.lock_);
  eventfd_t rung = 0;
  static_cast<void>(::eventfd_read(doorbell(), &rung));
  sleeping_ = touched_.empty() && done_.empty();
  return sleeping_;
}

void LoopbackTransport::touch(LoopbackEndpoint& endpoint) {
  if (endpoint.touched) return;
  endpoint.touched = true;
  touched_.push_back(&endpoint);
  wake();
}

void LoopbackTransport::complete(Completion completion) {
  done_.push_back(completion);
  wake();
}

void LoopbackTransport::wake() {
  if (sleeping_) static_cast<void>(::eventfd_write(doorbell(), 1));
  sleeping_ = false;
}

}  // namespace tutti::transport::loopback
