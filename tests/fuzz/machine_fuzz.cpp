// A machine as data: what the process that parses hwloc's XML hands back.
#include <cstdint>
#include <string_view>

#include "topology/node/machine.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto machine = tutti::topology::read_machine(text);
  if (machine) (void)tutti::topology::write_machine(*machine);
  return 0;
}
