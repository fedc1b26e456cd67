#include "plan/phase_builder.hpp"

#include <algorithm>
#include <optional>

namespace tutti::plan {
namespace {

bool overlap(ChunkRange a, ChunkRange b) {
  return a.first < b.first + b.count && b.first < a.first + a.count;
}
bool same(ChunkRange a, ChunkRange b) {
  return a.first == b.first && a.count == b.count;
}

}  // namespace

PhaseBuilder::PhaseBuilder(const Lowering& lowering, std::uint32_t chunks)
    : lowering_(lowering), chunks_(chunks), places_(Place::nowhere) {
  const auto own = static_cast<std::uint32_t>(index(lowering.self));
  if (is_reduction(lowering.collective) ||
      (lowering.collective == Collective::broadcast && lowering.self == lowering.root)) {
    places_.assign(0, chunks, Place::in);
  } else if (lowering.collective == Collective::all_gather) {
    places_.assign(own, own + 1, Place::in);
  }
}

Buffer PhaseBuilder::buffer_of(Place place) {
  switch (place) {
    case Place::nowhere:
      return Buffer::none;
    case Place::in:
      return Buffer::in;
    case Place::acc:
      return Buffer::acc;
    case Place::acc2:
      return Buffer::acc2;
    case Place::out:
    case Place::result:
      return Buffer::out;
  }
  return Buffer::none;
}

// Partial results gather in the output itself where it is large enough and of the right type.
PhaseBuilder::Place PhaseBuilder::accumulator() const {
  const bool whole_output = lowering_.collective == Collective::all_reduce ||
                            (lowering_.collective == Collective::reduce && lowering_.self == lowering_.root);
  return whole_output && !lowering_.widened ? Place::out : Place::acc;
}

void PhaseBuilder::emit(Action action) {
  action.round = round_;
  actions_.push_back(action);
}

// A run that wraps is two pieces, at both ends of a message alike.
template <typename Visit>
void PhaseBuilder::for_pieces(ChunkRange chunks, Visit&& visit) const {
  const std::uint32_t before_wrap = std::min(chunks.count, chunks_ - chunks.first);
  if (before_wrap > 0) visit(ChunkRange{chunks.first, before_wrap});
  if (chunks.count > before_wrap) visit(ChunkRange{0, chunks.count - before_wrap});
}

void PhaseBuilder::move(ChunkRange piece, Place from, Place to) {
  Action copy{.verb = Verb::copy, .src = buffer_of(from), .dst = buffer_of(to), .src_range = piece, .dst_range = piece};
  if (from == Place::in && to != Place::result) copy.flags = kPrepare;
  if (to == Place::result && is_reduction(lowering_.collective)) copy.flags = kFinal;
  emit(copy);
  places_.assign(piece.first, piece.first + piece.count, to);
}

// Makes the value of the whole piece live in one place, where it can be sent or reduced from.
PhaseBuilder::Place PhaseBuilder::settle(ChunkRange piece) {
  const std::uint32_t end = piece.first + piece.count;
  std::optional<Place> first;
  bool mixed = false;
  places_.visit(piece.first, end, [&](std::uint32_t, std::uint32_t, Place place) {
    if (!first) first = place;
    mixed = mixed || place != *first;
  });
  if (!mixed && !(lowering_.widened && *first == Place::in)) return *first;
  const Place home = is_reduction(lowering_.collective) ? accumulator() : Place::result;
  std::vector<ChunkRange> raw;
  places_.visit(piece.first, end, [&](std::uint32_t begin, std::uint32_t stop, Place place) {
    if (place == Place::in) raw.push_back({begin, stop - begin});
  });
  for (const ChunkRange part : raw) move(part, Place::in, home);
  return home;
}

void PhaseBuilder::send(Rank peer, ChunkRange chunks) {
  for_pieces(chunks, [&](ChunkRange piece) {
    emit({.verb = Verb::send, .src = buffer_of(settle(piece)), .peer = peer, .src_range = piece});
  });
}

void PhaseBuilder::recv(Rank peer, ChunkRange chunks) {
  for_pieces(chunks, [&](ChunkRange piece) {
    emit({.verb = Verb::recv, .dst = Buffer::out, .peer = peer, .dst_range = piece});
    places_.assign(piece.first, piece.first + piece.count, Place::result);
  });
}

void PhaseBuilder::recv_reduce(Rank peer, ChunkRange chunks, Side arrived) {
  for_pieces(chunks, [&](ChunkRange piece) {
    const Place from = settle(piece);
    const Place to = from == Place::in ? accumulator() : from;
    emit({.verb = Verb::recv_reduce,
          .flags = arrived == Side::left ? std::uint8_t{kArrivedFirst} : std::uint8_t{0},
          .src = buffer_of(from),
          .dst = buffer_of(to),
          .peer = peer,
          .src_range = piece,
          .dst_range = piece});
    places_.assign(piece.first, piece.first + piece.count, to);
  });
}

// Both ends send before they may overwrite. If they overwrote what they are still sending, two ends with messages
// larger than the path can hold would wait for each other for ever; so values go to and fro between two buffers.
void PhaseBuilder::exchange_reduce(Rank peer, ChunkRange chunks, Side arrived) {
  send(peer, chunks);
  for_pieces(chunks, [&](ChunkRange piece) {
    const Place from = settle(piece);
    const Place to = from == Place::acc ? Place::acc2 : Place::acc;
    emit({.verb = Verb::recv_reduce,
          .flags = arrived == Side::left ? std::uint8_t{kArrivedFirst} : std::uint8_t{0},
          .src = buffer_of(from),
          .dst = buffer_of(to),
          .peer = peer,
          .src_range = piece,
          .dst_range = piece});
    places_.assign(piece.first, piece.first + piece.count, to);
  });
}

void PhaseBuilder::recv_slot(Rank peer, std::uint32_t slot) {
  emit({.verb = Verb::recv, .dst = Buffer::slots, .peer = peer, .dst_range = {slot, 1}});
}

void PhaseBuilder::reduce_slots(std::uint32_t slots, std::uint32_t own, ChunkRange chunk) {
  slots_ = slots;
  own_slot_ = own;
  const Place from = settle(chunk);
  const Place to = lowering_.widened ? Place::acc2 : Place::result;
  emit({.verb = Verb::reduce,
        .flags = to == Place::result ? std::uint8_t{kFinal} : std::uint8_t{0},
        .src = buffer_of(from),
        .dst = buffer_of(to),
        .src_range = chunk,
        .dst_range = chunk});
  places_.assign(chunk.first, chunk.first + chunk.count, to);
}

// Lets the step that made the value write it to the output at once: where nobody reads the value in between, and where
// that step does not wait for the message that its own round sends from there (see exchange_reduce).
bool PhaseBuilder::write_result_directly(ChunkRange piece, Place from) {
  if (lowering_.widened || lowering_.divides || from == Place::in) return false;
  const Buffer buffer = buffer_of(from);
  const auto touches = [&](const Action& action) {
    return (action.src == buffer && overlap(action.src_range, piece)) ||
           (action.dst == buffer && overlap(action.dst_range, piece));
  };
  const auto maker = std::find_if(actions_.rbegin(), actions_.rend(), touches);
  if (maker == actions_.rend() || maker->verb != Verb::recv_reduce || maker->dst != buffer ||
      !same(maker->dst_range, piece))
    return false;
  const bool sent_meanwhile = std::any_of(actions_.begin(), actions_.end(), [&](const Action& other) {
    const bool from_output = other.src == Buffer::out || (lowering_.in_place && other.src == Buffer::in);
    return other.verb == Verb::send && other.round == maker->round && from_output && overlap(other.src_range, piece);
  });
  if (!sent_meanwhile) maker->dst = Buffer::out;
  return !sent_meanwhile;
}

void PhaseBuilder::finish_piece(ChunkRange piece, Place from) {
  if (from == Place::out && !lowering_.divides) {
    places_.assign(piece.first, piece.first + piece.count, Place::result);
  } else if (write_result_directly(piece, from)) {
    places_.assign(piece.first, piece.first + piece.count, Place::result);
  } else {
    move(piece, from, Place::result);
  }
}

void PhaseBuilder::finish(ChunkRange chunks) {
  for_pieces(chunks, [&](ChunkRange piece) {
    if (is_reduction(lowering_.collective))
      (void)settle(piece);  // one rank alone: its raw input is still to be prepared
    std::vector<std::pair<ChunkRange, Place>> parts;
    places_.visit(piece.first, piece.first + piece.count, [&](std::uint32_t begin, std::uint32_t end, Place place) {
      if (place != Place::result) parts.push_back({{begin, end - begin}, place});
    });
    for (const auto& [part, from] : parts) finish_piece(part, from);
  });
}

void PhaseBuilder::send_from(Rank peer, Buffer buffer, ChunkRange chunks) {
  emit({.verb = Verb::send, .src = buffer, .peer = peer, .src_range = chunks});
}

void PhaseBuilder::send_in_turn(Rank peer, Buffer buffer, ChunkRange chunks) {
  emit({.verb = Verb::send, .flags = kInTurn, .src = buffer, .peer = peer, .src_range = chunks});
}

void PhaseBuilder::recv_into(Rank peer, Buffer buffer, ChunkRange chunks) {
  emit({.verb = Verb::recv, .dst = buffer, .peer = peer, .dst_range = chunks});
}

void PhaseBuilder::copy(Buffer src, ChunkRange from, Buffer dst, ChunkRange to) {
  emit({.verb = Verb::copy, .src = src, .dst = dst, .src_range = from, .dst_range = to});
}

void PhaseBuilder::send_token(Rank peer) {
  emit({.verb = Verb::send, .src = Buffer::token, .peer = peer, .src_range = {0, tokens_ + 1}});
}

// Each token has a place of its own: a receive never waits for a send that still reads (see exchange_reduce).
void PhaseBuilder::recv_token(Rank peer) {
  emit({.verb = Verb::recv, .dst = Buffer::token, .peer = peer, .dst_range = {++tokens_, 1}});
}

}  // namespace tutti::plan
