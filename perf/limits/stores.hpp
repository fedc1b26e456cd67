// Copying and adding with either kind of store: plain ones, which fetch a line before they change it and leave it in
// the cache, and streaming ones, which send whole lines past the cache.
#pragma once

#include <cstddef>
#include <span>

namespace tutti::limits {

/// Pointers are aligned to a cache line; `bytes` is a multiple of 64.
using Copy = void (*)(void* out, const void* in, std::size_t bytes);

/// out = left + right of f32, under the same conditions.
using Add = void (*)(void* out, const void* left, const void* right, std::size_t bytes);

/// out = the sum of all sources of f32, from left to right, in one pass with plain stores: of 2, 3, 4 or 8 sources.
void add_all(void* out, std::span<const void* const> sources, std::size_t bytes);

/// Both functions with one kind of store.
struct Stores {
  const char* name;
  Copy copy;
  Add add;
};

/// memcpy, which may itself choose to stream very large copies, and additions whose stores are plain.
Stores plain_stores();

/// Ends with a store fence, so that flags that are set afterwards come after the data.
Stores streaming_stores();

}  // namespace tutti::limits
