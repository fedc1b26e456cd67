// Slurm's topology.conf.
#include <cstdint>
#include <string_view>

#include "topology/import/import.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)tutti::topology::import_slurm_conf(text, 2);
  return 0;
}
