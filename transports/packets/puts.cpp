// Puts: pieces that say where in a window they belong. They wait for no receive and nobody holds them, so nothing has
// to be allowed - but for what may come before the peer is connected, which it must hold until then.
#include <cstring>

#include "transports/failures.hpp"
#include "transports/packets/path.hpp"

namespace tutti::transport::packets {

Status Path::admits(const Put& put) const {
  TUTTI_TRY(key_of(put, peer_door_, peer_, self_.path));
  return {};
}

Status Path::put(std::span<const Put> batch) {
  for (const Put& each : batch) TUTTI_TRY(admits(each));
  for (const Put& each : batch) {
    if (failure_ || each.bytes == 0) {
      self_.done.push_back({each.token, !failure_});
      continue;
    }
    const WindowKey key = *decode_window_key(each.key);
    WindowPut put{.put = each, .window = key.window};
    put.put.key = {};
    targets_.know(key.window, key.more);
    puts_.push(put);
  }
  if (!failure_ && !puts_.empty()) activate();
  return {};
}

// As push_sends.
bool Path::push_puts() {
  if (!push_notes()) return false;
  std::uint32_t busy = 0;  // lanes
  while (next_put_ != first_put_ + puts_.size()) {
    WindowPut& put = puts_.at(next_put_ - first_put_);
    const std::size_t left = put.put.bytes - put.cut;
    if (lanes_.are_several() && put.put.bytes >= Lanes::kStripeFrom && put.cut == 0) greet();
    if (failure_ || departure_) return true;
    const bool is_short = put.put.bytes <= lanes_.home().rail->limits().payload;
    Lane* lane = lanes_.best(left, is_short, busy);
    if (lane == nullptr) return busy == 0;
    const Rail::Limits limits = lane->rail->limits();
    const Rail::Target* target = target_of(put, *lane);
    const std::size_t bytes = std::min(left, target != nullptr ? limits.written : limits.payload);
    const std::uint64_t cost = kMessageCost + bytes;
    if (!lanes_.home().heard && unheard_ + cost > Allowance::kUnasked) return true;
    const auto sent = target != nullptr ? write(*lane, put, bytes, *target) : put_packet(*lane, put, bytes);
    if (!sent) return true;  // the path has ended
    if (*sent == Sent::not_now) {
      busy |= 1U << lanes_.place_of(*lane);
      continue;
    }
    if (!lanes_.home().heard) unheard_ += cost;
    put.cut += bytes;
    if (target != nullptr) put.written += bytes;
    if (target != nullptr && limits.marks) ++put.marks;
    if (*sent == Sent::lent) ++put.lent;
    if (!put.is_cut()) continue;
    const std::uint64_t number = next_put_++;
    note(put, number);
    finish_put(number);
    if (!push_notes()) return false;
  }
  return true;
}

Result<Sent> Path::put_packet(Lane& lane, const WindowPut& put, std::size_t bytes) {
  const Header header{.kind = PacketKind::put,
                      .message = put.window,
                      .offset = put.put.offset + put.cut,
                      .bytes = put.put.bytes,
                      .fingerprint = put.put.signal,
                      .payload = static_cast<std::uint32_t>(bytes)};
  return give(lane, header, put.put.data + put.cut, false);
}

// Where the rail can write the rest of a put by itself. What fits into a packet is sooner there in one, and a peer that
// was not heard may not have connected: then nobody would take the mark.
const Rail::Target* Path::target_of(const WindowPut& put, const Lane& lane) {
  const Rail::Limits limits = lane.rail->limits();
  if (limits.written == 0 || !lane.heard || put.put.bytes <= limits.payload) return nullptr;
  if (limits.marks && index(self_.rank) >= Mark::kRanks) return nullptr;
  if (!lane.rail->can_write({put.put.data, put.put.bytes})) return nullptr;
  return targets_.of(put.window, lane);
}

Result<Sent> Path::write(Lane& lane, const WindowPut& put, std::size_t bytes, Rail::Target target) {
  const Piece piece{.path = this,
                    .message = next_put_,
                    .bytes = static_cast<std::uint32_t>(bytes),
                    .lane = lanes_.place_of(lane),
                    .is_put = true,
                    .is_write = true,
                    .is_alone = lane.pieces == 0};
  const Mark mark{self_.rank, static_cast<std::uint32_t>(next_put_ % Mark::kPuts)};
  auto sent = given(
      lane, piece,
      lane.rail->write(*lane.peer, target, put.put.offset + put.cut, put.put.data + put.cut, piece, mark.value()));
  if (sent && *sent != Sent::not_now && lane.rail->limits().marks) ++packets_sent_;
  return sent;
}

// Tells the peer of what rails have written by themselves: at once where it shows there, else when it is there.
void Path::note(WindowPut& put, std::uint64_t number) {
  if (put.written == 0 || put.is_noted || !put.is_cut() || !put.is_well) return;
  if (put.marks == 0 && put.lent > 0) return;
  put.is_noted = true;
  notes_.push({.window = put.window,
               .signal = put.put.signal,
               .bytes = put.written,
               .put = static_cast<std::uint32_t>(number % Mark::kPuts),
               .writes = put.marks});
}

// False: the rail takes nothing more now.
bool Path::push_notes() {
  while (!notes_.empty() && !failure_ && !departure_) {
    const auto sent = give(lanes_.home(), header_of(notes_.front()), nullptr, false);
    if (!sent) return true;  // the path has ended
    if (*sent == Sent::not_now) return false;
    notes_.pop();
  }
  return true;
}

// Completes a put that nobody reads any more.
void Path::finish_put(std::uint64_t number) {
  WindowPut& put = puts_.at(number - first_put_);
  if (put.lent > 0 || put.is_over || (!failure_ && !put.is_cut())) return;
  put.is_over = true;
  self_.done.push_back({put.put.token, put.is_well && !failure_});
  while (!puts_.empty() && puts_.front().is_over) {
    puts_.pop();
    ++first_put_;
  }
}

void Path::put_sent(const Piece& piece, bool is_well) {
  WindowPut& put = puts_.at(piece.message - first_put_);
  --put.lent;
  put.is_well = put.is_well && is_well;
  note(put, piece.message);
  finish_put(piece.message);
}

void Path::take_put(const Header& header, const std::byte* payload) {
  const auto window = static_cast<std::uint32_t>(header.message);
  std::byte* place = self_.windows.place(window, header.offset, header.payload);
  const bool is_known = header.message == window && place != nullptr;
  if (!is_known || !self_.windows.count(window, header.fingerprint, header.payload)) {
    return fail(wrong_put(peer_, self_.path, window, header.offset, header.payload), Farewell::Reason::refused_put);
  }
  if (header.payload > 0) std::memcpy(place, payload, header.payload);
  owes_answer_ = owes_answer_ || !lanes_.home().greeted;
}

void Path::marked(std::uint32_t put, TimePoint now) {
  if (failure_) return;
  ++packets_arrived_;
  last_arrival_ = now;
  take_note(landings_.marked(put));
}

void Path::take_note(const std::optional<Note>& note) {
  if (!note || self_.windows.count(note->window, note->signal, note->bytes)) return;
  fail(wrong_put(peer_, self_.path, note->window, 0, note->bytes), Farewell::Reason::refused_put);
}

}  // namespace tutti::transport::packets
