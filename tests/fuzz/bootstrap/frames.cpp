// Any bytes are a message or nothing; a message survives another trip over the wire.
#include <cstdlib>

#include "bootstrap/wire/frames.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tutti::bootstrap;
  const auto message = decode(std::as_bytes(std::span(data, size)));
  if (!message) return 0;
  const auto frame = encode(*message);
  if (!decode(std::span(*frame).subspan(4))) std::abort();
  if (const auto* ready = std::get_if<Ready>(&*message)) unpack(ready->runs);
  return 0;
}
