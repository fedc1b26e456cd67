// Messages that are left where they lie in the sender's memory, and read there by the receiver.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "transports/failures.hpp"
#include "transports/shm/endpoint.hpp"

namespace tutti::transport::shm {
namespace {

// From how many bytes on a message from a window is left where it lies: the peer saves a copy, and its sender must wait
// until it is read.
constexpr std::size_t kLeastMapped = std::size_t{8} << 10;

// What is read at once, before other paths have their turn.
constexpr std::size_t kSlice = std::size_t{128} << 10;
// What lands beside its operand, in the fastest cache, to be combined with it.
constexpr std::size_t kLanding = std::size_t{16} << 10;

}  // namespace

std::optional<Direct> ShmEndpoint::place_of(const Transfer& send) {
  if (send.bytes >= kLeastMapped && !self_.shares.empty()) {
    const auto place = self_.shares.find({send.data, send.bytes});
    if (place && connection_.share(*place->window))
      return Direct{send.bytes, place->offset, static_cast<std::uint32_t>(place->window->number)};
  }
  if (self_.least_read > 0 && send.bytes >= self_.least_read && producer_->is_readable()) {
    return Direct{send.bytes, reinterpret_cast<std::uintptr_t>(send.data), 0};
  }
  return std::nullopt;
}

void ShmEndpoint::settle_left() {
  const auto freed = producer_->freed();
  if (!freed) return fail(scribbled(), Goodbye::Reason::left);
  for (; !left_.empty() && left_.front().cell <= *freed; left_.pop()) {
    self_.done.push_back({left_.front().token, true});
  }
}

void ShmEndpoint::revoke() {
  if (producer_ && !left_.empty()) producer_->revoke();
}

Status ShmEndpoint::take_direct(const Transfer& receive, const Direct& direct) {
  const std::size_t bytes = std::min(kSlice, receive.bytes - received_);
  if (direct.window != 0) {
    const auto there = connection_.shared(static_cast<WindowId>(direct.window), direct.place, direct.bytes);
    if (there.empty()) return connection_.departure() ? *connection_.departure() : scribbled();
    Consumer::Piece slice;
    slice.bytes = bytes;
    slice.data = there.data() + received_;
    take(receive, slice);
  } else {
    TUTTI_TRY(read_direct(receive, direct.place + received_, bytes));
    received_ += bytes;
  }
  if (received_ == receive.bytes && !consumer_->is_valid()) return peer_left(peer_, "shm");
  return {};
}

Status ShmEndpoint::read_direct(const Transfer& receive, std::uint64_t address, std::size_t bytes) {
  std::byte* out = receive.data + received_;
  if (receive.combine == nullptr) {
    if (connection_.read_memory(address, {out, bytes})) return {};
    return unreadable();
  }
  self_.landing.resize(kLanding);
  for (std::size_t done = 0; done < bytes; done += kLanding) {
    const std::span<std::byte> landed(self_.landing.data(), std::min(kLanding, bytes - done));
    if (!connection_.read_memory(address + done, landed)) return unreadable();
    receive.combine->apply(receive.combine->context, out + done, receive.operand + received_ + done, landed.data(),
                           landed.size());
  }
  return {};
}

Error ShmEndpoint::unreadable() {
  connection_.check();
  if (connection_.departure()) return *connection_.departure();
  return {Code::transport, fmt::format("the memory of rank {} cannot be read any more (shm)", index(peer_)), peer_};
}

}  // namespace tutti::transport::shm
