// The way of a plan, as a user may write it: what makes a plan is written in a form that is read again.
#include <cstdint>
#include <memory>
#include <string_view>

#include "plan/way.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const auto kLevels = std::make_shared<const tutti::topology::Levels>(*tutti::topology::Levels::parse("3x2"));
  for (const auto collective : tutti::plan::kCollectives) {
    const auto plan = tutti::plan::parse_way(text, collective, kLevels);
    if (!plan || !refusal(*plan).empty()) continue;
    const auto again = tutti::plan::parse_way(tutti::plan::way_of(*plan), collective, kLevels);
    if (!again || !(*again == *plan)) __builtin_trap();
  }
  return 0;
}
