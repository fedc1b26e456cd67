#include "moe/arrangement.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

namespace tutti::moe {
namespace {

std::int64_t round_up(std::int64_t value, std::int64_t multiple) {
  return multiple <= 1 ? value : (value + multiple - 1) / multiple * multiple;
}

// Counts rows as they come, and says which still fit.
class Room {
 public:
  Room(const Shape& shape, std::int32_t slots, std::size_t sources)
      : shape_(shape), slot_rows_(static_cast<std::size_t>(slots), 0), source_rows_(sources, 0) {}

  bool take_choice(std::uint16_t slot) {
    std::int64_t& count = slot_rows_[slot];
    if (shape_.layout == Layout::expert_padded && count == shape_.capacity) return false;
    if (shape_.layout == Layout::expert_major) {
      const std::int64_t more = round_up(count + 1, shape_.align) - round_up(count, shape_.align);
      if (shape_.most_rows != 0 && extent_ + more > shape_.most_rows) return false;
      extent_ += more;
    }
    ++count;
    return true;
  }

  bool take_row(std::size_t source) {
    std::int64_t& count = source_rows_[source];
    if (shape_.layout == Layout::rank_padded && count == shape_.capacity) return false;
    if (shape_.layout == Layout::flat) {
      if (shape_.most_rows != 0 && extent_ == shape_.most_rows) return false;
      ++extent_;
    }
    ++count;
    return true;
  }

  [[nodiscard]] std::int64_t extent() const {
    if (shape_.layout == Layout::expert_padded) return static_cast<std::int64_t>(slot_rows_.size()) * shape_.capacity;
    if (shape_.layout == Layout::rank_padded) return static_cast<std::int64_t>(source_rows_.size()) * shape_.capacity;
    return extent_;
  }
  [[nodiscard]] const std::vector<std::int64_t>& slot_rows() const { return slot_rows_; }
  [[nodiscard]] const std::vector<std::int64_t>& source_rows() const { return source_rows_; }

