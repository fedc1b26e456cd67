// tutti.plan/1, as a user may bring it: what is read is written and read again.
#include <cstdint>
#include <string_view>

#include "plan/exchange/exchange.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto plan = tutti::plan::read_plan({reinterpret_cast<const char*>(data), size});
  if (!plan) return 0;
  const auto again = tutti::plan::read_plan(tutti::plan::write_plan(*plan));
  if (!again || !(*again == *plan)) __builtin_trap();
  return 0;
}
