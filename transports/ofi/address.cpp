#include "transports/ofi/address.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace tutti::transport::ofi {
namespace {

constexpr std::array kMagic = {std::byte{'t'}, std::byte{'o'}, std::byte{'f'}, std::byte{'1'}};
constexpr std::size_t kHeader = kMagic.size() + sizeof(std::uint64_t);
constexpr std::size_t kLongestField = 255;

std::uint64_t checksum(std::span<const std::byte> bytes) {
  std::uint64_t sum = 0xcbf29ce484222325;
  for (const std::byte byte : bytes) sum = (sum ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3;
  return sum;
}

void put(std::vector<std::byte>& bytes, std::span<const std::byte> field) {
  field = field.first(std::min(field.size(), kLongestField));
  bytes.push_back(static_cast<std::byte>(field.size()));
  bytes.insert(bytes.end(), field.begin(), field.end());
}

/// The next field; takes it from `bytes`.
std::optional<std::span<const std::byte>> take(std::span<const std::byte>& bytes) {
  if (bytes.empty()) return std::nullopt;
  const auto size = std::to_integer<std::size_t>(bytes[0]);
  if (bytes.size() < 1 + size) return std::nullopt;
  const auto field = bytes.subspan(1, size);
  bytes = bytes.subspan(1 + size);
  return field;
}

std::string text_of(std::span<const std::byte> field) {
  return {reinterpret_cast<const char*>(field.data()), field.size()};
}

}  // namespace

std::vector<std::byte> encode(const Address& address) {
  std::vector<std::byte> bytes(kHeader + sizeof(address.door));
  std::ranges::copy(kMagic, bytes.begin());
  std::memcpy(&bytes[kHeader], &address.door, sizeof(address.door));
  put(bytes, std::as_bytes(std::span(address.kind)));
  put(bytes, std::as_bytes(std::span(address.place)));
  put(bytes, address.lifeline);
  put(bytes, address.fabric);
  const std::uint64_t sum = checksum(std::span(bytes).subspan(kHeader));
  std::memcpy(&bytes[kMagic.size()], &sum, sizeof(sum));
  return bytes;
}

std::optional<Address> decode(std::span<const std::byte> bytes) {
  Address address;
  if (bytes.size() < kHeader + sizeof(address.door) || !std::ranges::equal(bytes.first(kMagic.size()), kMagic)) {
    return std::nullopt;
  }
  std::uint64_t sum = 0;
  std::memcpy(&sum, &bytes[kMagic.size()], sizeof(sum));
  if (sum != checksum(bytes.subspan(kHeader))) return std::nullopt;
  std::memcpy(&address.door, &bytes[kHeader], sizeof(address.door));
  auto rest = bytes.subspan(kHeader + sizeof(address.door));
  std::array<std::span<const std::byte>, 4> fields;
  for (auto& field : fields) {
    const auto taken = take(rest);
    if (!taken) return std::nullopt;
    field = *taken;
  }
  if (!rest.empty()) return std::nullopt;
  address.kind = text_of(fields[0]);
  address.place = text_of(fields[1]);
  address.lifeline.assign(fields[2].begin(), fields[2].end());
  address.fabric.assign(fields[3].begin(), fields[3].end());
  return address;
}

}  // namespace tutti::transport::ofi