 private:
  const Shape& shape_;
  std::vector<std::int64_t> slot_rows_;
  std::vector<std::int64_t> source_rows_;
  std::int64_t extent_ = 0;
};

RowRange range_of(const Source& source, std::uint32_t window, std::uint32_t first, std::uint32_t last) {
  const auto& tokens = source.tokens;
  const auto at = [&](std::uint64_t token) {
    return static_cast<std::uint32_t>(std::lower_bound(tokens.begin(), tokens.end(), token) - tokens.begin());
  };
  const std::uint64_t begin = std::uint64_t{first} * window;
  const std::uint64_t end = std::uint64_t{last} * window;
  return {at(begin), at(end), source.entries_between(begin, end)};
}

// The group of each slot, or the rows of each source, after the one before.
void place_groups(const Shape& shape, Arrangement& all) {
  std::int64_t next = 0;
  all.slot_offset.clear();
  if (!is_by_expert(shape.layout)) return;
  for (const std::int64_t rows : all.slot_rows) {
    all.slot_offset.push_back(next);
    next += shape.layout == Layout::expert_padded ? shape.capacity : round_up(rows, shape.align);
  }
}

void prepare_rows(const Shape& shape, bool weighted, Arrangement& all) {
  const auto rows = static_cast<std::size_t>(all.rows);
  all.row_slot.clear();
  all.row_k.clear();
  all.row_weight.clear();
  if (shape.layout == Layout::flat) {  // without padding: every row is written below
    all.row_source.resize(rows);
    all.row_token.resize(rows);
    return;
  }
  all.row_source.assign(rows, -1);
  all.row_token.assign(rows, -1);
  if (!is_by_expert(shape.layout)) return;
  all.row_slot.assign(rows, -1);
  all.row_k.assign(rows, -1);
  if (weighted) all.row_weight.assign(rows, 0.0F);
}

void count(std::span<const Source> sources, const Shape& shape, std::int32_t own_slots, Arrangement& all) {
  all.slot_rows.assign(static_cast<std::size_t>(own_slots), 0);
  all.source_rows.assign(sources.size(), 0);
  for (std::size_t from = 0; from < sources.size(); ++from) {
    const auto entries = all.range[from].entries;
    for (std::size_t at = 0; is_by_expert(shape.layout) && at < entries.size(); ++at) ++all.slot_rows[entries[at].slot];
    all.source_rows[from] = is_by_expert(shape.layout) ? static_cast<std::int64_t>(entries.size())
                                                       : all.range[from].last - all.range[from].first;
  }
}

// The rows of the buffer by what was counted; none if they do not fit.
std::optional<std::int64_t> extent_of(const Shape& shape, const Arrangement& all) {
  std::int64_t extent = 0;
  const bool by_expert = is_by_expert(shape.layout);
  const auto& groups = by_expert ? all.slot_rows : all.source_rows;
  const bool padded = shape.layout == Layout::expert_padded || shape.layout == Layout::rank_padded;
  for (const std::int64_t rows : groups) {
    if (padded && rows > shape.capacity) return {};
    extent += padded ? shape.capacity : by_expert ? round_up(rows, shape.align) : rows;
  }
  if (!padded && shape.most_rows != 0 && extent > shape.most_rows) return {};
  return extent;
}

// What fits of too many, as marks in `place` (0 or kNowhere) in the order of arrival, and how many of each.
void choose_rows(std::span<const Source> sources, const Shape& shape, Room& room, Arrangement& all) {
  const bool by_expert = is_by_expert(shape.layout);
  for (std::size_t from = 0; from < sources.size(); ++from) {
    auto& place = all.place[from];
    place.clear();
    std::uint32_t last = sources[from].head.tokens;
    bool fits = true;
    for (const Entry entry : all.range[from].entries) {
      const bool is_new = std::exchange(last, entry.token) != entry.token;
      if (by_expert) fits = room.take_choice(entry.slot);
      if (!by_expert && is_new) fits = room.take_row(from);
      if (by_expert || is_new) place.push_back(fits ? 0 : kNowhere);
      if (!fits) all.dropped.push_back({static_cast<std::int32_t>(from), entry.token, entry.slot, entry.k});
    }
  }
  all.rows = room.extent();
  all.slot_rows = room.slot_rows();
  all.source_rows = room.source_rows();
}

void place_by_expert(std::span<const Source> sources, Arrangement& all) {
  std::vector<std::int64_t> next = all.slot_offset;
  for (std::size_t from = 0; from < sources.size(); ++from) {
    const Source& source = sources[from];
    const auto entries = all.range[from].entries;
    const float* const weights = source.weights.data() + (entries.data() - source.entries.data());
    all.source_rows[from] = 0;
    for (std::size_t at = 0; at < entries.size(); ++at) {
      Place& place = all.place[from][at];
      if (place == kNowhere) continue;
      const Entry entry = entries[at];
      place = static_cast<Place>(next[entry.slot]++);
      all.row_source[place] = static_cast<std::int32_t>(from);
      all.row_token[place] = static_cast<std::int32_t>(entry.token);
      all.row_slot[place] = entry.slot;
      all.row_k[place] = entry.k;
      if (!all.row_weight.empty()) all.row_weight[place] = source.weights.empty() ? 1.0F : weights[at];
      ++all.source_rows[from];
    }
  }
}

void place_by_rank(std::span<const Source> sources, const Shape& shape, Arrangement& all) {
  Place next = 0;
  for (std::size_t from = 0; from < sources.size(); ++from) {
    if (shape.layout == Layout::rank_padded)
      next = static_cast<Place>(static_cast<std::int64_t>(from) * shape.capacity);
    auto& places = all.place[from];
    const auto tokens = sources[from].tokens.subspan(all.range[from].first, places.size());
    const auto all_of_them = static_cast<std::size_t>(all.source_rows[from]);
    if (all_of_them == places.size()) {
      std::iota(places.begin(), places.end(), next);
      std::fill_n(all.row_source.begin() + next, places.size(), static_cast<std::int32_t>(from));
      std::copy(tokens.begin(), tokens.end(), all.row_token.begin() + next);
      next += static_cast<Place>(places.size());
      continue;
    }
    for (std::size_t row = 0; row < places.size(); ++row) {
      if (places[row] == kNowhere) continue;
      all.row_source[next] = static_cast<std::int32_t>(from);
      all.row_token[next] = static_cast<std::int32_t>(tokens[row]);
      places[row] = next++;
    }
  }
}

void find_ranges(std::span<const Source> sources, std::uint32_t window, std::uint32_t first, std::uint32_t last,
                 Arrangement& all) {
  all.range.clear();
  for (const Source& source : sources) all.range.push_back(range_of(source, window, first, last));
}

}  // namespace

void arrange(std::span<const Source> sources, const Shape& shape, std::int32_t own_slots, std::uint32_t window,
             std::uint32_t first, std::uint32_t last, Arrangement& all) {
  const bool weighted =
      std::any_of(sources.begin(), sources.end(), [](const Source& source) { return source.head.is_weighted(); });
  find_ranges(sources, window, first, last, all);
  all.place.resize(sources.size());
  all.dropped.clear();
  count(sources, shape, own_slots, all);
  if (const auto extent = extent_of(shape, all)) {
    all.rows = *extent;
    for (std::size_t from = 0; from < sources.size(); ++from) {
      const auto places = static_cast<std::size_t>(all.source_rows[from]);
      if (is_by_expert(shape.layout)) {
        all.place[from].assign(places, 0);
      } else {
        all.place[from].resize(places);  // all of them are written below
      }
    }
  } else {
    Room room(shape, own_slots, sources.size());
    choose_rows(sources, shape, room, all);
  }
  place_groups(shape, all);
  prepare_rows(shape, weighted, all);
  if (is_by_expert(shape.layout)) {
    place_by_expert(sources, all);
  } else {
    place_by_rank(sources, shape, all);
  }
}

std::uint32_t windows_that_fit(std::span<const Source> sources, const Shape& shape, std::int32_t own_slots,
                               std::uint32_t window, std::uint32_t windows) {
  Arrangement all;
  const auto fits = [&](std::uint32_t size) {
    for (std::uint32_t first = 0; first < windows; first += size) {
      find_ranges(sources, window, first, std::min(windows, first + size), all);
      count(sources, shape, own_slots, all);
      if (!extent_of(shape, all)) return false;
    }
    return true;
  };
  for (std::uint32_t size = std::max(1U, windows); size > 0; size /= 2) {
    if (fits(size)) return size;
  }
  return 0;
}

}  // namespace tutti::moe
