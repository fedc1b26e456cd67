// tutti.limits/1, as a user may bring it: no limit is below 0, at any size.
#include <cstdint>
#include <string>

#include "tools/perf/compare/limits.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto limits = tutti::perf::parse_limits(text, 2);
  if (!limits) return 0;
  for (const auto& collective : tutti::perf::kCollectives) {
    for (const std::size_t bytes : {std::size_t{8}, std::size_t{4096}, std::size_t{1} << 30}) {
      const auto us = limits->of(collective.kind, bytes, 2);
      if (us && *us < 0) __builtin_trap();
    }
  }
  return 0;
}
