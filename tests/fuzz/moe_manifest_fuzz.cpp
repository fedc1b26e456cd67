// What a rank of a group of experts says about its rows: what is understood can be arranged.
#include <algorithm>
#include <cstdint>
#include <cstring>

#include "moe/arrangement.hpp"
#include "moe/manifest.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tutti::moe;
  static const Site kSite = Site::of(tutti::topology::Layout::regular(2, 3), 4);
  std::uint32_t words[5] = {};  // tokens, entries, windows, masks, flags
  if (size < sizeof words) return 0;
  std::memcpy(words, data, sizeof words);
  Source source;
  source.head.tokens = words[0] % 4096;
  source.head.entries = words[1] % 4096;
  source.head.windows = words[2] % 4096;
  source.head.masks = words[3] % 4096;
  source.head.flags = words[4];
  source.expect();
  const std::uint8_t* at = data + sizeof words;
  std::size_t left = size - sizeof words;
  const auto take = [&](std::span<std::byte> memory) {  // what is missing is zero
    const std::size_t bytes = std::min(left, memory.size());
    if (bytes > 0) std::memcpy(memory.data(), at, bytes);
    at += bytes;
    left -= bytes;
  };
  take(std::as_writable_bytes(std::span(source.memory.entries)));
  take(std::as_writable_bytes(std::span(source.memory.weights)));
  take(source.memory.passage);
  if (!understand(source, 1, kSite, 3, 5)) return 0;
  Arrangement all;
  for (const Layout layout : {Layout::flat, Layout::expert_major, Layout::expert_padded, Layout::rank_padded})
    arrange({&source, 1}, {.layout = layout, .align = 2, .capacity = 9}, 5, 3, 0, 4, all);
  return 0;
}
