#include "transports/ucx/address.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace tutti::transport::ucx {
namespace {

constexpr std::array kMagic = {std::byte{'t'}, std::byte{'u'}, std::byte{'x'}, std::byte{'1'}};
constexpr std::size_t kHeader = kMagic.size() + sizeof(std::uint64_t);

std::uint64_t checksum(std::span<const std::byte> bytes) {
  std::uint64_t sum = 0xcbf29ce484222325;
  for (const std::byte byte : bytes) sum = (sum ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3;
  return sum;
}

}  // namespace

std::vector<std::byte> frame(std::span<const std::byte> worker_address) {
  const std::uint64_t sum = checksum(worker_address);
  std::vector<std::byte> bytes(kHeader + worker_address.size());
  std::ranges::copy(kMagic, bytes.begin());
  std::memcpy(bytes.data() + kMagic.size(), &sum, sizeof(sum));
  std::ranges::copy(worker_address, bytes.begin() + kHeader);
  return bytes;
}

std::optional<std::span<const std::byte>> unframe(std::span<const std::byte> address) {
  if (address.size() <= kHeader || !std::ranges::equal(address.first(kMagic.size()), kMagic)) return std::nullopt;
  std::uint64_t sum = 0;
  std::memcpy(&sum, address.data() + kMagic.size(), sizeof(sum));
  const auto inner = address.subspan(kHeader);
  if (sum != checksum(inner)) return std::nullopt;
  return inner;
}

}  // namespace tutti::transport::ucx
