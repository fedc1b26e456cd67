#include "moe/manifest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace tutti::moe {
namespace {

Head head_for(const Telling& telling, std::int32_t rank) {
  const Outgoing& rows = *telling.rows;
  const auto at = static_cast<std::size_t>(rank);
  const std::int32_t node = telling.site->node_of[at];
  Head head;
  head.agreed = telling.agreed;
  head.tokens = rows.tokens;
  head.entries = static_cast<std::uint32_t>(rows.entries_of_rank(rank).size());
  head.stream_rows = rows.node_rows[static_cast<std::size_t>(node)];
  const bool far = !telling.site->is_near(rank);
  if (far && telling.routes[static_cast<std::size_t>(node)].route == Route::hierarchical)
    head.flags |= Head::kHierarchical;
  if (rows.weighted) head.flags |= Head::kWeighted;
  return head;
}

// Windows go to the ranks of the node in turn: first how many rows each has, for all of a rank's windows, then their
// masks.
void tell_gateways(const Telling& telling, std::int32_t node, Manifests& all) {
  const Site& site = *telling.site;
  const auto stream = telling.rows->tokens_of_node(node);
  const auto& members = site.members[static_cast<std::size_t>(node)];
  const std::size_t bytes = mask_bytes(members.size());
  const std::byte* const masks = telling.rows->mask.data() + telling.rows->mask_first[static_cast<std::size_t>(node)];
  const std::uint32_t windows = (telling.rows->tokens + telling.window - 1) / telling.window;
  const auto for_windows = [&](auto&& body) {
    auto from = stream.begin();
    for (std::uint32_t window = 0; window < windows; ++window) {
      const auto to = std::lower_bound(from, stream.end(), (std::uint64_t{window} + 1) * telling.window);
      body(static_cast<std::size_t>(gateway_of(site, site.rank, node, window)),
           static_cast<std::size_t>(from - stream.begin()), static_cast<std::size_t>(to - from));
      from = to;
    }
  };
  for_windows([&](std::size_t gateway, std::size_t /*first*/, std::size_t rows) {
    auto& passage = all.passages[gateway];
    const auto count = static_cast<std::uint32_t>(rows);
    const auto word = std::as_bytes(std::span(&count, 1));
    passage.insert(passage.end(), word.begin(), word.end());
    ++all.heads[gateway].windows;
  });
  for_windows([&](std::size_t gateway, std::size_t first, std::size_t rows) {
    auto& passage = all.passages[gateway];
    passage.insert(passage.end(), masks + first * bytes, masks + (first + rows) * bytes);
    all.heads[gateway].masks += static_cast<std::uint32_t>(rows * bytes);
  });
}

Error nonsense(std::int32_t from, const std::string& what) {
  return {Code::transport, fmt::format("rank {} describes rows that cannot be: {}", from, what), Rank{from}};
}

template <typename T>
std::span<const T> take(const std::byte*& at, std::size_t count) {
  const std::span<const T> taken(reinterpret_cast<const T*>(at), count);
  at += taken.size_bytes();
  return taken;
}

std::size_t own_rows(const Chunk& chunk, const Site& site) {
  const auto ranks = static_cast<std::size_t>(site.size_of_node(site.node));
  const std::int32_t local = site.local[static_cast<std::size_t>(site.rank)];
  std::size_t rows = 0;
  for (std::uint32_t row = 0; row < chunk.rows; ++row) rows += chunk.wants(row, ranks, local) ? 1 : 0;
  return rows;
}

std::size_t rows_in_window(const Source& source, std::uint32_t which, std::uint32_t window) {
  const auto at = [&](std::uint64_t token) {
    return std::lower_bound(source.tokens.begin(), source.tokens.end(), token);
  };
  return static_cast<std::size_t>(at((std::uint64_t{which} + 1) * window) - at(std::uint64_t{which} * window));
}

// The windows of which this rank is the gateway, as the source must have counted them.
Status take_chunks(Source& source, std::int32_t from, const Site& site, std::uint32_t window) {
  const std::byte* at = source.memory.passage.data();
  const auto counts = take<std::uint32_t>(at, source.head.windows);
  const std::size_t bytes = mask_bytes(static_cast<std::size_t>(site.size_of_node(site.node)));
  const std::uint32_t windows = source.head.tokens == 0 ? 0 : (source.head.tokens - 1) / window + 1;
  std::size_t next = 0;
  std::size_t masks = 0;
  for (std::uint32_t each = 0; source.head.is_hierarchical() && each < windows; ++each) {
    if (gateway_of(site, from, site.node, each) != site.rank) continue;
    if (next == counts.size()) return nonsense(from, fmt::format("no rows of window {}", each));
    if (counts[next] > window) return nonsense(from, fmt::format("{} rows in window {}", counts[next], each));
    const Chunk chunk{from, each, counts[next], at + masks};
    masks += counts[next++] * bytes;
    if (masks > source.head.masks) return nonsense(from, "masks that are missing");
    if (own_rows(chunk, site) != rows_in_window(source, each, window))
      return nonsense(from, fmt::format("masks and rows of window {} that differ", each));
    source.chunks.push_back(chunk);
  }
  if (next != counts.size() || masks != source.head.masks) return nonsense(from, "windows that are not its own");
  return {};
}

}  // namespace

