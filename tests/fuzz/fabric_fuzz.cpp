// A fabric's description, as a user may write it, and what the planner gets of it.
#include <cstdint>
#include <string_view>

#include "topology/fabric/described.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto description = tutti::topology::read_description(text);
  if (description && description->ranks() <= 4096) (void)tutti::topology::fabric_of(*description);
  return 0;
}
