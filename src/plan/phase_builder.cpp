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
    : lowering_(lowering), chunks_(chunks), results_(!is_reduction(lowering.collective)), places_(Place::nowhere) {}

void PhaseBuilder::begin_with(ChunkRange chunks) {
  places_.assign(chunks.first, chunks.first + chunks.count, Place::in);
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

bool PhaseBuilder::has_whole_output() const {
  switch (lowering_.collective) {
    case Collective::all_reduce:
    case Collective::broadcast:
      return true;
    case Collective::all_gather:
      return !lowering_.packed;
    case Collective::reduce:
    case Collective::gather:
      return lowering_.self == lowering_.root;
    default:
      return false;
  }
}

// Partial results gather in the output itself where it is large enough and of the right type.
PhaseBuilder::Place PhaseBuilder::accumulator() const {
  return has_whole_output() && !lowering_.widened ? Place::out : Place::acc;
}

// A second place, for a value that is read in one and written in the other.
PhaseBuilder::Place PhaseBuilder::other_accumulator() const {
  return accumulator() == Place::acc ? Place::acc2 : Place::acc;
}

// Where a value that comes from elsewhere is put.
PhaseBuilder::Place PhaseBuilder::landing(ChunkRange piece) const {
  if (!results_) return accumulator();
  if (has_whole_output()) return Place::result;
  const bool own = piece.first >= own_.first && piece.first + piece.count <= own_.first + own_.count;
  return lowering_.collective == Collective::scatter && own ? Place::result : Place::acc;
}

void PhaseBuilder::emit(Action action) {
  action.round = round_;
  actions_.push_back(action);
}

// A run that wraps is two pieces, at both ends of a message alike.
template <typename Visit>
void PhaseBuilder::for_pieces(const Chunks& chunks, Visit&& visit) {
  if (chunks.head.count > 0) visit(chunks.head);
  if (chunks.tail.count > 0) visit(chunks.tail);
}

bool PhaseBuilder::is_raw(ChunkRange chunks) {
  bool raw = true;
  places_.look(chunks.first, chunks.first + chunks.count,
               [&](std::uint32_t, std::uint32_t, Place place) { raw = raw && place == Place::in; });
  return raw;
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
  places_.look(piece.first, end, [&](std::uint32_t, std::uint32_t, Place place) {
    if (!first) first = place;
    mixed = mixed || place != *first;
  });
  const bool stays_raw = !lowering_.widened && !lowering_.packed;
  if (!mixed && (*first != Place::in || stays_raw)) return *first;
  const Place home = is_reduction(lowering_.collective) || !has_whole_output() ? accumulator() : Place::result;
  std::vector<std::pair<ChunkRange, Place>> strays;
  places_.look(piece.first, end, [&](std::uint32_t begin, std::uint32_t stop, Place place) {
    if (place != home) strays.push_back({{begin, stop - begin}, place});
  });
  for (const auto& [part, from] : strays) move(part, from, home);
  return home;
}

void PhaseBuilder::send(Rank peer, const Chunks& chunks) {
  for_pieces(chunks, [&](ChunkRange piece) {
    emit({.verb = Verb::send, .src = buffer_of(settle(piece)), .peer = peer, .src_range = piece});
  });
}

void PhaseBuilder::recv(Rank peer, const Chunks& chunks) {
  for_pieces(chunks, [&](ChunkRange piece) {
    const Place to = landing(piece);
    emit({.verb = Verb::recv, .dst = buffer_of(to), .peer = peer, .dst_range = piece});
    places_.assign(piece.first, piece.first + piece.count, to);
  });
}

void PhaseBuilder::recv_reduce(Rank peer, const Chunks& chunks, Side arrived) {
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
void PhaseBuilder::exchange_reduce(Rank peer, const Chunks& chunks, Side arrived) {
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

Slots PhaseBuilder::make_slots(std::uint32_t count, ChunkRange chunks) {
  const Slots made{slots_, count, chunks};
  slots_ += count * chunks.count;
  return made;
}

void PhaseBuilder::recv_slot(Rank peer, const Slots& slots, std::uint32_t slot) {
  if (slots.chunks.count == 0) return;
  emit({.verb = Verb::recv,
        .dst = Buffer::slots,
        .peer = peer,
        .src_range = slots.chunks,
        .dst_range = {slots.first + slot * slots.chunks.count, slots.chunks.count}});
}

void PhaseBuilder::reduce_slots(const Slots& slots, std::uint32_t own) {
  if (slots.chunks.count == 0) return;
  const Place from = settle(slots.chunks);
  const bool is_result = last_reduction_ && !lowering_.widened;
  const Place partial = from == accumulator() ? other_accumulator() : accumulator();
  const Place to = is_result ? Place::result : partial;
  emit({.verb = Verb::reduce,
        .flags = is_result ? std::uint8_t{kFinal} : std::uint8_t{0},
        .src = buffer_of(from),
        .dst = buffer_of(to),
        .src_range = slots.chunks,
        .dst_range = slots.chunks,
        .slot = slots.first,
        .slots = slots.count,
        .own_slot = own});
  places_.assign(slots.chunks.first, slots.chunks.first + slots.chunks.count, to);
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
  if (chunks.count == 0) return;
  if (is_reduction(lowering_.collective))
    (void)settle(chunks);  // one rank alone: its raw input is still to be prepared
  std::vector<std::pair<ChunkRange, Place>> parts;
  places_.look(chunks.first, chunks.first + chunks.count, [&](std::uint32_t begin, std::uint32_t end, Place place) {
    if (place != Place::result) parts.push_back({{begin, end - begin}, place});
  });
  for (const auto& [part, from] : parts) finish_piece(part, from);
}

void PhaseBuilder::send_token(Rank peer) {
  emit({.verb = Verb::send, .src = Buffer::token, .peer = peer, .src_range = {0, tokens_ + 1}});
}

// Each token has a place of its own: a receive never waits for a send that still reads (see exchange_reduce).
void PhaseBuilder::recv_token(Rank peer) {
  emit({.verb = Verb::recv, .dst = Buffer::token, .peer = peer, .dst_range = {++tokens_, 1}});
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

void PhaseBuilder::copy(Buffer src, ChunkRange from, Buffer dst, ChunkRange to, std::uint32_t from_stride,
                        std::uint32_t to_stride) {
  emit({.verb = Verb::copy,
        .src = src,
        .dst = dst,
        .src_range = from,
        .dst_range = to,
        .src_stride = from_stride,
        .dst_stride = to_stride});
}

}  // namespace tutti::plan
