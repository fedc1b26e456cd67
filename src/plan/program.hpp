// A plan lowered for one rank: an array of steps with their dependencies. It knows chunks but neither bytes nor
// pointers, so one program serves every count.
//
// Words: the vector of a call is cut into *segments*, and each segment into `chunks` chunks (see Cut); chunk j of
// segment s has the index s * chunks + j in every buffer. A *slice* is a run of chunks of one segment in one buffer.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/rank.hpp"
#include "plan/collective.hpp"
#include "plan/cut.hpp"

namespace tutti::plan {

enum class Verb : std::uint8_t {
  send,         // src to peer
  recv,         // from peer into dst
  recv_reduce,  // dst = src (op) what arrives from peer
  copy,         // dst = src, converted between the user's type and the accumulator's where the buffers differ
  reduce,       // dst = slot 0 (op) slot 1 (op) ... , with src as this rank's own slot
  wait,         // nothing: it is over when what it waits for is
};

enum class Buffer : std::uint8_t {
  none,
  in,     // the user's input
  out,    // the user's output
  acc,    // partial results; accumulator type in widened programs, else the user's
  acc2,   // a second one, for exchanges that read one while they write the other
  slots,  // places for one chunk each: contributions that wait to be reduced in rank order, and chunks kept aside
  token,  // bytes without meaning, for barriers: a message of them is one byte, however many it stands for
};

enum StepFlags : std::uint8_t {
  kArrivedFirst = 1,  // recv_reduce: what arrives stands left of the operator (it comes from lower ranks)
  kPrepare = 2,       // copy: src is raw input: the pre-multiplication is applied
  kFinal = 4,         // copy, reduce: dst is the result: the division of an average is applied
  kInTurn = 8,        // send: after the last such send is over
};

/// 32 bytes. Successors of step i are program.successors[steps[i].successors .. steps[i + 1].successors).
/// Fields that only some verbs need share their place: read them by their names below.
struct Step {
  Verb verb = Verb::copy;
  std::uint8_t flags = 0;
  Buffer src = Buffer::none;
  Buffer dst = Buffer::none;
  Rank peer{};                  // send, recv, recv_reduce; copy: src_stride; reduce: own_slot
  std::uint32_t src_first = 0;  // chunk index; of a recv into slots: which chunks they stand for
  std::uint32_t dst_first = 0;  // reduce: how many slots; of a send from slots: which chunks they stand for
  std::uint32_t chunks = 0;
  std::uint32_t slot = 0;  // reduce: chunk index of slot 0; copy: dst_stride; recv_reduce within slots: as above
  std::uint32_t dependencies = 0;  // how many edges lead here
  std::uint32_t successors = 0;    // where this step's edges begin

  [[nodiscard]] bool moves() const { return verb == Verb::send || verb == Verb::recv || verb == Verb::recv_reduce; }
  /// The first chunk that is written: a reduce writes the chunks that it reads.
  [[nodiscard]] std::uint32_t written_first() const { return verb == Verb::reduce ? src_first : dst_first; }
  [[nodiscard]] std::uint32_t slot_count() const { return dst_first; }
  [[nodiscard]] std::uint32_t own_slot() const { return static_cast<std::uint32_t>(index(peer)); }
  /// Distance between the chunks of a copy.
  [[nodiscard]] std::uint32_t src_stride() const {
    return verb == Verb::copy ? static_cast<std::uint32_t>(index(peer)) : 1;
  }
  [[nodiscard]] std::uint32_t dst_stride() const { return verb == Verb::copy ? slot : 1; }
  /// Which chunks of the vector the places of a slice in slots stand for: those of the step's other slice. It says how
  /// long they are.
  [[nodiscard]] std::uint32_t stands_for() const {
    if (verb == Verb::send) return dst_first;
    if (verb == Verb::recv || src != Buffer::slots) return src_first;
    return dst != Buffer::slots ? dst_first : slot;
  }
  bool operator==(const Step&) const = default;
};
static_assert(sizeof(Step) == 32);

/// An edge to a later step. It is released when this step is over, or already when it has been posted: steps to one
/// peer are posted in program order, which is how both ends agree on which send meets which receive.
struct Edge {
  std::uint32_t step : 31;
  std::uint32_t when_posted : 1;
};
static_assert(sizeof(Edge) == 4);
constexpr bool operator==(const Edge& a, const Edge& b) {
  return a.step == b.step && a.when_posted == b.when_posted;
}

struct Program {
  Collective collective{};
  Rank self{};
  Rank root{};
  std::uint32_t ranks = 1;
  Cut cut;                   // of a segment
  std::uint32_t chunks = 1;  // of a segment: cut.chunks()
  std::uint32_t segments = 1;
  std::uint32_t slots = 0;  // chunks of a segment that the slots hold; 0: the buffer is not used
  std::uint32_t scratch =
      0;                 // elements beside the user's buffers for each element of the vector; the same at all ranks
  bool packed = false;   // blocks are gathered in scratch memory: all messages go from there to there
  bool widened = false;  // acc, acc2 and slots are of the accumulator's type
  bool uses_acc = false;
  bool uses_acc2 = false;
  std::vector<Step> steps;  // one more than there are: the last holds the end of the successors
  std::vector<Edge> successors;
  bool operator==(const Program&) const = default;

  [[nodiscard]] std::uint32_t size() const { return steps.empty() ? 0 : static_cast<std::uint32_t>(steps.size() - 1); }
  [[nodiscard]] std::span<const Edge> successors_of(std::uint32_t step) const {
    return std::span(successors).subspan(steps[step].successors, steps[step + 1].successors - steps[step].successors);
  }
};

std::string_view to_string(Verb verb);
std::string_view to_string(Buffer buffer);

/// "recv_reduce from 3: out[4..6) = in[4..6) op it".
std::string to_string(const Step& step);

/// One line a step with its number and what it waits for.
std::string print(const Program& program);

}  // namespace tutti::plan
