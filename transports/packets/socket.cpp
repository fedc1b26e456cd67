#include "transports/packets/socket.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace tutti::transport::packets {
namespace {

// A host that died without a word is noticed after 5 s + 5 x 2 s, whether or not something is under way to it.
constexpr int kIdleSeconds = 5;
constexpr int kProbeSeconds = 2;
constexpr int kProbes = 5;
constexpr int kDeadMilliseconds = 15'000;

Error refused(const char* what) {
  return {Code::system, fmt::format("{}: {}", what, std::strerror(errno))};
}

FileDescriptor make_socket(const SocketAddress& address) {
  return FileDescriptor(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

void set(int socket, int level, int option, int value) {
  static_cast<void>(::setsockopt(socket, level, option, &value, sizeof(value)));
}

std::vector<SocketAddress> all_addresses() {
  std::vector<SocketAddress> found;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return found;
  for (const auto* at = list; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || (at->ifa_flags & IFF_UP) == 0) continue;
    const auto family = at->ifa_addr->sa_family;
    const std::size_t size = family == AF_INET ? sizeof(sockaddr_in) : family == AF_INET6 ? sizeof(sockaddr_in6) : 0;
    const auto address = SocketAddress::of({reinterpret_cast<const std::byte*>(at->ifa_addr), size});
    if (address && !address->is_link_local()) found.push_back(*address);
  }
  ::freeifaddrs(list);
  return found;
}

std::string text_of(const SocketAddress& address) {
  char text[INET6_ADDRSTRLEN] = "";
  const void* host = &reinterpret_cast<const sockaddr_in&>(address.storage).sin_addr;
  if (address.storage.ss_family == AF_INET6) host = &reinterpret_cast<const sockaddr_in6&>(address.storage).sin6_addr;
  ::inet_ntop(address.storage.ss_family, host, text, sizeof(text));
  return text;
}

}  // namespace

std::optional<SocketAddress> SocketAddress::of(std::span<const std::byte> bytes) {
  sa_family_t family = AF_UNSPEC;
  if (bytes.data() == nullptr || bytes.size() < sizeof(sockaddr_in)) return std::nullopt;
  std::memcpy(&family, bytes.data() + offsetof(sockaddr, sa_family), sizeof(family));
  const std::size_t size = family == AF_INET ? sizeof(sockaddr_in) : family == AF_INET6 ? sizeof(sockaddr_in6) : 0;
  if (size == 0 || bytes.size() != size) return std::nullopt;
  SocketAddress address;
  std::memcpy(&address.storage, bytes.data(), size);
  address.size = static_cast<socklen_t>(size);
  return address;
}

std::span<const std::byte> SocketAddress::bytes() const {
  return std::as_bytes(std::span(&storage, 1)).first(size);
}

bool SocketAddress::is_loopback() const {
  if (storage.ss_family == AF_INET)
    return (ntohl(reinterpret_cast<const sockaddr_in&>(storage).sin_addr.s_addr) >> 24) == IN_LOOPBACKNET;
  return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr);
}

bool SocketAddress::is_link_local() const {
  return storage.ss_family == AF_INET6 &&
         IN6_IS_ADDR_LINKLOCAL(&reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr);
}

bool SocketAddress::operator==(const SocketAddress& other) const {
  return storage.ss_family == other.storage.ss_family && text_of(*this) == text_of(other);
}

std::string this_place() {
  std::string boot;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id") >> std::ws, boot);
  struct stat network {};
  const bool known = ::stat("/proc/self/ns/net", &network) == 0;
  return fmt::format("{}:{}", boot, known ? network.st_ino : 0);
}

Result<std::vector<SocketAddress>> own_addresses(const std::vector<std::string>& texts) {
  auto all = all_addresses();
  if (texts.empty()) {
    const auto rank = [](const SocketAddress& one) {
      return 2 * static_cast<int>(one.is_loopback()) + static_cast<int>(one.storage.ss_family == AF_INET6);
    };
    std::ranges::stable_sort(all, [&](const auto& left, const auto& right) { return rank(left) < rank(right); });
    return all;
  }
  std::vector<SocketAddress> chosen;
  for (const auto& text : texts) {
    const auto place = std::ranges::find_if(all, [&](const auto& one) { return text_of(one) == text; });
    if (place == all.end()) {
      std::vector<std::string> names;
      for (const auto& one : all) names.push_back(text_of(one));
      return Error{Code::invalid_argument,
                   fmt::format("{} is no address of this machine; it has {}", text, fmt::join(names, ", "))};
    }
    chosen.push_back(*place);
  }
  return chosen;
}

Result<FileDescriptor> listen_at(SocketAddress& address) {
  FileDescriptor socket = make_socket(address);
  if (!socket) return refused("no socket");
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0 ||
      ::listen(socket.get(), SOMAXCONN) != 0 ||
      ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address.storage), &address.size) != 0) {
    return refused("cannot listen for its peers' ends");
  }
  return socket;
}

Result<FileDescriptor> dial(const SocketAddress& address) {
  FileDescriptor socket = make_socket(address);
  if (!socket) return refused("no socket for a lifeline (see ulimit -n)");
  set(socket.get(), SOL_SOCKET, SO_KEEPALIVE, 1);
  set(socket.get(), IPPROTO_TCP, TCP_KEEPIDLE, kIdleSeconds);
  set(socket.get(), IPPROTO_TCP, TCP_KEEPINTVL, kProbeSeconds);
  set(socket.get(), IPPROTO_TCP, TCP_KEEPCNT, kProbes);
  set(socket.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, kDeadMilliseconds);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0 &&
      errno != EINPROGRESS) {
    return refused("no way to the peer");
  }
  return socket;
}

}  // namespace tutti::transport::packets
