#include "base/streaming.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace tutti {
namespace {

TEST(Streaming, CopiesAsManyBytesAsItWasToldWhereverTheyLie) {
  constexpr std::size_t kMost = 300;
  std::vector<std::byte> in(2 * kMost);
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<std::byte>(i % 251 + 1);
  for (std::size_t bytes = 0; bytes <= kMost; ++bytes) {
    for (std::size_t begin = 0; begin < 64; begin += 7) {
      std::vector<std::byte> out(2 * kMost);
      std::vector<std::byte> expected = out;
      std::copy_n(in.begin() + 3, bytes, expected.begin() + static_cast<std::ptrdiff_t>(begin));
      copy_past_caches(out.data() + begin, in.data() + 3, bytes);
      ASSERT_EQ(out, expected) << bytes << " bytes to " << begin;
    }
  }
}

}  // namespace
}  // namespace tutti
