#include "bootstrap/net/door.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <asio/ip/tcp.hpp>
#include <asio/ip/v6_only.hpp>
#include <asio/local/stream_protocol.hpp>
#include <cstring>

namespace tutti::bootstrap {
namespace {

void set_option(int fd, int level, int name, int value) {
  // Best effort: an option that the kernel lacks is no reason not to talk.
  [[maybe_unused]] const int done = ::setsockopt(fd, level, name, &value, sizeof(value));
}

void close_on_exec(int fd) {
  [[maybe_unused]] const int done = ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

bool is_same_user(int fd) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == ::geteuid();
}

}  // namespace

Endpoint endpoint_of(const NetAddress& address) {
  if (address.is_v4()) {
    asio::ip::address_v4::bytes_type ip{};
    std::memcpy(ip.data(), address.ip.data() + 12, ip.size());
    return asio::ip::tcp::endpoint(asio::ip::address_v4(ip), address.port);
  }
  asio::ip::address_v6::bytes_type ip{};
  std::memcpy(ip.data(), address.ip.data(), ip.size());
  return asio::ip::tcp::endpoint(asio::ip::address_v6(ip), address.port);
}

Endpoint endpoint_of_unix(const std::string& name) {
  return asio::local::stream_protocol::endpoint(std::string(1, '\0') + name);
}

std::string peer_of(const Socket& socket) {
  asio::error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return "an unknown address";
  if (endpoint.protocol().family() == AF_UNIX) return "this node";
  asio::ip::tcp::endpoint tcp;
  if (endpoint.size() > tcp.capacity()) return "an unknown address";
  std::memcpy(tcp.data(), endpoint.data(), endpoint.size());
  tcp.resize(endpoint.size());
  const auto text = tcp.address().to_string();
  return tcp.address().is_v6() ? fmt::format("[{}]:{}", text, tcp.port()) : fmt::format("{}:{}", text, tcp.port());
}

void prepare(Socket& socket) {
  const int fd = socket.native_handle();
  close_on_exec(fd);
  int domain = 0;
  socklen_t size = sizeof(domain);
  if (::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain == AF_UNIX) return;
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  // The kernel asks a silent peer after 5 s, every 2 s, and gives up after 15 s: no timer of ours has to run.
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 5);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 2);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 5);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 15000);
}

std::unique_ptr<Door> Door::bind(asio::io_context& io, const Endpoint& endpoint, bool is_unix,
                                 asio::error_code& error) {
  std::unique_ptr<Door> door(new Door(io, is_unix));  // NOLINT: the constructor is private
  door->acceptor_.open(endpoint.protocol(), error);
  if (error) return nullptr;
  close_on_exec(door->acceptor_.native_handle());
  if (!is_unix) set_option(door->acceptor_.native_handle(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (endpoint.protocol().family() == AF_INET6) door->acceptor_.set_option(asio::ip::v6_only(true), error);
  if (!error) door->acceptor_.bind(endpoint, error);
  if (!error) door->acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return nullptr;
  return door;
}

Result<std::unique_ptr<Door>> Door::open(asio::io_context& io, NetAddress address, PortRange ports) {
  asio::error_code error;
  for (std::uint32_t port = ports.low; port <= ports.high; ++port) {
    address.port = static_cast<std::uint16_t>(port);
    auto door = bind(io, endpoint_of(address), false, error);
    if (door) {
      asio::ip::tcp::endpoint bound;
      const auto local = door->acceptor_.local_endpoint(error);
      std::memcpy(bound.data(), local.data(), std::min(local.size(), bound.capacity()));
      door->address_ = address;
      door->address_.port = bound.port();
      return door;
    }
    if (error != asio::error::address_in_use) break;
  }
  const auto where = to_string(address);
  const auto ip = where.substr(0, where.rfind(':'));
  if (error == asio::error::address_in_use) {
    return Error{Code::system,
                 ports.low == ports.high
                     ? fmt::format("cannot listen on {}: the port is in use", where)
                     : fmt::format("cannot listen on {}: all ports from {} to {} (TUTTI_PORT_RANGE) are in use", ip,
                                   ports.low, ports.high)};
  }
  if (error.value() == EADDRNOTAVAIL) {
    return Error{Code::invalid_argument,
                 fmt::format("cannot listen on {}: that is not an address of this machine", where)};
  }
  return Error{Code::system, fmt::format("cannot listen on {}: {}", where, error.message())};
}

Result<std::unique_ptr<Door>> Door::open_unix(asio::io_context& io, const std::string& name) {
  asio::error_code error;
  auto door = bind(io, endpoint_of_unix(name), true, error);
  if (door) return door;
  return Error{error == asio::error::address_in_use ? Code::invalid_usage : Code::system,
               fmt::format("cannot listen on this node's socket: {}", error.message())};
}

void Door::welcome(std::function<void(Socket)> came) {
  came_ = std::move(came);
  accept_next();
}

void Door::accept_next() {
  acceptor_.async_accept([this, here = std::weak_ptr(here_)](const asio::error_code& error, Socket socket) {
    if (here.expired()) return;
    if (error) {  // out of file descriptors, most likely: later there may be some
      pause_.expires_after(std::chrono::milliseconds(100));
      pause_.async_wait([this, here](const asio::error_code& stopped) {
        if (!stopped && !here.expired()) accept_next();
      });
      return;
    }
    if (!is_unix_ || is_same_user(socket.native_handle())) {
      prepare(socket);
      came_(std::move(socket));
    }
    if (!here.expired()) accept_next();
  });
}

}  // namespace tutti::bootstrap
