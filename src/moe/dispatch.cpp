#include "moe/dispatch.hpp"

#include <algorithm>

#include "base/streaming.hpp"

namespace tutti::moe {

using transport::Transfer;

namespace {

// When so much comes to a rank, no cache has the first of it when the last has come.
constexpr std::size_t kMoreThanCaches = std::size_t{16} << 20;

void store_past_caches(const void* /*context*/, std::byte* out, const std::byte* /*local*/, const std::byte* arrived,
                       std::size_t bytes) {
  copy_past_caches(out, arrived, bytes);
}

constexpr transport::Combine kPastCaches{.apply = store_past_caches, .context = nullptr};

}  // namespace

Dispatch::Dispatch(std::shared_ptr<Plan> plan, std::span<const Column> columns, bool zero_padding, const Call& call)
    : Planned("dispatch", schedule_dispatch, std::move(plan), call),
      columns_(columns),
      zero_padding_(zero_padding),
      past_caches_(!is_by_expert(this->plan().shape.layout) &&
                   static_cast<std::size_t>(arrangement().rows) * columns_.row_bytes() >= kMoreThanCaches),
      passages_(this->plan().chunks.size()),
      next_own_(arrangement().range[static_cast<std::size_t>(site().rank)].first) {
  for (const Parcel& parcel : parcels()) {
    if (parcel.leg == Leg::branch && parcel.sends) ++passages_[parcel.first].branches;
  }
  std::size_t longest = 0;
  for (const Column& column : columns_.all()) longest = std::max(longest, column.bytes);
  if (!arrangement().dropped.empty()) sink_.resize(longest);
}

bool Dispatch::is_ready(Item item) const {
  const Parcel& parcel = this->parcel(item);
  return parcel.leg != Leg::branch || !parcel.sends || passages_[parcel.first].rows != nullptr;
}

// A trunk is packed whatever path it takes: its gateway cuts it.
std::size_t Dispatch::staging_bytes(Item item, bool near) const {
  const Parcel& parcel = this->parcel(item);
  return rows_of(parcel) * columns_.packed_bytes(near && parcel.leg != Leg::trunk);
}

void Dispatch::load(Item item, bool near, std::byte* staging, std::vector<Transfer>& messages) {
  const Parcel& parcel = this->parcel(item);
  if (const std::size_t bytes = staging_bytes(item, near); bytes > 0) {
    Transfer packed;
    packed.data = staging;
    packed.bytes = bytes;
    messages.push_back(packed);
  }
  if (!parcel.sends) {
    if (parcel.leg == Leg::trunk) {
      passages_[parcel.first].trunk = item;
    } else {
      receive_rows(parcel, near, staging, messages);
    }
  } else if (parcel.leg == Leg::branch) {
    pass_rows(parcel, near, staging, messages);
  } else {
    send_rows(parcel, near && parcel.leg != Leg::trunk, staging, messages);
  }
}

std::span<const std::uint32_t> Dispatch::tokens_to(const Parcel& parcel) const {
  const auto peer = static_cast<std::size_t>(parcel.peer);
  return parcel.leg == Leg::trunk ? plan().outgoing.tokens_of_node(site().node_of[peer])
                                  : plan().outgoing.tokens_of_rank(parcel.peer);
}

void Dispatch::send_rows(const Parcel& parcel, bool near, std::byte* staging, std::vector<Transfer>& messages) {
  for (const std::uint32_t token : tokens_to(parcel).subspan(parcel.first, parcel.rows)) {
    for (const Column& column : columns_.all()) {
      if (Columns::is_packed(column, near)) {
        std::memcpy(staging, column.from(token), column.bytes);
        staging += column.bytes;
      } else {
        Transfer row;
        row.data = const_cast<std::byte*>(column.from(token));  // it is only read
        row.bytes = column.bytes;
        messages.push_back(row);
      }
    }
  }
}

void Dispatch::pass_rows(const Parcel& parcel, bool near, std::byte* staging, std::vector<Transfer>& messages) {
  const Chunk& chunk = plan().chunks[parcel.first];
  const auto mates = static_cast<std::size_t>(site().size_of_node(site().node));
  const std::int32_t local = site().local[static_cast<std::size_t>(parcel.peer)];
  const std::byte* data = passages_[parcel.first].rows;
  for (std::uint32_t row = 0; row < chunk.rows; ++row) {
    const bool wanted = chunk.wants(row, mates, local);
    for (const Column& column : columns_.all()) {
      if (wanted && Columns::is_packed(column, near)) {
        std::memcpy(staging, data, column.bytes);
        staging += column.bytes;
      } else if (wanted) {
        Transfer message;
        message.data = const_cast<std::byte*>(data);
        message.bytes = column.bytes;
        messages.push_back(message);
      }
      data += column.bytes;
    }
  }
}

std::span<const Place> Dispatch::places(std::int32_t source, std::uint32_t row) const {
  const auto from = static_cast<std::size_t>(source);
  const Source& rows = plan().sources[from];
  const RowRange range = arrangement().range[from];
  const std::span<const Place> all(arrangement().place[from]);
  if (!is_by_expert(plan().shape.layout)) return all.subspan(row - range.first, 1);
  const std::uint32_t base = rows.first_entry(range.first);
  return all.subspan(rows.first_entry(row) - base, rows.entry_ends[row] - rows.first_entry(row));
}

// A long column is received where it is wanted first, or nowhere.
void Dispatch::receive_rows(const Parcel& parcel, bool near, std::byte* /*staging*/, std::vector<Transfer>& messages) {
  for (std::uint32_t row = parcel.first; row < parcel.first + parcel.rows; ++row) {
    const auto wanted = places(parcel.source, row);
    const auto first = std::find_if(wanted.begin(), wanted.end(), [](Place place) { return place != kNowhere; });
    for (const Column& column : columns_.all()) {
      if (Columns::is_packed(column, near)) continue;
      Transfer message;
      message.data = first == wanted.end() ? sink_.data() : column.to(*first);
      message.bytes = column.bytes;
      message.operand = message.data;
      message.combine = past_caches_ ? &kPastCaches : nullptr;
      messages.push_back(message);
    }
  }
}

Result<bool> Dispatch::finish(Item item, bool near, std::byte* staging) {
  const Parcel& parcel = this->parcel(item);
  if (parcel.leg == Leg::branch && parcel.sends) {
    Passage& passage = passages_[parcel.first];
    if (--passage.branches == 0) free_trunks_.push_back(passage.trunk);
    return true;
  }
  if (parcel.sends) return true;
  if (parcel.leg != Leg::trunk) {
    unpack(parcel, near, staging);
    return true;
  }
  unpack_own(parcel, staging);
  passages_[parcel.first].rows = staging;
  return passages_[parcel.first].branches == 0;
}

void Dispatch::put(std::span<const Place> places, const Column& column, const std::byte* data) const {
  for (const Place place : places) {
    if (place == kNowhere) continue;
    std::byte* const out = column.to(place);
    if (out == data) continue;
    if (past_caches_ && column.bytes >= kLongRow) {
      copy_past_caches(out, data, column.bytes);
    } else {
      std::memcpy(out, data, column.bytes);
    }
  }
}

void Dispatch::unpack(const Parcel& parcel, bool near, const std::byte* staging) {
  for (std::uint32_t row = parcel.first; row < parcel.first + parcel.rows; ++row) {
    const auto wanted = places(parcel.source, row);
    const auto first = std::find_if(wanted.begin(), wanted.end(), [](Place place) { return place != kNowhere; });
    for (const Column& column : columns_.all()) {
      if (Columns::is_packed(column, near)) {
        put(wanted, column, staging);
        staging += column.bytes;
      } else if (first != wanted.end()) {
        put(wanted, column, column.to(*first));
      }
    }
  }
}

// The rows of a chunk that are for the gateway itself.
void Dispatch::unpack_own(const Parcel& parcel, const std::byte* staging) {
  const Chunk& chunk = plan().chunks[parcel.first];
  const auto mates = static_cast<std::size_t>(site().size_of_node(site().node));
  const std::int32_t local = site().local[static_cast<std::size_t>(site().rank)];
  std::uint32_t next = first_row(tokens_of(chunk.source), chunk.window);
  for (std::uint32_t row = 0; row < chunk.rows; ++row) {
    if (!chunk.wants(row, mates, local)) {
      staging += columns_.row_bytes();
      continue;
    }
    const auto wanted = places(chunk.source, next++);
    for (const Column& column : columns_.all()) {
      put(wanted, column, staging);
      staging += column.bytes;
    }
  }
}

bool Dispatch::work(std::vector<Item>& freed) {
  freed.insert(freed.end(), free_trunks_.begin(), free_trunks_.end());
  free_trunks_.clear();
  if (served_self_) return !freed.empty();
  served_self_ = serve_self();
  if (served_self_ && zero_padding_) fill_padding();
  return true;
}

// Some more of this rank's rows for itself. True: that was all.
bool Dispatch::serve_self() {
  const std::int32_t self = site().rank;
  const auto tokens = tokens_of(self);
  const std::size_t left = arrangement().range[static_cast<std::size_t>(self)].last - next_own_;
  const std::size_t rows = std::min(left, rows_a_turn(columns_.row_bytes()));
  for (std::size_t row = 0; row < rows; ++row, ++next_own_) {
    const auto wanted = places(self, next_own_);
    for (const Column& column : columns_.all()) put(wanted, column, column.from(tokens[next_own_]));
  }
  return rows == left;
}

void Dispatch::fill_padding() {
  const auto& filled = arrangement().row_source;
  for (std::uint32_t place = 0; place < filled.size(); ++place) {
    if (filled[place] >= 0) continue;
    for (const Column& column : columns_.all()) std::memset(column.to(place), 0, column.bytes);
  }
}

}  // namespace tutti::moe
