#include "transports/shm/listener.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace tutti::transport::shm {
namespace {

constexpr std::size_t kMaxNewcomers = 64;
constexpr Duration kPatience = std::chrono::seconds(2);
constexpr int kAcceptsAtOnce = 256;  // a flood of strangers must not keep a rank from its work

void watch(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

}  // namespace

Result<Listener> Listener::create(Options options) {
  FileDescriptor socket = TUTTI_TRY(listen_at(options.name));
  watch(options.epoll, socket.get());
  return Listener(std::move(options), std::move(socket));
}

void Listener::poll(TimePoint now) {
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
      if (errno == EMFILE || errno == ENFILE) drop("this process has no file descriptor left for it");
      return;
    }
    if (peer_user(socket.get()) != static_cast<std::int64_t>(::geteuid())) {
      drop("it belongs to another user");
      continue;
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

bool Listener::hear(Newcomer& newcomer, TimePoint now) {
  std::array<std::byte, kLargestPacket> buffer{};
  auto received = receive_packet(newcomer.socket.get(), buffer);
  if (received.state == Received::State::nothing) {
    if (now - newcomer.since < kPatience) return false;
    drop("it says nothing");
    return true;
  }
  const auto hello = read_packet<Hello>(std::span(buffer).first(std::min(received.bytes, buffer.size())));
  if (!hello || received.bytes > buffer.size() || received.descriptors.size() != 1 ||
      !is_genuine(*hello, options_.self, options_.epoch, options_.name, options_.key)) {
    drop("it does not prove to be of this job");
    return true;
  }
  // A doorbell that could block would stop us when we ring it.
  if ((::fcntl(received.descriptors[0].get(), F_GETFL) & O_NONBLOCK) == 0) {
    drop("its doorbell can block");
    return true;
  }
  unwatch(newcomer.socket);  // whoever takes it watches it; until then what it says wakes nobody
  const auto [place, fresh] =
      callers_.try_emplace(hello->from, Caller{std::move(newcomer.socket), std::move(received.descriptors[0])});
  if (!fresh) drop("that rank has called before");
  return true;
}

// Closing does not suffice where a forked child holds the socket too.
void Listener::unwatch(const FileDescriptor& socket) const {
  if (socket) ::epoll_ctl(options_.epoll, EPOLL_CTL_DEL, socket.get(), nullptr);
}

void Listener::drop(const char* why) {
  if (dropped_++ == 0) {
    options_.log.warn("shm", "dropped a connection: {}; more of them are not reported", why);
  } else {
    options_.log.debug("shm", "dropped a connection: {}", why);
  }
}

std::optional<Caller> Listener::take(Rank peer) {
  const auto place = callers_.find(peer);
  if (place == callers_.end()) return std::nullopt;
  Caller caller = std::move(place->second);
  callers_.erase(place);
  return caller;
}

}  // namespace tutti::transport::shm
