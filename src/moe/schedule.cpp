#include "moe/schedule.hpp"

#include <algorithm>

namespace tutti::moe {
namespace {

// Writes the parcels of dispatch down.
class Writer {
 public:
  Writer(const Book& book, std::uint32_t first, std::uint32_t last)
      : book_(book), site_(*book.site), first_(first), last_(last) {}

  std::vector<Parcel> write() {
    for (std::int32_t rank = 0; rank < site_.ranks; ++rank) {
      if (rank == site_.rank) continue;
      if (!goes_once(site_.node_of[index_of(rank)])) send_straight(rank);
      receive_from(rank);
    }
    for (std::int32_t node = 0; node < site_.nodes; ++node) {
      if (goes_once(node)) send_once(node);
    }
    for (std::uint32_t chunk = 0; chunk < book_.chunks.size(); ++chunk) pass_on(chunk);
    return std::move(parcels_);
  }

 private:
  static std::size_t index_of(std::int32_t number) { return static_cast<std::size_t>(number); }

  [[nodiscard]] bool goes_once(std::int32_t node) const {
    return node != site_.node && book_.routes[index_of(node)].route == Route::hierarchical;
  }
  [[nodiscard]] std::int32_t gateway(std::int32_t source, std::int32_t node, std::uint32_t window) const {
    return gateway_of(site_, source, node, window);
  }
  [[nodiscard]] std::uint32_t turn_of(std::int32_t from, std::int32_t to) const {
    return static_cast<std::uint32_t>((to - from + site_.ranks) % site_.ranks);
  }

  // Of a stream that goes through gateways, for both legs alike.
  [[nodiscard]] Order order_through(std::int32_t source, std::int32_t node, std::uint32_t window,
                                    std::uint32_t rows) const {
    return {window, ~rows, turn_of(source, site_.members[index_of(node)].front()), source, 0, 0};
  }
  [[nodiscard]] Order order_straight(std::int32_t source, std::int32_t to, std::uint32_t window,
                                     std::uint32_t rows) const {
    return {window, ~rows, turn_of(source, to), source, 0, to};
  }

  // Calls `body(window, first, rows)` for each window that has rows.
  template <typename Body>
  void for_windows(std::span<const std::uint32_t> tokens, Body&& body) const {
    const std::uint64_t begin = std::uint64_t{first_} * book_.window;
    auto row = static_cast<std::uint32_t>(std::lower_bound(tokens.begin(), tokens.end(), begin) - tokens.begin());
    while (row < tokens.size()) {
      const std::uint32_t window = tokens[row] / book_.window;
      if (window >= last_) return;
      const std::uint32_t from = row;
      while (row < tokens.size() && tokens[row] / book_.window == window) ++row;
      body(window, from, row - from);
    }
  }

  void send_straight(std::int32_t to) {
    const auto tokens = book_.outgoing->tokens_of_rank(to);
    const auto all = static_cast<std::uint32_t>(tokens.size());
    for_windows(tokens, [&](std::uint32_t window, std::uint32_t first, std::uint32_t rows) {
      parcels_.push_back(
          {to, true, Leg::straight, site_.rank, window, first, rows, order_straight(site_.rank, to, window, all)});
    });
  }

  void send_once(std::int32_t node) {
    const auto tokens = book_.outgoing->tokens_of_node(node);
    const auto all = static_cast<std::uint32_t>(tokens.size());
    for_windows(tokens, [&](std::uint32_t window, std::uint32_t first, std::uint32_t rows) {
      parcels_.push_back({gateway(site_.rank, node, window), true, Leg::trunk, site_.rank, window, first, rows,
                          order_through(site_.rank, node, window, all)});
    });
  }

  void receive_from(std::int32_t from) {
    const Source& source = book_.sources[index_of(from)];
    const bool once = source.head.is_hierarchical();
    for_windows(source.tokens, [&](std::uint32_t window, std::uint32_t first, std::uint32_t rows) {
      if (!once) {
        parcels_.push_back(
            {from, false, Leg::straight, from, window, first, rows,
             order_straight(from, site_.rank, window, static_cast<std::uint32_t>(source.tokens.size()))});
        return;
      }
      const std::int32_t through = gateway(from, site_.node, window);
      if (through == site_.rank) return;  // its own rows come with the chunk
      Order order = order_through(from, site_.node, window, source.head.stream_rows);
      order.stage = 1;
      order.to = site_.rank;
      parcels_.push_back({through, false, Leg::branch, from, window, first, rows, order});
    });
  }

  void pass_on(std::uint32_t number) {
    const Chunk& chunk = book_.chunks[number];
    if (chunk.rows == 0 || chunk.window < first_ || chunk.window >= last_) return;
    const std::uint32_t all = book_.sources[index_of(chunk.source)].head.stream_rows;
    Order order = order_through(chunk.source, site_.node, chunk.window, all);
    parcels_.push_back({chunk.source, false, Leg::trunk, chunk.source, chunk.window, number, chunk.rows, order});
    order.stage = 1;
    for (const std::int32_t mate : site_.members[index_of(site_.node)]) {
      if (mate == site_.rank || rows_wanted(chunk, site_, site_.local[index_of(mate)]) == 0) continue;
      order.to = mate;
      parcels_.push_back({mate, true, Leg::branch, chunk.source, chunk.window, number, chunk.rows, order});
    }
  }

  const Book& book_;
  const Site& site_;
  std::uint32_t first_;
  std::uint32_t last_;
  std::vector<Parcel> parcels_;
};

void sort(std::vector<Parcel>& parcels) {
  std::sort(parcels.begin(), parcels.end(),
            [](const Parcel& a, const Parcel& b) { return std::tie(a.order, a.sends) < std::tie(b.order, b.sends); });
}

}  // namespace

std::vector<Parcel> schedule_dispatch(const Book& book, std::uint32_t first, std::uint32_t last) {
  auto parcels = Writer(book, first, last).write();
  sort(parcels);
  return parcels;
}

std::vector<Parcel> schedule_combine(const Book& book, std::uint32_t first, std::uint32_t last) {
  auto parcels = Writer(book, first, last).write();
  for (Parcel& parcel : parcels) {
    parcel.sends = !parcel.sends;
    if (parcel.leg == Leg::trunk) parcel.order.stage = 1;
    if (parcel.leg == Leg::branch) parcel.order.stage = 0;
  }
  sort(parcels);
  return parcels;
}

std::uint32_t rows_wanted(const Chunk& chunk, const Site& site, std::int32_t local) {
  const std::size_t ranks = site.members[static_cast<std::size_t>(site.node)].size();
  std::uint32_t wanted = 0;
  for (std::uint32_t row = 0; row < chunk.rows; ++row) wanted += chunk.wants(row, ranks, local) ? 1 : 0;
  return wanted;
}

}  // namespace tutti::moe
