// Any 128 bytes are an id or an error.
#include <algorithm>

#include "bootstrap/trust/id_fields.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tutti::bootstrap;
  UniqueId id;
  const auto bytes = std::as_bytes(std::span(data, std::min(size, id.bytes.size())));
  std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
  const auto fields = decode(id);
  if (fields) encode(*fields);
  return 0;
}
