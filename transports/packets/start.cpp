// How a rank comes into being from its rails.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/timerfd.h>

#include <cerrno>
#include <cstring>

#include "transports/packets/transport.hpp"

namespace tutti::transport::packets {
namespace {

constexpr std::size_t kMaxAddress = 1024;

Error no_descriptor(const std::string& name, const char* what) {
  return {Code::system, fmt::format("{}: no {}: {}", name, what, std::strerror(errno))};
}

}  // namespace

Result<std::unique_ptr<Transport>> start(Parts parts) {
  auto self = std::make_unique<Self>();
  self->rank = parts.rank;
  self->address.kind = std::move(parts.kind);
  if (parts.lifeline.is_loopback()) self->address.place = this_place();
  if (::getrandom(&self->address.door, sizeof(self->address.door), 0) != sizeof(self->address.door))
    return no_descriptor(parts.name, "random number");
  self->epoll = FileDescriptor(::epoll_create1(EPOLL_CLOEXEC));
  if (!self->epoll) return no_descriptor(parts.name, "epoll");
  std::vector<std::string> ways;
  for (std::size_t i = 0; i < parts.rails.size(); ++i) {
    if (const auto way = parts.rails[i]->describe(); !way.empty()) ways.push_back(way);
    self->address.rails.push_back({parts.planes[i], parts.rails[i]->address()});
  }
  self->path = ways.empty() ? parts.name : fmt::format("{} {}", parts.name, fmt::join(ways, ", "));
  self->rails = std::move(parts.rails);
  const Listener::Options listening{
      .door = self->address.door, .epoll = self->epoll.get(), .log = parts.log, .room = parts.name};
  auto listener = Listener::create(parts.lifeline, listening);
  if (!listener) return listener.error().within(parts.name);
  self->listener.emplace(std::move(listener).value());
  const auto socket = parts.lifeline.bytes();
  self->address.lifeline.assign(socket.begin(), socket.end());
  if (encode(self->address).size() > kMaxAddress) {
    return Error{
        Code::transport,
        fmt::format("{}: its address is longer than 1 KiB: choose fewer devices with TUTTI_IFACE or TUTTI_RAILS",
                    parts.name)};
  }
  FileDescriptor alarm(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!alarm) return no_descriptor(parts.name, "timer");
  return std::unique_ptr<Transport>(
      std::make_unique<PacketTransport>(std::move(self), std::move(parts.name), parts.combines, std::move(alarm)));
}

}  // namespace tutti::transport::packets
