// The ring: one producer, one consumer, in memory that both map. docs/shm.md proves its memory ordering line by line.
//
// Two parts. *Cells* of one cache line announce *pieces* of messages; a piece of up to 48 bytes lies in its cell, so
// that a short message costs one line. Longer pieces lie in the *data* area, in the order of their cells, each
// contiguous and starting at a multiple of 64. No position is ever read from shared memory: both sides count for
// themselves, and the cells and the counts of what is free again are copied, then checked.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace tutti::transport::shm {

inline constexpr std::size_t kLine = 64;
inline constexpr std::size_t kInline = 48;
inline constexpr std::size_t kMinRing = 4096;
inline constexpr std::size_t kMaxRing = std::size_t{1} << 30;

/// What a piece is to its message.
enum class PieceKind : std::uint8_t {
  whole = 1,  // all of it, in the cell
  first = 2,  // its beginning, in the data area; the cell holds the message's length
  more = 3,   // what follows
};

struct alignas(kLine) Cell {
  std::atomic<std::uint64_t> stamp;  // 4 * (number of the cell, from 1) + kind: written last, read first
  // Atomic so that each is read exactly once: what was checked is what is used, whatever the peer scribbles.
  std::atomic<std::uint32_t> fingerprint;
  std::atomic<std::uint32_t> bytes;  // of this piece
  std::array<std::byte, kInline> payload;
};
static_assert(sizeof(Cell) == kLine && std::atomic<std::uint64_t>::is_always_lock_free);

/// One line for each writer and purpose; two apart, because processors fetch lines in pairs.
struct Control {
  alignas(2 * kLine) std::atomic<std::uint64_t> freed_cells;  // consumer writes: how many cells, and bytes of the data
  std::atomic<std::uint64_t> freed_bytes;                     // area, may be written again
  alignas(2 * kLine) std::atomic<std::uint32_t> consumer_sleeps;
  alignas(2 * kLine) std::atomic<std::uint32_t> producer_sleeps;
  alignas(2 * kLine) std::array<std::byte, 0> end;
};

/// The geometry; both sides derive it from the same number.
struct RingShape {
  std::size_t cells = 0;  // a power of two
  std::size_t data = 0;   // bytes of the data area
  std::size_t piece = 0;  // bytes of the longest piece: an eighth, so that both sides work at the same time

  static RingShape of(std::size_t ring_bytes);
  [[nodiscard]] std::size_t segment_bytes() const { return sizeof(Control) + cells * sizeof(Cell) + data; }
};

/// Views a segment that is zero at first.
class RingMemory {
 public:
  RingMemory(std::span<std::byte> segment, RingShape shape);

 protected:
  [[nodiscard]] std::size_t contiguous() const { return shape_.data - place_; }
  [[nodiscard]] Cell& cell(std::uint64_t number) { return cells_[number & (shape_.cells - 1)]; }
  void advance(std::size_t data_bytes);

  RingShape shape_;
  Control* control_;
  Cell* cells_;
  std::byte* data_;
  std::uint64_t next_cell_ = 0;  // cells written, or read, so far
  std::uint64_t next_byte_ = 0;  // bytes of the data area so far, with the gaps up to the next line
  std::size_t place_ = 0;        // next_byte_ modulo the data area
};

class Producer : RingMemory {
 public:
  using RingMemory::RingMemory;
  enum class Push : std::uint8_t { done, no_room, corrupt };

  /// Publishes the next piece of `message`, of which `sent` bytes are published already, and adds its bytes to `sent`.
  /// A message of 0 bytes is one piece too.
  Push push(std::span<const std::byte> message, std::uint32_t fingerprint, std::size_t& sent);
  /// Whether a piece of a message that lacks `bytes` would not be refused for want of room.
  bool has_room(std::size_t bytes);

  /// To be called after pushing. True: the consumer sleeps and its doorbell must be rung.
  bool must_wake_consumer() { return control_->consumer_sleeps.exchange(0, std::memory_order_acq_rel) != 0; }
  /// To be called before a last look with has_room() and going to sleep.
  void announce_sleep() { control_->producer_sleeps.exchange(1, std::memory_order_acq_rel); }
  void announce_wake() { control_->producer_sleeps.store(0, std::memory_order_relaxed); }

 private:
  [[nodiscard]] std::size_t next_piece(std::size_t bytes) const;
  bool room_for(std::size_t data_bytes);
  bool look_for_room();

  std::uint64_t freed_cells_ = 0;  // as last seen
  std::uint64_t freed_bytes_ = 0;
  bool corrupt_ = false;
};

class Consumer : RingMemory {
 public:
  using RingMemory::RingMemory;

  struct Piece {
    PieceKind kind = PieceKind::whole;
    std::uint32_t fingerprint = 0;
    std::size_t message_bytes = 0;  // unless kind is more
    std::size_t bytes = 0;
    const std::byte* data = nullptr;  // valid until `release`; the peer may still scribble on it
  };
  enum class Look : std::uint8_t { nothing, piece, corrupt };

  /// What comes next. All of `piece` is checked against the ring's own limits.
  Look look(Piece& piece);
  /// Gives the piece's memory back. Publishes that now and then: see docs/shm.md.
  void release(const Piece& piece);

  /// To be called after releasing. True: the producer sleeps and its doorbell must be rung.
  bool must_wake_producer();
  void announce_sleep() { control_->consumer_sleeps.exchange(1, std::memory_order_acq_rel); }
  void announce_wake() { control_->consumer_sleeps.store(0, std::memory_order_relaxed); }

 private:
  std::uint64_t published_cells_ = 0;
  std::uint64_t published_bytes_ = 0;
  bool published_ = false;  // since the last must_wake_producer
};

}  // namespace tutti::transport::shm
