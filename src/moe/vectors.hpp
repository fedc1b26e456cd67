// The loops of planning that look at every choice and are worth vectors. Pure.
//
// They write whole vectors, and keep only what the caller is told of: there must be room for kSlack elements more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "moe/row_list.hpp"

namespace tutti::moe::vectors {

inline constexpr std::size_t kSlack = 16;

/// Whether each is -1 or a number below `known`, which is below 2^31.
bool are_choices(std::span<const std::int32_t> ids, std::uint32_t known);
bool are_choices(std::span<const std::int64_t> ids, std::uint32_t known);

struct Rows {
  std::size_t count = 0;
  bool ascend = false;  // tokens, all below 2^31; and slots are below what they must be
};

/// The tokens of the entries, of which there is one at least, each once; only neighbours are compared. `slots` is at
/// most 2^31.
Rows rows_of(std::span<const Entry> entries, std::uint32_t slots, std::uint32_t* tokens);

struct Streams {
  std::uint32_t rows = 0;
  std::uint32_t bits = 0;  // of all masks
};

/// Of each token's word the up to 8 bits from `first_bit` on that `own` has: the tokens that have any, and their masks.
Streams stream_of(std::span<const std::uint64_t> words, std::size_t first_bit, std::uint8_t own, std::uint32_t* tokens,
                  std::byte* masks);

}  // namespace tutti::moe::vectors
