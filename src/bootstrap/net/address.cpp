#include "bootstrap/net/address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace tutti::bootstrap {
namespace {

constexpr std::array<std::byte, 12> kV4Prefix = {std::byte{0}, std::byte{0}, std::byte{0},    std::byte{0},
                                                 std::byte{0}, std::byte{0}, std::byte{0},    std::byte{0},
                                                 std::byte{0}, std::byte{0}, std::byte{0xFF}, std::byte{0xFF}};

}  // namespace

bool NetAddress::is_v4() const {
  return std::equal(kV4Prefix.begin(), kV4Prefix.end(), ip.begin());
}

NetAddress NetAddress::v4(std::span<const std::byte, 4> ip, std::uint16_t port) {
  NetAddress address{{}, port};
  std::copy(ip.begin(), ip.end(), std::copy(kV4Prefix.begin(), kV4Prefix.end(), address.ip.begin()));
  return address;
}

std::optional<NetAddress> NetAddress::parse_ip(std::string_view text) {
  const std::string terminated(text);
  std::array<std::byte, 4> four{};
  if (inet_pton(AF_INET, terminated.c_str(), four.data()) == 1) return v4(four, 0);
  NetAddress address;
  if (inet_pton(AF_INET6, terminated.c_str(), address.ip.data()) == 1) return address;
  return std::nullopt;
}

std::string to_string(const NetAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.is_v4()) {
    inet_ntop(AF_INET, address.ip.data() + kV4Prefix.size(), text.data(), text.size());
    return fmt::format("{}:{}", text.data(), address.port);
  }
  inet_ntop(AF_INET6, address.ip.data(), text.data(), text.size());
  return fmt::format("[{}]:{}", text.data(), address.port);
}

std::string to_string(const Where& where) {
  if (!where.unix_name.empty()) return "this node's socket";
  std::string all;
  for (const auto& address : where.network) all += (all.empty() ? "" : ", ") + to_string(address);
  return all.empty() ? "nowhere" : all;
}

}  // namespace tutti::bootstrap
