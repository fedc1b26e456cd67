#include "bootstrap/wire/handshake.hpp"

#include <algorithm>

#include "bootstrap/wire/codec.hpp"

namespace tutti::bootstrap {
namespace {

constexpr std::uint64_t kMagic = 0x0A0D7465656D7454;  // "Ttmeet\r\n"
constexpr std::size_t kReserved = 12;
constexpr std::size_t kNonce = 32;

}  // namespace

Header make_header(const Greeting& mine) {
  std::array<std::byte, kNonce> nonce{};
  fill_random(nonce);
  Writer writer;
  writer.number(kMagic).number(mine.version).number(static_cast<std::uint8_t>(mine.role)).number(std::uint8_t{0});
  writer.number(mine.rank).number(mine.world_size).raw(std::array<std::byte, kReserved>{}).raw(nonce);
  const auto bytes = writer.take();
  Header header{};
  std::copy(bytes.begin(), bytes.end(), header.begin());
  return header;
}

std::optional<Greeting> read_header(std::span<const std::byte, kHeaderBytes> bytes) {
  Reader reader(bytes);
  if (reader.number<std::uint64_t>() != kMagic) return std::nullopt;
  Greeting greeting;
  greeting.version = reader.number<std::uint16_t>();
  const auto role = reader.number<std::uint8_t>();
  if (role < 1 || role > 3) return std::nullopt;
  greeting.role = static_cast<Role>(role);
  reader.raw(1);
  greeting.rank = reader.number<std::int32_t>();
  greeting.world_size = reader.number<std::int32_t>();
  return greeting;
}

Proof answerer_proof(const Key& key, const Header& caller, const Header& answerer) {
  return mac(key, {bytes_of("tutti meeting, answerer"), caller, answerer});
}

Proof caller_proof(const Key& key, const Header& caller, const Header& answerer) {
  return mac(key, {bytes_of("tutti meeting, caller"), caller, answerer});
}

}  // namespace tutti::bootstrap
