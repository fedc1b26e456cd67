// What a source tells each rank before rows flow: a head of fixed length, and a body with the rows for that rank. Pure.
//
// Body, in up to three messages: entries; their weights if the head says so; and, for a rank that is a gateway of the
// source's stream to its node: rows of each of its windows, and for each of these rows a mask of the node's ranks that
// want it. The first two are sent from where they were sorted to, and received where they are used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "moe/route.hpp"
#include "moe/routing.hpp"

namespace tutti::moe {

/// What the ranks of a group must share to understand each other.
struct Agreed {
  std::uint64_t group = 0;      // of the group's settings
  std::uint64_t placement = 0;  // of where experts are
  std::uint64_t layout = 0;     // of the plan's layout and alignment
  bool operator==(const Agreed&) const = default;
};

struct Head {
  static constexpr std::uint32_t kHierarchical = 1;
  static constexpr std::uint32_t kWeighted = 2;
  static constexpr std::uint32_t kVerdict = 4;  // one follows

  Agreed agreed;
  BadChoice bad;                  // then nothing else is told
  std::uint32_t tokens = 0;       // of the source
  std::uint32_t entries = 0;      // for this rank
  std::uint32_t stream_rows = 0;  // for this rank's node, once each
  std::uint32_t windows = 0;      // of which this rank is the gateway
  std::uint32_t masks = 0;        // bytes
  std::uint32_t flags = 0;

  [[nodiscard]] bool is_hierarchical() const { return (flags & kHierarchical) != 0; }
  [[nodiscard]] bool is_weighted() const { return (flags & kWeighted) != 0; }
  [[nodiscard]] std::size_t weights() const { return is_weighted() ? entries : 0; }
  [[nodiscard]] std::size_t passage_bytes() const { return std::size_t{4} * windows + masks; }
};

/// Rows of a stream of which this rank is the gateway, in one window.
struct Chunk {
  std::int32_t source = 0;
  std::uint32_t window = 0;
  std::uint32_t rows = 0;
  const std::byte* masks = nullptr;  // mask_bytes(ranks of the node) each

  [[nodiscard]] bool wants(std::uint32_t row, std::size_t ranks, std::int32_t local) const {
    const auto bit = static_cast<std::uint32_t>(local);
    return (std::to_integer<std::uint32_t>(masks[row * mask_bytes(ranks) + bit / 8]) >> bit % 8 & 1U) != 0;
  }
};

/// A source, as this rank knows it: what it told, and what was understood of that. The spans show the memory, or this
/// rank's own rows. Memory is kept from batch to batch.
struct Source {
  struct Memory {
    std::vector<Entry> entries;
    std::vector<float> weights;
    std::vector<std::byte> passage;
    RowList rows;
  };

  Head head;
  Memory memory;
  std::span<const Entry> entries;
  std::span<const float> weights;
  std::span<const std::uint32_t> tokens;
  std::span<const std::uint32_t> entry_ends;  // when they were found
  std::vector<Chunk> chunks;                  // in the order of windows

  /// Makes room for what the head announces.
  void expect();
  /// Entries of tokens `first` to before `last`.
  [[nodiscard]] std::span<const Entry> entries_between(std::uint64_t first, std::uint64_t last) const;
  [[nodiscard]] std::uint32_t first_entry(std::uint32_t row) const { return row == 0 ? 0 : entry_ends[row - 1]; }
};

/// What a source knows and decided.
struct Telling {
  const Site* site = nullptr;
  const Outgoing* rows = nullptr;
  std::span<const RouteChoice> routes;  // of each node
  std::uint32_t window = 1;             // tokens
  Agreed agreed;
};

/// For all ranks: the heads, and the parts of the bodies that are not entries or weights. It is kept from batch to
/// batch.
struct Manifests {
  std::vector<Head> heads;
  std::vector<std::vector<std::byte>> passages;
};

void tell(const Telling& telling, Manifests& all);

/// Reads what `source` told by its head. Fails with transport where they contradict each other, or what the site and
/// the limits allow; it names the source.
Status understand(Source& source, std::int32_t from, const Site& site, std::uint32_t window, std::int32_t own_slots);

/// What a rank knows of itself.
void understand_self(const Telling& telling, Outgoing& rows, Source& source);

}  // namespace tutti::moe
