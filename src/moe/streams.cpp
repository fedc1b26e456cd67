// Which rows go to each node, once each, and which of its ranks want them.
#include <algorithm>
#include <bit>

#include "moe/routing.hpp"
#include "moe/vectors.hpp"

namespace tutti::moe {

// A node has room for as many rows as it has choices, and no more than there are tokens.
void Sorter::make_room_for_streams(const Site& site, Outgoing& out) {
  std::uint32_t next = 0;
  std::size_t masks = 0;
  for (std::int32_t node = 0; node < site.nodes; ++node) {
    const auto at = static_cast<std::size_t>(node);
    std::size_t choices = 0;
    for (const std::int32_t rank : site.members[at]) choices += out.entries_of_rank(rank).size();
    const std::size_t most = node == site.node ? 0 : std::min<std::size_t>(out.tokens, choices);
    out.node_first[at] = next;
    out.mask_first[at] = masks;
    next += static_cast<std::uint32_t>(most);
    masks += mask_bytes(site.members[at].size()) * most;
  }
  if (out.node_token.size() < next + vectors::kSlack) out.node_token.resize(next + vectors::kSlack);
  masks += vectors::kSlack + mask_bytes(static_cast<std::size_t>(site.ranks));  // or one mask that is not kept
  if (out.mask.size() < masks) out.mask.resize(masks);
}

void Sorter::read_words(std::size_t node, std::size_t first_bit, std::size_t ranks, Outgoing& out) const {
  const std::size_t bytes = mask_bytes(ranks);
  const std::uint64_t own = ~std::uint64_t{0} >> (64 - ranks);
  std::uint32_t* const tokens = out.node_token.data() + out.node_first[node];
  std::byte* const masks = out.mask.data() + out.mask_first[node];
  if (bytes == 1) {
    const auto stream = vectors::stream_of(token_words_, first_bit, static_cast<std::uint8_t>(own), tokens, masks);
    out.node_rows[node] = stream.rows;
    out.rank_rows[node] = stream.bits;
    return;
  }
  std::uint32_t rows = 0;
  std::uint32_t rank_rows = 0;
  for (std::uint32_t token = 0; token < out.tokens; ++token) {
    const std::uint64_t word = token_words_[token] >> first_bit & own;
    for (std::size_t byte = 0; byte < bytes; ++byte) {
      const std::uint64_t mask = word >> 8 * byte & 0xff;
      masks[rows * bytes + byte] = static_cast<std::byte>(mask);
    }
    rank_rows += static_cast<std::uint32_t>(std::popcount(word));
    tokens[rows] = token;
    rows += word != 0 ? 1 : 0;
  }
  out.node_rows[node] = rows;
  out.rank_rows[node] = rank_rows;
}

void Sorter::make_streams(const Site& site, Outgoing& out) {
  for (std::int32_t node = 0; node < site.nodes; ++node) {
    if (node != site.node) make_stream(node, site, out);
  }
}

// The same for any number of ranks: each token's ranks of the node as a mask, and from these the rows.
void Sorter::make_stream(std::int32_t node, const Site& site, Outgoing& out) {
  const auto at = static_cast<std::size_t>(node);
  const std::size_t bytes = mask_bytes(site.members[at].size());
  token_masks_.assign(bytes * out.tokens, std::byte{0});
  out.rank_rows[at] = mark_tokens(site.members[at], out);
  std::uint32_t* const tokens = out.node_token.data() + out.node_first[at];
  std::byte* const masks = out.mask.data() + out.mask_first[at];
  std::uint32_t rows = 0;
  for (std::uint32_t token = 0; token < out.tokens; ++token) {
    const std::byte* const mask = token_masks_.data() + token * bytes;
    std::byte any{};
    for (std::size_t byte = 0; byte < bytes; ++byte) {
      masks[rows * bytes + byte] = mask[byte];
      any |= mask[byte];
    }
    tokens[rows] = token;
    rows += any != std::byte{0} ? 1 : 0;
  }
  out.node_rows[at] = rows;
}

// Gives the rows of these ranks.
std::uint32_t Sorter::mark_tokens(std::span<const std::int32_t> members, const Outgoing& out) {
  const std::size_t bytes = mask_bytes(members.size());
  std::uint32_t rows = 0;
  for (std::size_t local = 0; local < members.size(); ++local) {
    std::byte* const marks = token_masks_.data() + local / 8;
    const auto mark = static_cast<std::byte>(1U << local % 8);
    std::uint32_t last = out.tokens;
    for (const Entry entry : out.entries_of_rank(members[local])) {
      marks[entry.token * bytes] |= mark;
      rows += entry.token != last ? 1 : 0;
      last = entry.token;
    }
  }
  return rows;
}

}  // namespace tutti::moe
