#include "transports/shm/ring.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/streaming.hpp"

namespace tutti::transport::shm {
namespace {

std::size_t round_up(std::size_t bytes, std::size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

std::uint64_t now_ns() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

// What the cell of a piece in the data area says.
struct Announced {
  std::uint64_t message_bytes = 0;
  std::uint64_t timed = 0;  // 1 + StorePlan::place() of a piece whose reading is to be timed
};

std::uint64_t stamp_of(std::uint64_t cell_number, PieceKind kind) {
  return 8 * (cell_number + 1) + static_cast<std::uint64_t>(kind);
}

}  // namespace

RingShape RingShape::of(std::size_t ring_bytes) {
  RingShape shape;
  shape.data = round_up(ring_bytes, 8 * kLine);
  shape.piece = shape.data / 8;
  shape.cells = std::clamp<std::size_t>(std::bit_floor(shape.data / 1024), 64, 4096);
  return shape;
}

RingMemory::RingMemory(std::span<std::byte> segment, RingShape shape)
    : shape_(shape),
      control_(reinterpret_cast<Control*>(segment.data())),
      cells_(reinterpret_cast<Cell*>(segment.data() + sizeof(Control))),
      data_(segment.data() + sizeof(Control) + shape.cells * sizeof(Cell)) {}

void RingMemory::advance(std::size_t data_bytes) {
  const std::size_t lines = round_up(data_bytes, kLine);
  ++next_cell_;
  next_byte_ += lines;
  place_ += lines;
  if (place_ == shape_.data) place_ = 0;
}

std::size_t Producer::next_piece(std::size_t bytes) const {
  return std::min({bytes, shape_.piece, contiguous()});
}

Producer::Push Producer::push(std::span<const std::byte> message, std::uint32_t fingerprint, std::size_t& sent) {
  const bool whole = message.size() <= kInline;
  const std::size_t bytes = whole ? message.size() : next_piece(message.size() - sent);
  if (!room_for(whole ? 0 : bytes)) return corrupt_ ? Push::corrupt : Push::no_room;

  Cell& next = cell(next_cell_);
  next.fingerprint.store(fingerprint, std::memory_order_relaxed);
  next.bytes.store(static_cast<std::uint32_t>(bytes), std::memory_order_relaxed);
  auto kind = PieceKind::whole;
  if (whole) {
    if (bytes > 0) std::memcpy(next.payload.data(), message.data(), bytes);
  } else {
    kind = sent == 0 ? PieceKind::first : PieceKind::more;
    const Announced announced{message.size(), write(message.data() + sent, bytes)};
    std::memcpy(next.payload.data(), &announced, sizeof(announced));
  }
  next.stamp.store(stamp_of(next_cell_, kind), std::memory_order_release);  // (P) publishes cell and data
  advance(whole ? 0 : bytes);
  sent += bytes;
  return Push::done;
}

// Which stores it takes is for the next piece of the data area; gives Announced::timed.
std::uint64_t Producer::write(const std::byte* piece, std::size_t bytes) {
  const auto plan = stores_.next(bytes);
  const auto begin = plan && plan->is_timed ? now_ns() : 0;
  if (plan && plan->stores == Stores::streaming) {
    copy_past_caches(data_ + place_, piece, bytes);
  } else {
    std::memcpy(data_ + place_, piece, bytes);
  }
  if (begin == 0) return 0;
  stores_.wrote(*plan, bytes, now_ns() - begin);
  return 1 + plan->place();
}

Producer::Push Producer::push(const Direct& message, std::uint32_t fingerprint) {
  if (!room_for(0)) return corrupt_ ? Push::corrupt : Push::no_room;
  Cell& next = cell(next_cell_);
  next.fingerprint.store(fingerprint, std::memory_order_relaxed);
  next.bytes.store(0, std::memory_order_relaxed);
  std::memcpy(next.payload.data(), &message, sizeof(message));
  next.stamp.store(stamp_of(next_cell_, PieceKind::direct), std::memory_order_release);  // (P)
  advance(0);
  return Push::done;
}

std::optional<std::uint64_t> Producer::freed() {
  if (!look_for_room()) return std::nullopt;
  return freed_cells_;
}

void Producer::revoke() {
  control_->revoked.exchange(1, std::memory_order_acq_rel);  // (V) before whatever the owner writes next
}

bool Producer::has_room(std::size_t bytes) {
  return room_for(bytes <= kInline ? 0 : next_piece(bytes)) || corrupt_;
}

bool Producer::has_room_for_all_of(std::size_t bytes) {
  return (bytes <= kInline || bytes <= next_piece(bytes)) && room_for(bytes <= kInline ? 0 : bytes);
}

bool Producer::room_for(std::size_t data_bytes) {
  const auto fits = [&] {
    return next_cell_ - freed_cells_ < shape_.cells &&
           next_byte_ - freed_bytes_ + round_up(data_bytes, kLine) <= shape_.data;
  };
  // The consumer's line is read only when the last look at it does not suffice.
  return fits() || (look_for_room() && fits());
}

bool Producer::look_for_room() {
  const auto cells = control_->freed_cells.load(std::memory_order_acquire);  // (F) pairs with the consumer's release
  const auto bytes = control_->freed_bytes.load(std::memory_order_acquire);
  // Counts only grow, and never beyond what was written: anything else is a scribbling peer.
  corrupt_ = corrupt_ || cells < freed_cells_ || cells > next_cell_ || bytes < freed_bytes_ || bytes > next_byte_ ||
             bytes % kLine != 0;
  if (corrupt_) return false;
  freed_cells_ = cells;
  freed_bytes_ = bytes;
  std::array<std::uint32_t, kStores> reading{};
  for (std::size_t place = 0; place < kStores; ++place) {
    reading[place] = control_->reading_costs[place].load(std::memory_order_relaxed);
  }
  stores_.heard(reading);
  return true;
}

Consumer::Look Consumer::look(Piece& piece) {
  const Cell& next = cell(next_cell_);
  const auto stamp = next.stamp.load(std::memory_order_acquire);  // (C) pairs with (P)
  const auto kind = stamp - 8 * (next_cell_ + 1);
  if (kind - 1 > 3) {
    // The cell still holds what it held one round before (nothing, in the first), or garbage.
    const bool first_round = next_cell_ < shape_.cells;
    const auto before = stamp - (first_round ? 0 : 8 * (next_cell_ + 1 - shape_.cells));
    const bool untouched = first_round ? stamp == 0 : before - 1 <= 3;
    return untouched ? Look::nothing : Look::corrupt;
  }
  piece.kind = static_cast<PieceKind>(kind);
  piece.fingerprint = next.fingerprint.load(std::memory_order_relaxed);
  piece.bytes = next.bytes.load(std::memory_order_relaxed);
  if (piece.kind == PieceKind::whole) {
    piece.message_bytes = piece.bytes;
    piece.data = next.payload.data();
    return piece.bytes <= kInline ? Look::piece : Look::corrupt;
  }
  if (piece.kind == PieceKind::direct) {
    std::memcpy(&piece.direct, next.payload.data(), sizeof(piece.direct));
    piece.message_bytes = piece.bytes = piece.direct.bytes;
    piece.data = nullptr;
    return piece.bytes > 0 ? Look::piece : Look::corrupt;
  }
  Announced announced;
  std::memcpy(&announced, next.payload.data(), sizeof(announced));
  piece.message_bytes = announced.message_bytes;
  piece.data = data_ + place_;
  timed_ = announced.timed;
  if (timed_ != 0) began_ns_ = now_ns();
  return piece.bytes > 0 && piece.bytes <= std::min(shape_.piece, contiguous()) ? Look::piece : Look::corrupt;
}

void Consumer::release(const Piece& piece) {
  note_time(piece.bytes);
  const bool is_direct = piece.kind == PieceKind::direct;
  advance(is_direct || piece.kind == PieceKind::whole ? 0 : piece.bytes);
  // An eighth at a time: the producer never needs more than the other seven at once, so holding back less than an
  // eighth stalls nobody, and short messages leave the producer's copy of this line alone. But who left a
  // message where it was waits for just this.
  const bool is_little =
      next_byte_ - published_bytes_ < shape_.data / 8 && next_cell_ - published_cells_ < shape_.cells / 8;
  if (!is_direct && is_little) return;
  published_bytes_ = next_byte_;
  published_cells_ = next_cell_;
  control_->freed_bytes.store(next_byte_, std::memory_order_release);  // (R) pairs with (F)
  control_->freed_cells.store(next_cell_, std::memory_order_release);
  published_ = true;
}

// What the piece that was looked at last took until now, if its producer wants to know.
void Consumer::note_time(std::size_t bytes) {
  const std::uint64_t place = std::exchange(timed_, 0) - 1;
  if (place >= kStores) return;
  reading_[place].add(bytes, now_ns() - began_ns_);
  control_->reading_costs[place].store(reading_[place].least(), std::memory_order_relaxed);
}

bool Consumer::is_valid() {
  return control_->revoked.fetch_add(0, std::memory_order_acq_rel) == 0;  // (V) after what was read
}

bool Consumer::must_wake_producer() {
  if (!published_) return false;
  published_ = false;
  return control_->producer_sleeps.exchange(kAwake, std::memory_order_acq_rel) == kAsleep;
}

}  // namespace tutti::transport::shm
