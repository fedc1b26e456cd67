#include "transports/packets/listener.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace tutti::transport::packets {
namespace {

constexpr std::size_t kMaxNewcomers = 64;
constexpr Duration kPatience = std::chrono::seconds(10);
constexpr int kAcceptsAtOnce = 256;  // a flood of strangers must not keep a rank from its work

void watch(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

void tell(FileDescriptor& socket, const Farewell& farewell) {
  static_cast<void>(::send(socket.get(), &farewell, sizeof(farewell), MSG_NOSIGNAL));
  // Closing would not end a connection that a forked child holds too.
  ::shutdown(socket.get(), SHUT_RDWR);
  socket.reset();
}

}  // namespace

Result<Listener> Listener::create(SocketAddress& address, Options options) {
  FileDescriptor socket = TUTTI_TRY(listen_at(address));
  watch(options.epoll, socket.get());
  return Listener(std::move(options), std::move(socket));
}

void Listener::poll(TimePoint now) {
  if (!socket_) return;
  accept_all(now);
  std::erase_if(newcomers_, [&](Newcomer& newcomer) {
    if (!hear(newcomer, now)) return false;
    unwatch(newcomer.socket);
    return true;
  });
}

void Listener::accept_all(TimePoint now) {
  for (int i = 0; i < kAcceptsAtOnce; ++i) {
    FileDescriptor socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) {
      if (errno == EMFILE || errno == ENFILE) drop("this process has no file descriptor left for it (see ulimit -n)");
      return;
    }
    if (newcomers_.size() == kMaxNewcomers) {
      unwatch(newcomers_.front().socket);
      newcomers_.pop_front();
      drop("too many connections say nothing");
    }
    watch(options_.epoll, socket.get());
    newcomers_.push_back({std::move(socket), now});
  }
}

// True: it is over with this one, one way or the other.
bool Listener::hear(Newcomer& newcomer, TimePoint now) {
  Hello hello{.magic = 0};
  const auto received = ::recv(newcomer.socket.get(), &hello, sizeof(hello), MSG_DONTWAIT);
  if (received < 0 && (errno == EAGAIN || errno == EINTR)) {
    if (now - newcomer.since < kPatience) return false;
    drop("it says nothing");
    return true;
  }
  if (received <= 0) return true;  // gone before it said anything
  if (received != sizeof(hello) || hello.magic != Hello{}.magic || hello.door != options_.door) {
    drop("it does not prove to be of this job");
    return true;
  }
  unwatch(newcomer.socket);
  const auto [place, fresh] = callers_.try_emplace(hello.from, std::move(newcomer.socket));
  if (!fresh) {
    drop("that rank has called before");
  } else if (const auto said = said_.find(hello.from); said != said_.end()) {
    tell(place->second, said->second);
  }
  return true;
}

void Listener::say(Rank peer, const Farewell& farewell) {
  if (!said_.try_emplace(peer, farewell).second) return;
  if (const auto caller = callers_.find(peer); caller != callers_.end()) tell(caller->second, farewell);
}

void Listener::close() {
  unwatch(socket_);
  for (const auto& newcomer : newcomers_) unwatch(newcomer.socket);
  for (auto& [peer, socket] : callers_) {
    if (socket) tell(socket, {.reason = Farewell::Reason::left});
  }
  socket_.reset();
  newcomers_.clear();
  callers_.clear();
}

// Closing does not suffice where a forked child holds the socket too.
void Listener::unwatch(const FileDescriptor& socket) const {
  if (socket) ::epoll_ctl(options_.epoll, EPOLL_CTL_DEL, socket.get(), nullptr);
}

void Listener::drop(const char* why) {
  if (dropped_++ == 0) {
    options_.log.warn(options_.room, "dropped a connection: {}; more of them are not reported", why);
  } else {
    options_.log.debug(options_.room, "dropped a connection: {}", why);
  }
}

}  // namespace tutti::transport::packets
