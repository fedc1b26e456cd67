#include "base/streaming.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace tutti {

#ifdef __SSE2__
// Whole lines only: a part of one would be written and the rest of it fetched.
void copy_past_caches(std::byte* out, const std::byte* in, std::size_t bytes) {
  constexpr std::size_t kLine = 64;
  constexpr std::size_t kVectors = kLine / sizeof(__m128i);
  const std::size_t before = std::min(bytes, (kLine - reinterpret_cast<std::uintptr_t>(out) % kLine) % kLine);
  std::memcpy(out, in, before);
  std::size_t at = before;
  for (; at + kLine <= bytes; at += kLine) {
    const auto* from = reinterpret_cast<const __m128i*>(in + at);
    auto* to = reinterpret_cast<__m128i*>(out + at);
    for (std::size_t i = 0; i < kVectors; ++i) _mm_stream_si128(to + i, _mm_loadu_si128(from + i));
  }
  std::memcpy(out + at, in + at, bytes - at);
  _mm_sfence();  // before whatever tells others that the bytes are there: these stores keep no order of their own
}
#else
void copy_past_caches(std::byte* out, const std::byte* in, std::size_t bytes) {
  std::memcpy(out, in, bytes);
}
#endif

}  // namespace tutti
