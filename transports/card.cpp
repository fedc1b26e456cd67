#include "transports/card.hpp"

namespace tutti::transport {
namespace {

Error malformed() {
  return {Code::transport, "a peer's card is malformed"};
}

}  // namespace

std::vector<std::byte> encode(const Card& card) {
  std::vector<std::byte> bytes;
  for (const auto& entry : card) {
    bytes.push_back(static_cast<std::byte>(entry.transport.size()));
    for (const char c : entry.transport) bytes.push_back(static_cast<std::byte>(c));
    bytes.push_back(static_cast<std::byte>(entry.address.size() & 0xff));
    bytes.push_back(static_cast<std::byte>(entry.address.size() >> 8));
    bytes.insert(bytes.end(), entry.address.begin(), entry.address.end());
  }
  return bytes;
}

Result<Card> decode(std::span<const std::byte> bytes) {
  if (bytes.size() > kMaxCardBytes) return malformed();
  Card card;
  while (!bytes.empty()) {
    const auto name_size = std::to_integer<std::size_t>(bytes[0]);
    if (name_size == 0 || bytes.size() < 1 + name_size + 2) return malformed();
    CardEntry entry;
    for (const std::byte c : bytes.subspan(1, name_size)) entry.transport.push_back(static_cast<char>(c));
    bytes = bytes.subspan(1 + name_size);
    const auto size = std::to_integer<std::size_t>(bytes[0]) | std::to_integer<std::size_t>(bytes[1]) << 8;
    if (bytes.size() < 2 + size) return malformed();
    const auto address = bytes.subspan(2, size);
    entry.address.assign(address.begin(), address.end());
    bytes = bytes.subspan(2 + size);
    card.push_back(std::move(entry));
  }
  return card;
}

}  // namespace tutti::transport
