#include "transports/packets/lifeline.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>

namespace tutti::transport::packets {

Status Lifeline::open(const SocketAddress& peer, const Hello& hello, int epoll, void* tag) {
  socket_ = TUTTI_TRY(dial(peer));
  hello_ = hello;
  epoll_ = epoll;
  tag_ = tag;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT;
  event.data.ptr = tag_;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket_.get(), &event);
  return {};
}

std::optional<Lifeline::End> Lifeline::check() {
  if (!socket_) return std::nullopt;
  if (!has_said_hello_) {
    const auto sent = ::send(socket_.get(), &hello_, sizeof(hello_), MSG_NOSIGNAL);  // all or nothing: it is the first
    if (sent < 0) return errno == EAGAIN ? std::nullopt : std::optional(End{{}, errno});
    has_said_hello_ = true;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = tag_;
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, socket_.get(), &event);
  }
  Farewell farewell;
  const auto received = ::recv(socket_.get(), &farewell, sizeof(farewell), MSG_DONTWAIT);
  if (received < 0 && (errno == EAGAIN || errno == EINTR)) return std::nullopt;
  if (received < 0) return End{{}, errno};
  if (received == sizeof(farewell) && farewell.magic == Farewell{}.magic) return End{farewell, 0};
  return End{};
}

// Closing does not suffice where a forked child holds the socket too.
void Lifeline::close() {
  if (socket_) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, socket_.get(), nullptr);
  socket_.reset();
}

}  // namespace tutti::transport::packets
