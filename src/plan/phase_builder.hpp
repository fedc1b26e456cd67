// How an algorithm writes down what one rank does: in rounds, in terms of chunks, without buffers or dependencies. The
// builder follows where the current value of each chunk lives, and so decides buffers, copies and conversions.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/axis.hpp"
#include "plan/collective.hpp"
#include "plan/program.hpp"
#include "plan/range_map.hpp"

namespace tutti::plan {

/// What a program is lowered for, beside its algorithm.
struct Lowering {
  Collective collective{};
  std::int32_t ranks = 1;
  Rank self{};
  Rank root{};
  std::uint32_t segments = 1;
  bool in_place = false;  // `in` and `out` are the same memory
  bool widened = false;   // partial results travel and accumulate in the accumulator's type
  bool divides = false;   // an average: the result is divided at the end
};

/// One step of every segment, before it is cut into segments.
struct Action {
  Verb verb{};
  std::uint8_t flags = 0;
  Buffer src = Buffer::none;
  Buffer dst = Buffer::none;
  Rank peer{};
  ChunkRange src_range{};
  ChunkRange dst_range{};
  std::uint32_t round = 0;
};

class PhaseBuilder {
 public:
  /// `chunks` is how many chunks the algorithm cuts a segment into.
  PhaseBuilder(const Lowering& lowering, std::uint32_t chunks);

  /// Sends the current value of `chunks`. A run that goes past the last chunk is two messages.
  void send(Rank peer, ChunkRange chunks);

  /// Receives the results of `chunks`.
  void recv(Rank peer, ChunkRange chunks);

  /// value = value op what arrives, or the other way round.
  enum class Side : std::uint8_t { right, left };
  void recv_reduce(Rank peer, ChunkRange chunks, Side arrived = Side::right);

  /// Sends the value and reduces the peer's into it: the old value stays intact until it is sent.
  void exchange_reduce(Rank peer, ChunkRange chunks, Side arrived);

  /// Keeps the peer's contribution to one chunk in slot number `slot`.
  void recv_slot(Rank peer, std::uint32_t slot);
  /// Reduces all slots in order, this rank's own value standing for slot `own`, to the result of `chunk`.
  void reduce_slots(std::uint32_t slots, std::uint32_t own, ChunkRange chunk);

  /// The value of `chunks` is the result: it moves to the output.
  void finish(ChunkRange chunks);

  // ---- With buffers that the algorithm names: the builder follows no values here, and a run must not wrap ----

  void send_from(Rank peer, Buffer buffer, ChunkRange chunks);
  /// The same, but not before this rank's last send_in_turn is over: one message at a time.
  void send_in_turn(Rank peer, Buffer buffer, ChunkRange chunks);
  void recv_into(Rank peer, Buffer buffer, ChunkRange chunks);
  void copy(Buffer src, ChunkRange from, Buffer dst, ChunkRange to);

  /// Messages without content: the n-th sent waits for the first n received.
  void send_token(Rank peer);
  void recv_token(Rank peer);

  /// What follows belongs to the next round. Every rank counts rounds alike: a message has the same round at both ends.
  void next_round() { ++round_; }

  /// Whether the input and the output are the same memory.
  [[nodiscard]] bool in_place() const { return lowering_.in_place; }

  /// Whether the result is divided at the end: an average.
  [[nodiscard]] bool divides() const { return lowering_.divides; }

  [[nodiscard]] const std::vector<Action>& actions() const { return actions_; }
  [[nodiscard]] std::uint32_t chunks() const { return chunks_; }
  [[nodiscard]] std::uint32_t slots() const { return slots_; }
  [[nodiscard]] std::uint32_t own_slot() const { return own_slot_; }

 private:
  // Where the current value of a chunk lives. `result` is the output when nothing remains to be done to it.
  enum class Place : std::uint8_t { nowhere, in, acc, acc2, out, result };

  static Buffer buffer_of(Place place);
  [[nodiscard]] Place accumulator() const;
  void emit(Action action);
  template <typename Visit>
  void for_pieces(ChunkRange chunks, Visit&& visit) const;
  [[nodiscard]] Place settle(ChunkRange piece);
  void move(ChunkRange piece, Place from, Place to);
  bool write_result_directly(ChunkRange piece, Place from);
  void finish_piece(ChunkRange piece, Place from);

  Lowering lowering_;
  std::uint32_t chunks_;
  std::uint32_t round_ = 0;
  std::uint32_t slots_ = 0;
  std::uint32_t own_slot_ = 0;
  std::uint32_t tokens_ = 0;  // received so far
  RangeMap<Place> places_;
  std::vector<Action> actions_;
};

}  // namespace tutti::plan
