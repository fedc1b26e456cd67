// Which rows a list of choices for one destination has. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tutti::moe {

/// One choice: its token, the local slot at its destination, and its place in the token's list. It travels as it is.
struct Entry {
  std::uint32_t token = 0;
  std::uint16_t slot = 0;
  std::uint16_t k = 0;
};

/// The rows of a list of entries that is in the order of tokens: a row has one entry at least. It keeps its memory.
class RowList {
 public:
  /// False where tokens descend or are not below `tokens`, or slots not below `slots`: there are no rows then.
  /// Both are at most 2^31.
  bool find(std::span<const Entry> entries, std::uint32_t tokens, std::uint32_t slots);
  /// Fills `ends`, by the entries that were given to `find`.
  void find_ends(std::span<const Entry> entries);
  void clear() {
    rows_ = 0;
    end_.clear();
  }

  [[nodiscard]] std::span<const std::uint32_t> tokens() const { return std::span(token_).first(rows_); }
  /// Of each row: one past its last entry.
  [[nodiscard]] std::span<const std::uint32_t> ends() const { return end_; }

 private:
  std::vector<std::uint32_t> token_;
  std::vector<std::uint32_t> end_;
  std::size_t rows_ = 0;
};

}  // namespace tutti::moe
