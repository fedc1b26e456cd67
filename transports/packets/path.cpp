#include "transports/packets/path.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "transports/failures.hpp"

namespace tutti::transport::packets {
namespace {

// A message is not cut smaller than this for want of room: more room always comes.
constexpr std::size_t kLeastPiece = 1024;

}  // namespace

void Path::open(const Address& address, TimePoint now) {
  last_arrival_ = now;
  peer_door_ = address.door;
  for (const auto& [mine, theirs] : common_rails(self_.address, address))
    lanes_.add(
        {.rail = self_.rails[mine].get(), .number = mine, .remote = theirs, .address = address.rails[theirs].native});
  if (!open_lane(lanes_.home())) return;
  const auto socket = SocketAddress::of(address.lifeline);
  auto called = lifeline_.open(*socket, {.from = self_.rank, .door = peer_door_}, self_.epoll.get(), this);
  if (called) return;
  Error error = peer_gone(peer_, self_.path);
  error.text += fmt::format(": {}", called.error().text);
  depart(std::move(error), std::nullopt);
}

// False: the path has failed, because it has no other lane.
bool Path::open_lane(Lane& lane) {
  if (lane.peer || lane.lost) return true;
  auto peer = lane.rail->open(lane.address, *this, lanes_.place_of(lane));
  if (peer) {
    lane.peer = *peer;
    return true;
  }
  lane.lost = true;
  if (&lane != &lanes_.home()) return true;
  end(std::move(peer).error(), Farewell::Reason::left);
  return false;
}

void Path::activate() {
  if (active_) return;
  active_ = true;
  self_.active.push_back(this);
}

void Path::post(std::span<const Transfer> batch) {
  for (const auto& transfer : batch) {
    if (failure_) {
      self_.done.push_back({transfer.token, false});
    } else if (transfer.kind == Transfer::Kind::send) {
      sends_.push({.transfer = transfer});
    } else {
      inbox_.post(transfer);
    }
  }
  if (!failure_) activate();
}

bool Path::advance() {
  active_ = false;
  if (failure_) return true;
  if (const auto fault = inbox_.serve(self_.done)) {
    refuse(*fault);
    return true;
  }
  if (inbox_.has_fetches()) start_fetches();
  if (departure_) return true;
  puts_first_ = !puts_first_;
  bool done = puts_first_ ? push_puts() : push_sends();
  if (!failure_ && !departure_) done = (puts_first_ ? push_sends() : push_puts()) && done;
  if (done && !failure_ && !departure_) done = say_news();
  if (!done && !failure_) active_ = true;  // the caller keeps it in the list
  return !active_;
}

// Nothing: it must wait until the peer allows more.
std::optional<Path::Cut> Path::next_cut(const Send& send, const Lane& lane) const {
  const Rail::Limits limits = lane.rail->limits();
  const std::size_t left = send.transfer.bytes - send.cut;
  // What is announced stays here until there is a receive for it: nobody has to allow it. Only to a peer that was
  // heard: a rail that still connects may not be able to take back what it has announced.
  if (lane.heard && left >= limits.announce_from) return Cut{std::min(left, limits.announced), true};
  const std::uint64_t head = send.cut == 0 ? kMessageCost : 0;
  const std::uint64_t room = allowed_ - std::min(allowed_, spent_);
  std::size_t piece = std::min(left, limits.payload);
  if (room < head + piece) {
    piece = room > head ? (room - head) / 64 * 64 : 0;
    if (piece < kLeastPiece) return std::nullopt;
  }
  return Cut{piece, false};
}

// False: a rail takes nothing more now. True: all has left, or something will come that makes this path active again: a
// piece that a rail gives back, or a packet of the peer.
bool Path::push_sends() {
  std::uint32_t busy = 0;  // lanes
  while (next_ != first_ + sends_.size()) {
    Send& send = sends_.at(next_ - first_);
    const Transfer& transfer = send.transfer;
    if (lanes_.are_several() && transfer.bytes >= Lanes::kStripeFrom && !send.has_begun) greet();
    const std::size_t left = transfer.bytes - send.cut;
    const bool is_short = transfer.bytes <= lanes_.home().rail->limits().payload;
    Lane* lane = lanes_.best(left, is_short, busy);
    if (lane == nullptr) return busy == 0;
    const auto cut = next_cut(send, *lane);
    if (!cut) return true;
    const Header header{.kind = PacketKind::data,
                        .message = next_,
                        .offset = send.cut,
                        .bytes = transfer.bytes,
                        .fingerprint = transfer.fingerprint,
                        .payload = static_cast<std::uint32_t>(cut->bytes)};
    const auto sent = give(*lane, header, cut->bytes > 0 ? transfer.data + send.cut : nullptr, cut->announces);
    if (!sent) return true;  // the path has ended
    if (*sent == Sent::not_now) {
      busy |= 1U << lanes_.place_of(*lane);
      continue;
    }
    spent_ += cut->bytes + (send.cut == 0 ? kMessageCost : 0);
    send.cut += cut->bytes;
    send.has_begun = true;
    if (*sent == Sent::lent) ++send.lent;
    if (send.is_cut()) finish(next_++);
  }
  return true;
}

// Completes a send that nobody reads any more.
void Path::finish(std::uint64_t message) {
  Send& send = sends_.at(message - first_);
  if (send.lent > 0 || send.is_over || (!failure_ && !send.is_cut())) return;
  send.is_over = true;
  self_.done.push_back({send.transfer.token, send.is_well && !failure_});
  while (!sends_.empty() && sends_.front().is_over) {
    sends_.pop();
    ++first_;
  }
}

// Opens the lanes that a long message may take, and says something on each: the peer answers.
void Path::greet() {
  for (Lane& lane : lanes_.all()) {
    if (lane.greeted || lane.lost || &lane == &lanes_.home()) continue;
    static_cast<void>(open_lane(lane));
    if (lane.peer) static_cast<void>(give(lane, {.kind = PacketKind::credit}, nullptr, false));
    if (failure_ || departure_) return;
  }
}

bool Path::say_news() {
  bool all_said = true;
  for (Lane& lane : lanes_.all()) {
    const bool is_news = &lane == &lanes_.home() && (inbox_.allowance().is_news() || owes_answer_);
    if (!is_news && !lanes_.owes_word(lane)) continue;
    static_cast<void>(open_lane(lane));
    if (!lane.peer) continue;
    const auto sent = give(lane, {.kind = PacketKind::credit}, nullptr, false);
    if (!sent) return true;
    all_said = all_said && *sent != Sent::not_now;
  }
  return all_said;
}

// Fails, after it has ended the path, if the peer is gone.
Result<Sent> Path::give(Lane& lane, Header header, const std::byte* payload, bool announces) {
  header.door = peer_door_;
  header.from = self_.rank;
  header.allowed = inbox_.allowance().now();
  header.arrived = lane.arrived;
  const bool is_put = header.kind == PacketKind::put;
  const Piece piece{.path = this,
                    .message = is_put ? next_put_ : header.message,
                    .bytes = header.payload,
                    .lane = lanes_.place_of(lane),
                    .is_put = is_put,
                    .is_alone = lane.pieces == 0};
  auto sent = given(lane, piece, lane.rail->send(*lane.peer, header, payload, piece, announces));
  if (!sent || *sent == Sent::not_now) return sent;
  inbox_.allowance().tell(header.allowed);
  lane.told = lane.arrived;
  lane.greeted = true;
  if (&lane == &lanes_.home()) owes_answer_ = false;
  ++packets_sent_;
  return sent;
}

// What became of a piece that the rail of `lane` was given.
Result<Sent> Path::given(Lane& lane, const Piece& piece, Result<Sent> sent) {
  if (!sent) {
    lost(piece.lane, sent.error().text);
    if (failure_ || departure_) return sent;
    return Sent::not_now;
  }
  if (*sent == Sent::not_now) return sent;
  lanes_.gave(lane, piece.bytes, self_.now);
  if (*sent != Sent::done) {
    ++lane.pieces;
  } else if (piece.is_write) {
    lanes_.wrote(lane, piece.bytes, self_.now);
  }
  return sent;
}

void Path::sent(const Piece& piece, const char* why) {
  Lane& lane = lanes_.at(piece.lane);
  --lane.pieces;
  if (silent_) return;
  if (piece.is_write && why == nullptr) lanes_.wrote(lane, piece.bytes, self_.now);
  if (piece.lent && piece.is_put) {
    put_sent(piece, why == nullptr);
  } else if (piece.lent) {
    Send& send = sends_.at(piece.message - first_);
    --send.lent;
    send.is_well = send.is_well && why == nullptr;
    finish(piece.message);
  }
  if (why != nullptr) piece.is_write ? write_failed(why) : lost(piece.lane, why);
  if (!failure_ && has_to_send()) activate();
}

void Path::came(std::size_t rail, const Header& header, TimePoint now) {
  ++packets_arrived_;
  last_arrival_ = now;
  allowed_ = std::max(allowed_, header.allowed);  // packets may have overtaken each other
  Lane* lane = lanes_.over(rail);
  if (lane == nullptr) return;
  lane->heard = true;
  lane->arrived += header.payload;
  lanes_.confirmed(*lane, header.arrived, now);
  if (lanes_.owes_word(*lane)) activate();
}

void Path::arrived(std::size_t rail, const Header& header, const std::byte* payload, TimePoint now) {
  if (failure_) return;
  came(rail, header, now);
  if (header.kind == PacketKind::data) {
    if (const auto fault = inbox_.take(header, payload, self_.done)) return refuse(*fault);
  } else if (header.kind == PacketKind::put) {
    take_put(header, payload);
  } else if (header.kind == PacketKind::note) {
    take_note(landings_.noted(note_of(header)));
  }
  if (failure_) return;
  if (has_to_send() || owes_answer_ || inbox_.allowance().is_news()) activate();
}

void Path::announced(std::size_t rail, const Header& header, void* parcel, TimePoint now) {
  Rail* from = self_.rails[rail].get();
  Lane* lane = lanes_.over(rail);
  if (failure_ || lane == nullptr || header.kind != PacketKind::data) return from->drop(parcel);
  came(rail, header, now);
  if (const auto fault = inbox_.take(header, {from, parcel, lanes_.place_of(*lane)})) return refuse(*fault);
  activate();
}

void Path::start_fetches() {
  for (const auto& fetch : inbox_.fetches()) {
    const Piece piece{.path = this, .message = fetch.message, .bytes = fetch.bytes, .lane = fetch.from.lane};
    fetch.from.rail->fetch(fetch.from.parcel, fetch.out, piece);
  }
}

void Path::fetched(const Piece& piece, const char* why) {
  if (silent_) return;
  if (why != nullptr && !failure_) {
    Error gone = peer_gone(peer_, self_.path);
    gone.text += fmt::format(": {}", why);
    fail(std::move(gone), Farewell::Reason::left);
  }
  inbox_.fetched(piece.message, self_.done);
  if (!failure_ && inbox_.allowance().is_news()) activate();
}

void Path::cancel(Error why) {
  silent_ = true;
  inbox_.forget();
  if (!failure_) end(std::move(why), Farewell::Reason::left);
}

}  // namespace tutti::transport::packets
