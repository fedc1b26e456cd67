// A card that a peer hands out: what is accepted is what `encode` makes of it again.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "transports/card.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto card = tutti::transport::decode(bytes);
  if (!card) return 0;
  const auto again = tutti::transport::encode(*card);
  if (!std::equal(again.begin(), again.end(), bytes.begin(), bytes.end())) std::abort();
  return 0;
}
