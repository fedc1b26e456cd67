// MSCCL's XML, as a user may bring it: lowered in every form, and proven or refused.
#include <cstdint>
#include <string_view>

#include "plan/exchange/brought.hpp"
#include "plan/exchange/msccl.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (tutti::plan::msccl::parse(text)) (void)tutti::plan::read_brought(text);
  return 0;
}
