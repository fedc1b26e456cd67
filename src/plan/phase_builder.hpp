// How an algorithm writes down what one rank does: in rounds, in terms of chunks, without buffers or dependencies. The
// builder follows where the current value of each chunk lives, and so decides buffers, copies and conversions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "plan/axis.hpp"
#include "plan/collective.hpp"
#include "plan/program.hpp"
#include "plan/range_map.hpp"

namespace tutti::plan {

/// What a program is lowered for, beside its phases.
struct Lowering {
  Collective collective{};
  std::int32_t ranks = 1;
  Rank self{};
  Rank root{};
  std::uint32_t segments = 1;
  bool in_place = false;  // `in` and `out` are the same memory
  bool widened = false;   // partial results travel and accumulate in the accumulator's type
  bool divides = false;   // an average: the result is divided at the end
  bool packed = false;    // blocks are gathered in scratch memory in the order of chunks, as their own is another
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
  std::uint32_t src_stride = 1;  // copy
  std::uint32_t dst_stride = 1;
  std::uint32_t slot = 0;      // reduce: the first slot's first chunk
  std::uint32_t slots = 0;     // reduce: how many
  std::uint32_t own_slot = 0;  // reduce: which of them stands for this rank's own contribution
};

/// Room for the contributions of several ranks to one run of chunks, which are reduced together in order.
struct Slots {
  std::uint32_t first = 0;  // of the buffer, in chunks
  std::uint32_t count = 0;
  ChunkRange chunks{};
};

class PhaseBuilder {
 public:
  /// `chunks` is how many chunks a segment is cut into.
  PhaseBuilder(const Lowering& lowering, std::uint32_t chunks);

  /// `chunks` of this rank's input hold a value: what it contributes.
  void begin_with(ChunkRange chunks);
  /// `chunks` are the ones that this rank's output has, where it has only some.
  void set_own(ChunkRange chunks) { own_ = chunks; }

  // ---- Values. A run that goes past the end of an axis is two messages. ----

  /// Sends the current value.
  void send(Rank peer, const Chunks& chunks);
  /// Receives a value in place of the current one.
  void recv(Rank peer, const Chunks& chunks);
  /// value = value op what arrives, or the other way round.
  enum class Side : std::uint8_t { right, left };
  void recv_reduce(Rank peer, const Chunks& chunks, Side arrived = Side::right);
  /// Sends the value and reduces the peer's into it: the old value stays intact until it is sent.
  void exchange_reduce(Rank peer, const Chunks& chunks, Side arrived);

  void send(Rank peer, ChunkRange chunks) { send(peer, Chunks{chunks, {0, 0}}); }
  void recv(Rank peer, ChunkRange chunks) { recv(peer, Chunks{chunks, {0, 0}}); }
  void recv_reduce(Rank peer, ChunkRange chunks, Side arrived = Side::right) {
    recv_reduce(peer, Chunks{chunks, {0, 0}}, arrived);
  }
  void exchange_reduce(Rank peer, ChunkRange chunks, Side arrived) {
    exchange_reduce(peer, Chunks{chunks, {0, 0}}, arrived);
  }

  /// `count` slots for contributions to `chunks`.
  Slots make_slots(std::uint32_t count, ChunkRange chunks);
  /// Keeps the peer's contribution in slot number `slot`.
  void recv_slot(Rank peer, const Slots& slots, std::uint32_t slot);
  /// value = slot 0 op slot 1 op ..., this rank's own value standing for slot `own`.
  void reduce_slots(const Slots& slots, std::uint32_t own);

  /// The value is the result: it moves to the output.
  void finish(ChunkRange chunks);
  /// Whether what is received from here on is a result, and not a partial one.
  void set_results(bool results) { results_ = results; }
  /// Whether the reductions that follow are the last of their chunks: one that computes the result may write it at
  /// once.
  void set_last_reduction(bool last) { last_reduction_ = last; }

  // ---- Messages without content: the n-th sent waits for the first n received. ----
  void send_token(Rank peer);
  void recv_token(Rank peer);

  // ---- Buffers that the algorithm chooses itself: nothing is followed. ----
  void send_from(Rank peer, Buffer buffer, ChunkRange chunks);
  /// The same, but not before this rank's last send_in_turn is over: one message at a time.
  void send_in_turn(Rank peer, Buffer buffer, ChunkRange chunks);
  void recv_into(Rank peer, Buffer buffer, ChunkRange chunks);
  /// `from` and `to` have the same count; chunk i is at first + i * stride.
  void copy(Buffer src, ChunkRange from, Buffer dst, ChunkRange to, std::uint32_t from_stride = 1,
            std::uint32_t to_stride = 1);

  /// What follows belongs to the next round. Every rank counts rounds alike: a message has the same round at both ends.
  void next_round() { ++round_; }
  void set_round(std::uint32_t round) { round_ = round; }
  [[nodiscard]] std::uint32_t round() const { return round_; }

  /// Whether the input and the output are the same memory.
  [[nodiscard]] bool in_place() const { return lowering_.in_place; }
  /// Whether the result is divided at the end: an average.
  [[nodiscard]] bool divides() const { return lowering_.divides; }
  /// Whether a value of these chunks is this rank's raw input still.
  [[nodiscard]] bool is_raw(ChunkRange chunks);

  [[nodiscard]] const std::vector<Action>& actions() const { return actions_; }
  [[nodiscard]] std::uint32_t chunks() const { return chunks_; }
  [[nodiscard]] std::uint32_t slots() const { return slots_; }

 private:
  // Where the current value of a chunk lives. `result` is the output when nothing remains to be done to it.
  enum class Place : std::uint8_t { nowhere, in, acc, acc2, out, result };

  static Buffer buffer_of(Place place);
  [[nodiscard]] bool has_whole_output() const;
  [[nodiscard]] Place accumulator() const;
  [[nodiscard]] Place other_accumulator() const;
  [[nodiscard]] Place landing(ChunkRange piece) const;
  void emit(Action action);
  template <typename Visit>
  static void for_pieces(const Chunks& chunks, Visit&& visit);
  [[nodiscard]] Place settle(ChunkRange piece);
  void move(ChunkRange piece, Place from, Place to);
  bool write_result_directly(ChunkRange piece, Place from);
  void finish_piece(ChunkRange piece, Place from);

  Lowering lowering_;
  std::uint32_t chunks_;
  std::uint32_t round_ = 0;
  std::uint32_t slots_ = 0;
  std::uint32_t tokens_ = 0;  // received so far
  bool results_;
  bool last_reduction_ = false;
  ChunkRange own_{0, 0};
  RangeMap<Place> places_;
  std::vector<Action> actions_;
};

}  // namespace tutti::plan
