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
  std::vector<std::byte> bytes(kMagic.begin(), kMagic.end());
  const auto sum_bytes = std::as_bytes(std::span(&sum, 1));
  bytes.insert(bytes.end(), sum_bytes.begin(), sum_bytes.end());
  bytes.insert(bytes.end(), worker_address.begin(), worker_address.end());
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
