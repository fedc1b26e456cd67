// What a node's first rank says of its NICs.
#include <cstdint>

#include "comm/nic.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto node = tutti::comm::decode_node_nics(std::as_bytes(std::span(data, size)));
  if (!node) return 0;
  (void)tutti::comm::encode(*node);
  for (std::size_t number = 0; number <= node->seats.size(); ++number) (void)tutti::comm::use_of(*node, number, {});
  return 0;
}
