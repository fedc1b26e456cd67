#include "transports/ofi/endpoint.hpp"

#include <fmt/format.h>

#include <cstring>

#include "transports/failures.hpp"

namespace tutti::transport::ofi {
namespace {

// Packets of one path that libfabric holds: enough for the wire, and no more memory than that for a peer that reads
// nothing.
constexpr std::size_t kMaxInFlight = 16;
// A message is not cut smaller than this for want of room: more room always comes.
constexpr std::size_t kLeastPiece = 1024;
// How long after a peer's end its last packets may still come in, when nobody knows how many there are.
constexpr Duration kGrace = std::chrono::milliseconds(20);

}  // namespace

void OfiEndpoint::open(const Address& address, TimePoint now) {
  last_arrival_ = now;
  peer_door_ = address.door;
  auto handle = self_.rail->insert(address.fabric);
  if (!handle) return end(std::move(handle).error(), Farewell::Reason::left);
  handle_ = *handle;
  const auto socket = SocketAddress::of(address.lifeline);
  auto called = lifeline_.open(*socket, {.from = self_.rank, .door = peer_door_}, self_.epoll.get(), this);
  if (called) return;
  Error error = peer_gone(peer_, self_.path);
  error.text += fmt::format(": {}", called.error().text);
  depart(std::move(error), std::nullopt);
}

void OfiEndpoint::activate() {
  if (active_) return;
  active_ = true;
  self_.active.push_back(this);
}

void OfiEndpoint::post(std::span<const Transfer> batch) {
  for (const auto& transfer : batch) {
    if (failure_) {
      self_.done.push_back({transfer.token, false});
    } else if (transfer.kind == Transfer::Kind::send) {
      sends_.push(transfer);
    } else {
      inbox_.post(transfer);
    }
  }
  if (!failure_) activate();
}

bool OfiEndpoint::advance() {
  active_ = false;
  if (failure_) return true;
  if (const auto fault = inbox_.serve(self_.done)) {
    refuse(*fault);
    return true;
  }
  if (departure_) return true;
  bool done = push_sends();
  if (done && !failure_ && inbox_.allowance().is_news()) done = send_packet({.kind = PacketKind::credit}, nullptr);
  if (!done && !failure_) active_ = true;  // the caller keeps it in the list
  return !active_;
}

// False: the provider takes nothing more now. True: all has left, or waits until the peer allows more.
bool OfiEndpoint::push_sends() {
  while (!sends_.empty()) {
    const Transfer& send = sends_.front();
    const std::uint64_t head = sent_ == 0 ? kMessageCost : 0;
    const std::uint64_t room = allowed_ - spent_;
    std::size_t piece = std::min(send.bytes - sent_, self_.rail->max_payload());
    if (room < head + piece) {
      piece = room > head ? (room - head) / 64 * 64 : 0;
      if (piece < kLeastPiece) return true;
    }
    const Header header{.kind = PacketKind::data,
                        .message = number_,
                        .offset = sent_,
                        .bytes = send.bytes,
                        .fingerprint = send.fingerprint,
                        .payload = static_cast<std::uint32_t>(piece)};
    if (!send_packet(header, piece > 0 ? send.data + sent_ : nullptr)) return failure_.has_value();
    spent_ += head + piece;
    sent_ += piece;
    if (sent_ < send.bytes) continue;
    self_.done.push_back({send.token, true});  // it has been copied
    sends_.pop();
    sent_ = 0;
    ++number_;
  }
  return true;
}

bool OfiEndpoint::send_packet(Header header, const std::byte* payload) {
  if (in_flight_ == kMaxInFlight) return false;
  auto taken = self_.rail->take();
  if (!taken) {
    fail(std::move(taken).error(), Farewell::Reason::left);
    return false;
  }
  Packet& packet = **taken;
  header.door = peer_door_;
  header.from = self_.rank;
  header.allowed = inbox_.allowance().now();
  packet.endpoint = this;
  packet.header() = header;
  if (payload != nullptr) std::memcpy(packet.payload(), payload, header.payload);
  const auto sent = self_.rail->send(packet, sizeof(Header) + header.payload, handle_);
  if (!sent || !*sent) {
    self_.rail->give_back(packet);
    if (!sent) depart(sent.error().within(peer_gone(peer_, self_.path).text), std::nullopt);
    return false;
  }
  inbox_.allowance().tell(header.allowed);
  ++in_flight_;
  ++self_.in_flight;
  ++packets_sent_;
  return true;
}

void OfiEndpoint::sent(int error) {
  --in_flight_;
  --self_.in_flight;
  if (error != 0 && !failure_ && !departure_) {
    Error gone = peer_gone(peer_, self_.path);
    gone.text += fmt::format(": {}", self_.rail->library().strerror(error));
    depart(std::move(gone), std::nullopt);
  }
}

void OfiEndpoint::arrived(const Header& header, const std::byte* payload, TimePoint now) {
  ++packets_arrived_;
  last_arrival_ = now;
  if (failure_) return;
  allowed_ = std::max(allowed_, header.allowed);  // packets may have overtaken each other
  if (header.kind == PacketKind::data) {
    if (const auto fault = inbox_.take(header, payload, self_.done)) return refuse(*fault);
  }
  if (!sends_.empty() || inbox_.allowance().is_news()) activate();
}

void OfiEndpoint::check() {
  if (failure_ || departure_) return;
  const auto end = lifeline_.check();
  if (!end) return;
  if (!end->farewell) {
    Error gone = peer_gone(peer_, self_.path);
    if (end->error != 0) gone.text += fmt::format(": {}", std::strerror(end->error));
    depart(std::move(gone), std::nullopt);
  } else if (end->farewell->reason == Farewell::Reason::refused) {
    fail(peer_refused(peer_, self_.path), Farewell::Reason::left);
  } else {
    depart(peer_left(peer_, self_.path), end->farewell->packets);
  }
}

void OfiEndpoint::depart(Error error, std::optional<std::uint64_t> packets) {
  if (failure_ || departure_) return;
  error.code = Code::peer_lost;
  error.culprit = peer_;
  departure_ = std::move(error);
  packets_to_come_ = packets;
  lifeline_.close();
  self_.ending.push_back(this);
}

bool OfiEndpoint::settle(TimePoint now) {
  if (failure_) return true;
  all_is_here_ =
      all_is_here_ || (packets_to_come_ && packets_arrived_ >= *packets_to_come_) || now - last_arrival_ >= kGrace;
  if (!all_is_here_) return false;
  // What came in time waits for its receives, unless something waits in vain.
  if (inbox_.holds_early() && sends_.empty() && !inbox_.is_waiting()) return false;
  fail(*departure_, Farewell::Reason::left);
  return true;
}

void OfiEndpoint::refuse(const Inbox::Fault& fault) {
  using Kind = Inbox::Fault::Kind;
  switch (fault.kind) {
    case Kind::length:
      return fail(wrong_length(peer_, self_.path, fault.got, fault.expected), Farewell::Reason::refused);
    case Kind::fingerprint:
      return fail(wrong_fingerprint(peer_, self_.path, static_cast<std::uint32_t>(fault.got),
                                    static_cast<std::uint32_t>(fault.expected)),
                  Farewell::Reason::refused);
    case Kind::nonsense:
      return fail({Code::transport, fmt::format("rank {} sent nonsense ({})", index(peer_), self_.path), peer_},
                  Farewell::Reason::left);
  }
}

void OfiEndpoint::cancel(Error why) {
  sends_.clear();
  inbox_.forget();
  if (!failure_) end(std::move(why), Farewell::Reason::left);
}

void OfiEndpoint::fail(Error error, Farewell::Reason reason) {
  end(std::move(error), reason);
  for (; !sends_.empty(); sends_.pop()) self_.done.push_back({sends_.front().token, false});
  inbox_.fail(self_.done);
}

void OfiEndpoint::end(Error error, Farewell::Reason reason) {
  failure_ = std::move(error);
  lifeline_.close();
  self_.listener->say(peer_, {.reason = reason, .packets = packets_sent_});
}

}  // namespace tutti::transport::ofi
