// TUTTI_ALGO, as a user may write it.
#include <cstdint>
#include <string_view>

#include "plan/select/select.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto forced = tutti::plan::ForcedAlgorithms::parse({reinterpret_cast<const char*>(data), size});
  if (forced) (void)forced->of(tutti::plan::Collective::all_reduce);
  return 0;
}
