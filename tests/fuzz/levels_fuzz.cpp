// How ranks are nested, as a user may write it.
#include <cstdint>
#include <string_view>

#include "topology/fabric/levels.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto levels = tutti::topology::Levels::parse({reinterpret_cast<const char*>(data), size});
  if (!levels) return 0;
  if (levels->ranks() < 1 || levels->ranks() > tutti::topology::Levels::kMostRanks) __builtin_trap();
  (void)levels->describe();
  return 0;
}
