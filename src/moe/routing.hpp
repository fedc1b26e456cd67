// A user's choices, sorted by destination. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "moe/choices.hpp"
#include "moe/placement.hpp"
#include "moe/row_list.hpp"

namespace tutti::moe {

/// Bytes of a mask of a node's ranks.
constexpr std::size_t mask_bytes(std::size_t ranks) {
  return (ranks + 7) / 8;
}

/// One rank's choices, sorted by destination. A *row* is one token at one destination, whatever number of its choices
/// are there; its *entries* are these choices. What goes to a destination is in the order of tokens.
struct Outgoing {
  std::uint32_t tokens = 0;
  std::vector<std::uint32_t> entry_first;  // of each rank, and one more
  std::vector<Entry> entry;                // behind those of the last rank: choices of nobody
  std::vector<float> weight;               // of each entry, if `weighted`
  bool weighted = false;
  std::vector<RowList> rows;              // of each rank; empty until they are found
  std::vector<std::uint32_t> node_first;  // of each node: where its part of the next two begins
  std::vector<std::uint32_t> node_rows;   // of each node but the own: tokens with a row there
  std::vector<std::uint32_t> rank_rows;   // of each node but the own: rows of its ranks
  std::vector<std::uint32_t> node_token;  // tokens with a row on the node, once each
  std::vector<std::size_t> mask_first;    // of each node
  std::vector<std::byte> mask;            // of each row on a node: its ranks that want it

  [[nodiscard]] std::span<const Entry> entries_of_rank(std::int32_t rank) const {
    const auto at = static_cast<std::size_t>(rank);
    return std::span(entry).subspan(entry_first[at], entry_first[at + 1] - entry_first[at]);
  }
  [[nodiscard]] std::span<const float> weights_of_rank(std::int32_t rank) const {
    const auto at = static_cast<std::size_t>(rank);
    if (!weighted) return {};
    return std::span(weight).subspan(entry_first[at], entry_first[at + 1] - entry_first[at]);
  }
  [[nodiscard]] std::span<const std::uint32_t> tokens_of_rank(std::int32_t rank) const {
    return rows[static_cast<std::size_t>(rank)].tokens();
  }
  [[nodiscard]] std::span<const std::uint32_t> tokens_of_node(std::int32_t node) const {
    const auto at = static_cast<std::size_t>(node);
    return std::span(node_token).subspan(node_first[at], node_rows[at]);
  }
  void find_rows(std::int32_t rank) {
    constexpr std::uint32_t kAnySlot = 1U << 16;
    rows[static_cast<std::size_t>(rank)].find(entries_of_rank(rank), tokens, kAnySlot);
  }
};

/// Sorts choices by destination; it keeps its memory from call to call. Time: two passes over the choices, without a
/// branch or a division that depends on them; with several nodes another one.
class Sorter {
 public:
  /// Fills `out`, but for the rows of ranks. Or says which choice is wrong, and leaves `out` without entries.
  BadChoice sort(const Choices& choices, const Directory& directory, const Site& site, const Limits& limits,
                 Outgoing& out);

 private:
  static void clear(const Site& site, Outgoing& out);
  template <typename Id>
  bool count_plain(const Id* ids, const Choices& choices, const Directory& directory);
  template <typename Id, typename Find>
  bool count_turning(const Id* ids, const Choices& choices, const Find& find, std::uint32_t known);
  template <typename Id, typename Find>
  void place(const Id* ids, const Choices& choices, const Find& find, Outgoing& out);
  template <std::uint32_t kTopk, bool kWeighted, typename Id, typename Find>
  void place_halves(const Id* ids, const Choices& choices, const Find& find, Outgoing& out);
  template <typename Id>
  BadChoice sort_ids(const Id* ids, const Choices& choices, const Directory& directory, const Site& site,
                     Outgoing& out);
  static void make_room_for_streams(const Site& site, Outgoing& out);
  void find_bits(const Site& site);
  template <typename Id, typename Bit>
  void make_streams_of_words(const Id* ids, const Choices& choices, const Bit& bit_of, const Site& site, Outgoing& out);
  void read_words(std::size_t node, std::size_t first_bit, std::size_t ranks, Outgoing& out) const;
  void make_streams(const Site& site, Outgoing& out);
  void make_stream(std::int32_t node, const Site& site, Outgoing& out);
  std::uint32_t mark_tokens(std::span<const std::int32_t> members, const Outgoing& out);

  static constexpr std::size_t kHalves = 2;       // of the batch: each counts for itself
  static constexpr std::int32_t kWordRanks = 64;  // for so many ranks, which of them want a token is one word

  std::vector<std::uint32_t> tally_;        // of each choice that there is
  std::vector<std::uint32_t> next_;         // of each rank, and of nobody: entries, then where the next one goes
  std::vector<std::byte> token_masks_;      // of each token: ranks of one node that want it
  std::vector<std::uint64_t> rank_bits_;    // of each rank, and of nobody: its own in a word of all ranks
  std::vector<std::uint64_t> choice_bits_;  // of each choice that there is
  std::vector<std::uint64_t> token_words_;  // of each token: ranks that want it
};

}  // namespace tutti::moe
