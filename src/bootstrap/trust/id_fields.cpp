#include "bootstrap/trust/id_fields.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>

#include "bootstrap/wire/codec.hpp"

namespace tutti::bootstrap {
namespace {

constexpr std::uint32_t kMagic = 0x49545554;  // "TUTI"
constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kLauncher = 0x80;
constexpr std::size_t kChecked = 124;

std::uint32_t checksum(std::span<const std::byte> bytes) {
  return static_cast<std::uint32_t>(fingerprint(bytes.first(kChecked)));
}

}  // namespace

UniqueId encode(const IdFields& fields) {
  Writer writer;
  const auto flags = static_cast<std::uint8_t>(fields.root.size() | (fields.launcher ? kLauncher : 0));
  writer.number(kMagic).number(kVersion).number(flags).raw(fields.key.bytes());
  for (std::size_t i = 0; i < kMaxAddresses; ++i) {
    const NetAddress address = i < fields.root.size() ? fields.root[i] : NetAddress{};
    writer.raw(address.ip).number(address.port);
  }
  writer.number(fields.process).number(fields.node).number(std::uint16_t{0});
  auto bytes = writer.take();
  UniqueId id;
  std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
  sodium_memzero(bytes.data(), bytes.size());
  store(std::span(id.bytes).subspan(kChecked), checksum(id.bytes));
  return id;
}

Result<IdFields> decode(const UniqueId& id) {
  Reader reader(id.bytes);
  if (reader.number<std::uint32_t>() != kMagic) {
    return Error{Code::invalid_argument, "this is not a unique id of tutti: it begins differently"};
  }
  if (const auto version = reader.number<std::uint8_t>(); version != kVersion) {
    return Error{Code::invalid_argument,
                 fmt::format("the unique id has format {}, this library reads {}: mixed versions", version, kVersion)};
  }
  const auto flags = reader.number<std::uint8_t>();
  const std::size_t addresses = flags & 0x7FU;
  IdFields fields;
  fields.launcher = (flags & kLauncher) != 0;
  fields.key = Key(reader.raw(Key::kBytes).first<Key::kBytes>());
  for (std::size_t i = 0; i < kMaxAddresses; ++i) {
    NetAddress address;
    const auto ip = reader.raw(address.ip.size());
    std::copy(ip.begin(), ip.end(), address.ip.begin());
    address.port = reader.number<std::uint16_t>();
    if (i < addresses) fields.root.push_back(address);
  }
  fields.process = reader.number<std::uint32_t>();
  fields.node = reader.number<std::uint64_t>();
  const auto zero = reader.number<std::uint16_t>();
  if (zero != 0 || addresses > kMaxAddresses || reader.number<std::uint32_t>() != checksum(id.bytes)) {
    return Error{Code::invalid_argument, "the unique id is damaged: its checksum does not match"};
  }
  return fields;
}

}  // namespace tutti::bootstrap
