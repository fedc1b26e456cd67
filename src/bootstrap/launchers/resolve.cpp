#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "bootstrap/launchers/serve.hpp"
#include "bootstrap/net/interfaces.hpp"

namespace tutti::bootstrap {
namespace {

bool is_loopback(const NetAddress& address) {
  constexpr std::array<std::byte, 16> kV6Loopback = {
      {{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, std::byte{1}}};
  return address.is_v4() ? address.ip[12] == std::byte{127} : address.ip == kV6Loopback;
}

bool is_own_name(const std::string& host) {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return false;
  const std::string own = name.data();
  return host == own || host.starts_with(own + ".") || own.starts_with(host + ".");
}

NetAddress address_of(const addrinfo& found, std::uint16_t port) {
  if (found.ai_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, found.ai_addr, sizeof(v4));
    std::array<std::byte, 4> ip{};
    std::memcpy(ip.data(), &v4.sin_addr, ip.size());
    return NetAddress::v4(ip, port);
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, found.ai_addr, sizeof(v6));
  NetAddress address{{}, port};
  std::memcpy(address.ip.data(), &v6.sin6_addr, address.ip.size());
  return address;
}

Result<std::vector<NetAddress>> look_up(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_family = AF_UNSPEC;
  addrinfo* raw = nullptr;
  if (const int failed = ::getaddrinfo(host.c_str(), nullptr, &hints, &raw); failed != 0) {
    return Error{Code::system, fmt::format("cannot find host '{}': {}", host, ::gai_strerror(failed))};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(raw, &::freeaddrinfo);
  std::vector<NetAddress> addresses;
  for (const addrinfo* found = raw; found != nullptr; found = found->ai_next) {
    if (found->ai_family != AF_INET && found->ai_family != AF_INET6) continue;
    const auto address = address_of(*found, port);
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) addresses.push_back(address);
  }
  return addresses;
}

}  // namespace

Result<std::vector<NetAddress>> resolve(const std::string& host_and_port, const Config& config) {
  const auto colon = host_and_port.rfind(':');
  auto host = host_and_port.substr(0, colon);
  const auto port = parse_integer(colon == std::string::npos ? "" : host_and_port.substr(colon + 1), 1, 65535);
  if (!port || host.empty()) {
    return Error{
        Code::invalid_argument,
        fmt::format("'{}' is not an address: expected host:port, as gpu-00:29600 or [fd00::2]:29600", host_and_port)};
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  auto addresses = TUTTI_TRY(look_up(host, static_cast<std::uint16_t>(*port)));
  if (is_own_name(host) && std::all_of(addresses.begin(), addresses.end(), is_loopback)) {
    if (auto own = choose_addresses(list_interfaces(), config.iface)) {
      for (auto& address : *own) {
        address.port = static_cast<std::uint16_t>(*port);
        addresses.insert(addresses.begin(), address);
      }
    }
  }
  if (addresses.size() > kMaxAddresses) addresses.resize(kMaxAddresses);
  return addresses;
}

}  // namespace tutti::bootstrap
