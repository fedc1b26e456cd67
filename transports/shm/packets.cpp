#include "transports/shm/packets.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace tutti::transport::shm {
namespace {

constexpr std::size_t kMaxDescriptors = 4;  // of which we use one; the rest is closed

struct Name {
  sockaddr_un address{};
  socklen_t size = 0;
};

Name abstract(const SocketName& name) {
  Name full;
  full.address.sun_family = AF_UNIX;
  // "\0tutti" and the random bytes: whoever lists sockets sees whose it is.
  constexpr std::array<char, 6> kPrefix = {'\0', 't', 'u', 't', 't', 'i'};
  std::ranges::copy(kPrefix, full.address.sun_path);
  std::memcpy(full.address.sun_path + kPrefix.size(), name.data(), name.size());
  full.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + kPrefix.size() + name.size());
  return full;
}

FileDescriptor make_socket() {
  return FileDescriptor(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

}  // namespace

Result<FileDescriptor> listen_at(const SocketName& name) {
  FileDescriptor socket = make_socket();
  const Name full = abstract(name);
  const bool listens = socket &&
                       ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&full.address), full.size) == 0 &&
                       ::listen(socket.get(), SOMAXCONN) == 0;
  if (!listens) return Error{Code::system, fmt::format("shm: no socket to listen on: {}", std::strerror(errno))};
  return socket;
}

Dialed dial(const SocketName& name) {
  FileDescriptor socket = make_socket();
  if (!socket) return {};
  const Name full = abstract(name);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&full.address), full.size) != 0) {
    return {errno == EAGAIN ? Dial::busy : Dial::refused, {}};
  }
  if (peer_user(socket.get()) != static_cast<std::int64_t>(::geteuid())) return {};
  return {Dial::open, std::move(socket)};
}

std::int64_t peer_user(int socket) {
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return -1;
  return credentials.uid;
}

pid_t peer_id(int socket) {
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  const bool known = ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0;
  return known && credentials.pid > 0 ? credentials.pid : 0;
}

PeerProcess peer_process(int socket) {
  const pid_t id = peer_id(socket);
  if (id == 0 || id == ::getpid()) return {};
  FileDescriptor handle(static_cast<int>(::syscall(SYS_pidfd_open, id, 0)));
  const bool ended = !handle && errno == ESRCH;
  return {std::move(handle), ended};
}

bool has_ended(const FileDescriptor& process) {
  pollfd event{process.get(), POLLIN, 0};
  return process && ::poll(&event, 1, 0) == 1;
}

bool send_packet(int socket, std::span<const std::byte> bytes, int descriptor) {
  iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};  // sendmsg only reads
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  if (descriptor >= 0) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
  }
  return ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

Received receive_packet(int socket, std::span<std::byte> buffer) {
  iovec part{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxDescriptors * sizeof(int))> control{};
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t bytes = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC | MSG_TRUNC);
  Received received;
  if (bytes < 0 && (errno == EAGAIN || errno == EINTR)) return received;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); bytes >= 0 && header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
      received.descriptors.emplace_back(descriptor);
    }
  }
  // Nobody here sends an empty packet: 0 is the end.
  received.state = bytes <= 0 ? Received::State::closed : Received::State::packet;
  received.bytes = bytes <= 0 ? 0 : static_cast<std::size_t>(bytes);
  return received;
}

}  // namespace tutti::transport::shm
