// The ring: one producer, one consumer, in memory that both map. docs/shm.md proves its memory ordering line by line.
//
// Two parts. *Cells* of one cache line announce *pieces* of messages; a piece of up to 48 bytes lies in its cell, so
// that a short message costs one line. Longer pieces lie in the *data* area, in the order of their cells, each
// contiguous and starting at a multiple of 64. A message may also be left where it lies, in the producer's memory: then
// its only cell tells where, and the consumer reads it there before it frees the cell. No position is ever read from
// shared memory: both sides count for themselves, and the cells and the counts of what is free again are copied, then
// checked.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "transports/shm/fence.hpp"
#include "transports/shm/stores.hpp"

namespace tutti::transport::shm {

inline constexpr std::size_t kLine = 64;
inline constexpr std::size_t kInline = 48;
inline constexpr std::size_t kMinRing = 4096;
inline constexpr std::size_t kMaxRing = std::size_t{1} << 30;

/// What a piece is to its message.
enum class PieceKind : std::uint8_t {
  whole = 1,   // all of it, in the cell
  first = 2,   // its beginning, in the data area; the cell holds the message's length
  more = 3,    // what follows
  direct = 4,  // all of it, in the producer's memory; the cell tells where
};

/// Where a message lies in its sender's memory.
struct Direct {
  std::uint64_t bytes = 0;
  std::uint64_t place = 0;   // in the window; without one, the sender's address
  std::uint64_t window = 0;  // the sender's number for it, from 1; 0: none
};

struct alignas(kLine) Cell {
  std::atomic<std::uint64_t> stamp;  // 8 * (number of the cell, from 1) + kind: written last, read first
  // Atomic so that each is read exactly once: what was checked is what is used, whatever the peer scribbles.
  std::atomic<std::uint32_t> fingerprint;
  std::atomic<std::uint32_t> bytes;  // of this piece
  std::array<std::byte, kInline> payload;
};
static_assert(sizeof(Cell) == kLine && std::atomic<std::uint64_t>::is_always_lock_free);

/// What a side says of itself. `fences`: it is awake, and lets everybody pass a fence before it looks for the last time
/// and sleeps; so whoever has fences needs none of its own to believe that.
enum Sleep : std::uint32_t { kAwake = 0, kAsleep = 1, kFences = 2 };

/// One line for each writer and purpose; two apart, because processors fetch lines in pairs.
struct Control {
  alignas(2 * kLine) std::atomic<std::uint64_t> freed_cells;  // consumer writes: how many cells, and bytes of the data
  std::atomic<std::uint64_t> freed_bytes;                     // area, may be written again
  std::array<std::atomic<std::uint32_t>, kStores> reading_costs;  // what reading takes: StoreChoice::heard
  alignas(2 * kLine) std::atomic<std::uint32_t> consumer_sleeps;
  alignas(2 * kLine) std::atomic<std::uint32_t> producer_sleeps;
  // Written by the producer, and by the consumer, once: see docs/shm.md, "Messages that are left where they lie".
  alignas(2 * kLine) std::atomic<std::uint32_t> revoked;
  alignas(2 * kLine) std::atomic<std::uint32_t> consumer_reads;
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
  /// Publishes where a message lies, which must then stay as it is until `freed` says that its cell is free.
  Push push(const Direct& message, std::uint32_t fingerprint);
  /// Cells published so far: the number of the last one.
  [[nodiscard]] std::uint64_t published() const { return next_cell_; }
  /// Cells that the consumer is done with, as of now; nothing if it has written nonsense.
  std::optional<std::uint64_t> freed();
  /// The consumer has said that it can read this process's memory.
  [[nodiscard]] bool is_readable() const { return control_->consumer_reads.load(std::memory_order_relaxed) == 1; }
  /// What was left where it lies may change from now on: who still reads it must not believe what it has read.
  void revoke();

  /// Whether a piece of a message that lacks `bytes` would not be refused for want of room.
  bool has_room(std::size_t bytes);
  /// Whether a message of `bytes` would be one piece and is not refused for want of room.
  bool has_room_for_all_of(std::size_t bytes);

  /// To be called after pushing. True: the consumer sleeps and its doorbell must be rung.
  bool must_wake_consumer() {
    std::atomic_signal_fence(std::memory_order_seq_cst);  // the compiler keeps the order that (P) and this load have
    if (has_fences_ && control_->consumer_sleeps.load(std::memory_order_relaxed) == kFences) return false;
    return control_->consumer_sleeps.exchange(kAwake, std::memory_order_acq_rel) == kAsleep;
  }
  /// To be called before a last look with has_room() and going to sleep.
  void announce_sleep() { control_->producer_sleeps.exchange(kAsleep, std::memory_order_acq_rel); }
  void announce_wake() { control_->producer_sleeps.store(kAwake, std::memory_order_relaxed); }

 private:
  [[nodiscard]] std::size_t next_piece(std::size_t bytes) const;
  std::uint64_t write(const std::byte* piece, std::size_t bytes);
  bool room_for(std::size_t data_bytes);
  bool look_for_room();

  std::uint64_t freed_cells_ = 0;  // as last seen
  std::uint64_t freed_bytes_ = 0;
  bool corrupt_ = false;
  bool has_fences_ = has_fences();
  StoreChoice stores_;
};

class Consumer : RingMemory {
 public:
  Consumer(std::span<std::byte> segment, RingShape shape) : RingMemory(segment, shape) { announce_wake(); }

  struct Piece {
    PieceKind kind = PieceKind::whole;
    std::uint32_t fingerprint = 0;
    std::size_t message_bytes = 0;  // unless kind is more
    std::size_t bytes = 0;
    const std::byte* data =
        nullptr;  // valid until `release`; the peer may still scribble on it; null if the kind is direct
    Direct direct;
  };
  enum class Look : std::uint8_t { nothing, piece, corrupt };

  /// What comes next. All of `piece` is checked against the ring's own limits.
  Look look(Piece& piece);
  /// Gives the piece's memory back. Publishes that now and then: see docs/shm.md.
  void release(const Piece& piece);

  /// After a message has been read where it lies: false if it may have changed meanwhile.
  [[nodiscard]] bool is_valid();
  /// Says that this rank can read the producer's memory.
  void announce_reading() { control_->consumer_reads.store(1, std::memory_order_relaxed); }

  /// To be called after releasing. True: the producer sleeps and its doorbell must be rung.
  bool must_wake_producer();
  /// To be followed by fence_others(), if there are fences, and then by a last look.
  void announce_sleep() { control_->consumer_sleeps.exchange(kAsleep, std::memory_order_acq_rel); }
  void announce_wake() { control_->consumer_sleeps.store(has_fences() ? kFences : kAwake, std::memory_order_relaxed); }

 private:
  void note_time(std::size_t bytes);

  std::uint64_t published_cells_ = 0;
  std::uint64_t published_bytes_ = 0;
  bool published_ = false;   // since the last must_wake_producer
  std::uint64_t timed_ = 0;  // Announced::timed of the piece that was looked at last
  std::uint64_t began_ns_ = 0;
  std::array<RecentCost, kStores> reading_;
};

}  // namespace tutti::transport::shm
