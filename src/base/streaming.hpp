// Copies that leave the caches alone. Pure.
#pragma once

#include <cstddef>

namespace tutti {

/// As std::memcpy, but what `out` held is not fetched first, and the bytes go to memory: about half of what memory has
/// to carry where no cache holds `out`, and a short way where another core's cache does. Slower than std::memcpy where
/// this core's caches hold it. Like any writes, all of it comes before a later release. Plain std::memcpy but on x86.
void copy_past_caches(std::byte* out, const std::byte* in, std::size_t bytes);

}  // namespace tutti
