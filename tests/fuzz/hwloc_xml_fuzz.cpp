// hwloc's XML from elsewhere. What hwloc does with it, it does in a process of its own.
#include <cstdint>
#include <string_view>

#include "topology/node/machine.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)tutti::topology::read_foreign(text);
  return 0;
}
