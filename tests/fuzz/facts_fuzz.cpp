// What a rank says about itself when ranks meet.
#include <cstdint>

#include "comm/facts.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto facts = tutti::comm::decode_facts(std::as_bytes(std::span(data, size)));
  if (facts) (void)tutti::comm::encode(*facts);
  return 0;
}
