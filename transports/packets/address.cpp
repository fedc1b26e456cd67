#include "transports/packets/address.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace tutti::transport::packets {
namespace {

constexpr std::array kMagic = {std::byte{'t'}, std::byte{'p'}, std::byte{'k'}, std::byte{'1'}};
constexpr std::size_t kHeader = kMagic.size() + sizeof(std::uint64_t);
constexpr std::size_t kLongestField = 4096;

std::uint64_t checksum(std::span<const std::byte> bytes) {
  std::uint64_t sum = 0xcbf29ce484222325;
  for (const std::byte byte : bytes) sum = (sum ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3;
  return sum;
}

void put(std::vector<std::byte>& bytes, std::span<const std::byte> field) {
  field = field.first(std::min(field.size(), kLongestField));
  bytes.push_back(static_cast<std::byte>(field.size() & 0xff));
  bytes.push_back(static_cast<std::byte>(field.size() >> 8));
  bytes.insert(bytes.end(), field.begin(), field.end());
}

/// Reads fields one after the other; empty, and no longer good, once something is missing.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::span<const std::byte> bytes(std::size_t size) {
    good_ = good_ && bytes_.size() >= size;
    if (!good_) return {};
    const auto taken = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return taken;
  }
  std::size_t number(std::size_t size) {
    std::size_t value = 0;
    const auto taken = bytes(size);
    for (std::size_t i = 0; i < taken.size(); ++i) value |= std::to_integer<std::size_t>(taken[i]) << (8 * i);
    return value;
  }
  std::span<const std::byte> field() { return bytes(number(2)); }
  [[nodiscard]] bool is_good() const { return good_; }
  [[nodiscard]] bool is_at_end() const { return good_ && bytes_.empty(); }

 private:
  std::span<const std::byte> bytes_;
  bool good_ = true;
};

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
  bytes.push_back(static_cast<std::byte>(address.rails.size()));
  for (const RailAddress& rail : address.rails) {
    bytes.push_back(static_cast<std::byte>(rail.plane));
    put(bytes, rail.native);
  }
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
  Reader reader(bytes.subspan(kHeader + sizeof(address.door)));
  address.kind = text_of(reader.field());
  address.place = text_of(reader.field());
  const auto lifeline = reader.field();
  address.lifeline.assign(lifeline.begin(), lifeline.end());
  const std::size_t rails = reader.number(1);
  for (std::size_t i = 0; i < rails && reader.is_good(); ++i) {
    RailAddress rail{.plane = static_cast<std::uint8_t>(reader.number(1)), .native = {}};
    const auto native = reader.field();
    rail.native.assign(native.begin(), native.end());
    address.rails.push_back(std::move(rail));
  }
  if (!reader.is_at_end() || address.rails.empty()) return std::nullopt;
  return address;
}

std::vector<std::pair<std::size_t, std::size_t>> common_rails(const Address& mine, const Address& theirs) {
  std::vector<std::pair<std::size_t, std::size_t>> common;
  for (std::size_t i = 0; i < mine.rails.size(); ++i) {
    const auto other = std::ranges::find(theirs.rails, mine.rails[i].plane, &RailAddress::plane);
    if (other != theirs.rails.end()) common.emplace_back(i, static_cast<std::size_t>(other - theirs.rails.begin()));
  }
  if (common.empty()) common.emplace_back(0, 0);
  return common;
}

}  // namespace tutti::transport::packets
