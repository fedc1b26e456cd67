// Where received rows lie in the user's buffer. Pure.
//
// Rows come in the order of (source rank, token, choice), whatever the order of their arrival:
//   flat           one row for each token of each source that has a choice here, packed
//   expert_major   one row for each choice, grouped by local slot; each group begins at a multiple of `align`
//   expert_padded  the same, but the group of slot s begins at s * capacity: a fixed shape
//   rank_padded    as flat, but the rows of source r begin at r * capacity
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "moe/manifest.hpp"

namespace tutti::moe {

enum class Layout : std::uint8_t { flat = 0, expert_major = 1, expert_padded = 2, rank_padded = 3 };

constexpr bool is_by_expert(Layout layout) {
  return layout == Layout::expert_major || layout == Layout::expert_padded;
}

struct Shape {
  Layout layout = Layout::flat;
  std::int64_t align = 1;      // expert_major
  std::int64_t capacity = 0;   // of a slot, for expert_padded; of a source, for rank_padded
  std::int64_t most_rows = 0;  // of the whole buffer; 0: no limit
  bool operator==(const Shape&) const = default;
};

/// A choice whose row did not fit.
struct Dropped {
  std::int32_t source = 0;
  std::uint32_t token = 0;
  std::uint16_t slot = 0;
  std::uint16_t k = 0;
};

/// Rows of a source that belong to a round.
struct RowRange {
  std::uint32_t first = 0;
  std::uint32_t last = 0;  // one past
  std::span<const Entry> entries = {};
};

/// A place in the buffer, or kNowhere for what was dropped.
using Place = std::uint32_t;
inline constexpr Place kNowhere = ~Place{0};

struct Arrangement {
  std::int64_t rows = 0;                  // of the buffer, padding included
  std::vector<std::int64_t> slot_rows;    // of each local slot, without padding; by expert only
  std::vector<std::int64_t> slot_offset;  // where its group begins; by expert only
  std::vector<std::int64_t> source_rows;  // of each source
  std::vector<RowRange> range;            // of each source
  std::vector<std::vector<Place>> place;  // of each source: of each choice in its range; by rank, of each row
  std::vector<std::int32_t> row_source;   // of each row of the buffer; -1: padding
  std::vector<std::int32_t> row_token;
  std::vector<std::int32_t> row_slot;  // by expert only
  std::vector<std::int32_t> row_k;     // by expert only
  std::vector<float> row_weight;       // by expert only; empty: 1
  std::vector<Dropped> dropped;
};

/// Arranges the rows of windows `first` to before `last`, dropping what does not fit. `all` keeps its memory.
void arrange(std::span<const Source> sources, const Shape& shape, std::int32_t own_slots, std::uint32_t window,
             std::uint32_t first, std::uint32_t last, Arrangement& all);

/// How many windows a round may have so that every round fits, of `windows` in all; 0 if not even one window does.
std::uint32_t windows_that_fit(std::span<const Source> sources, const Shape& shape, std::int32_t own_slots,
                               std::uint32_t window, std::uint32_t windows);

}  // namespace tutti::moe
