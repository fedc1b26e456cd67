#include "transports/shm/ring.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace tutti::transport::shm {
namespace {

std::size_t round_up(std::size_t bytes, std::size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

std::uint64_t stamp_of(std::uint64_t cell_number, PieceKind kind) {
  return 4 * (cell_number + 1) + static_cast<std::uint64_t>(kind);
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
    const std::uint64_t message_bytes = message.size();
    std::memcpy(next.payload.data(), &message_bytes, sizeof(message_bytes));
    std::memcpy(data_ + place_, message.data() + sent, bytes);
  }
  next.stamp.store(stamp_of(next_cell_, kind), std::memory_order_release);  // (P) publishes cell and data
  advance(whole ? 0 : bytes);
  sent += bytes;
  return Push::done;
}

bool Producer::has_room(std::size_t bytes) {
  return room_for(bytes <= kInline ? 0 : next_piece(bytes)) || corrupt_;
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
  return true;
}

Consumer::Look Consumer::look(Piece& piece) {
  const Cell& next = cell(next_cell_);
  const auto stamp = next.stamp.load(std::memory_order_acquire);  // (C) pairs with (P)
  const auto kind = stamp - 4 * (next_cell_ + 1);
  if (kind - 1 > 2) {
    // The cell still holds what it held one round before (nothing, in the first), or garbage.
    const bool first_round = next_cell_ < shape_.cells;
    const auto before = stamp - (first_round ? 0 : 4 * (next_cell_ + 1 - shape_.cells));
    const bool untouched = first_round ? stamp == 0 : before - 1 <= 2;
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
  std::uint64_t message_bytes = 0;
  std::memcpy(&message_bytes, next.payload.data(), sizeof(message_bytes));
  piece.message_bytes = message_bytes;
  piece.data = data_ + place_;
  return piece.bytes > 0 && piece.bytes <= std::min(shape_.piece, contiguous()) ? Look::piece : Look::corrupt;
}

void Consumer::release(const Piece& piece) {
  advance(piece.kind == PieceKind::whole ? 0 : piece.bytes);
  // An eighth at a time: the producer never needs more than the other seven at once, so holding back less than an
  // eighth stalls nobody, and short messages leave the producer's copy of this line alone.
  if (next_byte_ - published_bytes_ < shape_.data / 8 && next_cell_ - published_cells_ < shape_.cells / 8) return;
  published_bytes_ = next_byte_;
  published_cells_ = next_cell_;
  control_->freed_bytes.store(next_byte_, std::memory_order_release);  // (R) pairs with (F)
  control_->freed_cells.store(next_cell_, std::memory_order_release);
  published_ = true;
}

bool Consumer::must_wake_producer() {
  if (!published_) return false;
  published_ = false;
  return control_->producer_sleeps.exchange(0, std::memory_order_acq_rel) != 0;
}

}  // namespace tutti::transport::shm
