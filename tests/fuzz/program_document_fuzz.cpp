// tutti.program/1, as a user may bring it: read, written and read again, and proven or refused.
#include <cstdint>
#include <string_view>

#include "plan/exchange/brought.hpp"
#include "plan/exchange/exchange.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto programs = tutti::plan::read_programs(text);
  if (!programs) return 0;
  const auto again = tutti::plan::read_programs(tutti::plan::write_programs(*programs));
  if (!again || !(*again == *programs)) __builtin_trap();
  (void)tutti::plan::read_brought(text);
  return 0;
}
