#include "transports/shm/address.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <fstream>

namespace tutti::transport::shm {
namespace {

constexpr std::array kMagic = {std::byte{'t'}, std::byte{'s'}, std::byte{'h'}, std::byte{'1'}};
constexpr std::size_t kFixed = kMagic.size() + 16 + 8 + 16 + 1;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// "151e528a-7759-4caa-9c1a-4ec400a69b19" as 16 bytes.
std::optional<std::array<std::byte, 16>> parse_uuid(const std::string& text) {
  std::array<std::byte, 16> uuid{};
  std::size_t digits = 0;
  for (const char c : text) {
    if (c == '-') continue;
    const int digit = hex_digit(c);
    if (digit < 0 || digits == 32) return std::nullopt;
    uuid[digits / 2] = static_cast<std::byte>(std::to_integer<int>(uuid[digits / 2]) << 4 | digit);
    ++digits;
  }
  if (digits != 32) return std::nullopt;
  return uuid;
}

}  // namespace

std::uint64_t owner_number(const SocketName& socket) {
  std::uint64_t number = 0;
  std::memcpy(&number, socket.data(), sizeof(number));  // names are random
  return number;
}

Result<Place> find_place(std::string node_id) {
  if (node_id.size() > 255) return Error{Code::invalid_argument, "the node id is longer than 255 bytes"};
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string text;
  std::getline(file, text);
  const auto boot = parse_uuid(text);
  struct stat network {};
  if (!boot || ::stat("/proc/self/ns/net", &network) != 0) {
    return Error{Code::unsupported, "shm needs /proc to tell machines and network namespaces apart"};
  }
  return Place{*boot, network.st_ino, std::move(node_id)};
}

std::vector<std::byte> encode(const Address& address) {
  std::vector<std::byte> bytes(kFixed + address.place.node_id.size());
  std::byte* at = bytes.data();
  const auto append = [&](const void* part, std::size_t size) {
    std::memcpy(at, part, size);
    at += size;
  };
  append(kMagic.data(), kMagic.size());
  append(address.place.boot.data(), address.place.boot.size());
  append(&address.place.network_namespace, sizeof(address.place.network_namespace));
  append(address.socket.data(), address.socket.size());
  *at++ = static_cast<std::byte>(address.place.node_id.size());
  append(address.place.node_id.data(), address.place.node_id.size());
  return bytes;
}

std::optional<Address> decode(std::span<const std::byte> bytes) {
  if (bytes.size() < kFixed || !std::ranges::equal(bytes.first(kMagic.size()), kMagic)) return std::nullopt;
  if (bytes.size() != kFixed + std::to_integer<std::size_t>(bytes[kFixed - 1])) return std::nullopt;
  Address address;
  const std::byte* at = bytes.data() + kMagic.size();
  const auto take = [&](void* out, std::size_t size) {
    std::memcpy(out, at, size);
    at += size;
  };
  take(address.place.boot.data(), address.place.boot.size());
  take(&address.place.network_namespace, sizeof(address.place.network_namespace));
  take(address.socket.data(), address.socket.size());
  for (const std::byte c : bytes.subspan(kFixed)) address.place.node_id.push_back(static_cast<char>(c));
  return address;
}

}  // namespace tutti::transport::shm
