#include "moe/row_list.hpp"

#include "moe/vectors.hpp"

namespace tutti::moe {

bool RowList::find(std::span<const Entry> entries, std::uint32_t tokens, std::uint32_t slots) {
  clear();
  if (entries.empty()) return true;
  if (token_.size() < entries.size() + vectors::kSlack) token_.resize(entries.size() + vectors::kSlack);
  const auto rows = vectors::rows_of(entries, slots, token_.data());
  if (!rows.ascend || entries.back().token >= tokens) return false;
  rows_ = rows.count;
  return true;
}

void RowList::find_ends(std::span<const Entry> entries) {
  end_.resize(rows_);
  std::size_t row = 0;
  for (std::size_t at = 0; at < entries.size(); ++at) {
    row += entries[at].token != token_[row] ? 1 : 0;
    end_[row] = static_cast<std::uint32_t>(at + 1);
  }
}

}  // namespace tutti::moe
