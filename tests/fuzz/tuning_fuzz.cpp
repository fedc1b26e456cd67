// tutti.tuning/1, as a user may bring it: what is read is written and read again.
#include <cstdint>
#include <string_view>

#include "plan/exchange/exchange.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto table = tutti::plan::read_tuning({reinterpret_cast<const char*>(data), size});
  if (!table) return 0;
  const auto again = tutti::plan::read_tuning(tutti::plan::write_tuning(*table));
  if (!again || !(*again == *table)) __builtin_trap();
  return 0;
}