void Source::expect() {
  memory.entries.resize(head.entries);
  memory.weights.resize(head.weights());
  memory.passage.resize(head.passage_bytes());
}

std::span<const Entry> Source::entries_between(std::uint64_t first, std::uint64_t last) const {
  const auto before = [](const Entry& entry, std::uint64_t token) { return entry.token < token; };
  const auto begin = std::lower_bound(entries.begin(), entries.end(), first, before);
  return {begin, std::lower_bound(begin, entries.end(), last, before)};
}

void tell(const Telling& telling, Manifests& all) {
  const Site& site = *telling.site;
  all.heads.clear();
  all.passages.resize(static_cast<std::size_t>(site.ranks));
  for (std::int32_t rank = 0; rank < site.ranks; ++rank) {
    all.heads.push_back(head_for(telling, rank));
    all.passages[static_cast<std::size_t>(rank)].clear();
  }
  for (std::int32_t node = 0; node < site.nodes; ++node) {
    const bool once = node != site.node && telling.routes[static_cast<std::size_t>(node)].route == Route::hierarchical;
    if (once) tell_gateways(telling, node, all);
  }
}

Status understand(Source& source, std::int32_t from, const Site& site, std::uint32_t window, std::int32_t own_slots) {
  const Head& head = source.head;
  const Source::Memory& told = source.memory;
  source.chunks.clear();
  if (told.entries.size() != head.entries || told.weights.size() != head.weights() ||
      told.passage.size() != head.passage_bytes())
    return nonsense(from, fmt::format("{} choices where {} were told", told.entries.size(), head.entries));
  source.entries = told.entries;
  source.weights = told.weights;
  const bool well = source.memory.rows.find(source.entries, head.tokens, static_cast<std::uint32_t>(own_slots));
  source.tokens = told.rows.tokens();
  source.entry_ends = {};
  if (!well)
    return nonsense(from, fmt::format("tokens that are not in order below {}, or slots that are not below {}",
                                      head.tokens, own_slots));
  return take_chunks(source, from, site, window);
}

void understand_self(const Telling& telling, Outgoing& rows, Source& source) {
  const std::int32_t rank = telling.site->rank;
  rows.find_rows(rank);
  const RowList& own = rows.rows[static_cast<std::size_t>(rank)];
  source.head = head_for(telling, rank);
  source.chunks.clear();
  source.entries = rows.entries_of_rank(rank);
  source.weights = rows.weights_of_rank(rank);
  source.tokens = own.tokens();
  source.entry_ends = {};
}

}  // namespace tutti::moe
