#include "transports/shm/connection.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "transports/failures.hpp"

namespace tutti::transport::shm {

void Connection::check() {
  if (closed_ || departure_) return;
  if (!outgoing_ && !outgoing_ended_) dial_peer();
  // The end of the outgoing socket is believed one check late: what the peer said and sent before it went may still be
  // in the listener's queue, and is heard first.
  const bool ended = outgoing_ended_;
  if (incoming_) hear();
  if (ended || incoming_ended_) {
    departure_ = farewell_ ? farewell_ : peer_gone(peer_, "shm");
    unwatch(outgoing_);
    unwatch(incoming_);
    unwatch(process_);
    return;
  }
  if (!outgoing_ || outgoing_ended_) return;
  std::array<std::byte, 1> nothing{};  // the peer says nothing on this one
  outgoing_ended_ = receive_packet(outgoing_.get(), nothing).state != Received::State::nothing || has_ended(process_);
}

void Connection::dial_peer() {
  auto dialed = dial(called_);
  if (dialed.state == Dial::busy) return;  // its queue is full: the next check tries again
  const Hello hello = make_hello(self_.rank, peer_, self_.epoch, called_, self_.key);
  if (dialed.state == Dial::refused || !send_packet(dialed.socket.get(), bytes_of(hello), self_.doorbell.get())) {
    outgoing_ended_ = true;
    return;
  }
  outgoing_ = std::move(dialed.socket);
  watch(outgoing_);
  auto process = peer_process(outgoing_.get());
  outgoing_ended_ = process.has_ended;
  process_ = std::move(process.handle);
  if (process_) watch(process_);
}

void Connection::adopt(Caller caller) {
  incoming_ = std::move(caller.socket);
  doorbell_ = std::move(caller.doorbell);
  watch(incoming_);
  if (owes_a_ring_) ring_doorbell();
}

bool Connection::offer(const Segment& ring) {
  const Offer offer{.ring_bytes = self_.ring_bytes};
  return send_packet(outgoing_.get(), bytes_of(offer), ring.fd());
}

void Connection::hear() {
  while (!incoming_ended_) {
    std::array<std::byte, kLargestPacket> buffer{};
    auto received = receive_packet(incoming_.get(), buffer);
    if (received.state == Received::State::nothing) return;
    if (received.state == Received::State::closed) {
      incoming_ended_ = true;
      return;
    }
    understand(std::span(buffer).first(std::min(received.bytes, buffer.size())), received.descriptors);
  }
}

void Connection::understand(std::span<const std::byte> packet, std::vector<FileDescriptor>& descriptors) {
  if (const auto goodbye = read_packet<Goodbye>(packet)) {
    farewell_ = goodbye->reason == Goodbye::Reason::refused ? peer_refused(peer_, "shm") : peer_left(peer_, "shm");
    return;
  }
  const auto offer = read_packet<Offer>(packet);
  if (offer && !ring_ && descriptors.size() == 1 && offer->ring_bytes >= kMinRing && offer->ring_bytes <= kMaxRing) {
    const auto shape = RingShape::of(offer->ring_bytes);
    auto segment = Segment::adopt(std::move(descriptors[0]), shape.segment_bytes());
    if (segment) {
      segment->close_fd();
      ring_.emplace(Ring{std::move(segment).value(), shape});
      return;
    }
    farewell_ = segment.error();
  } else {
    farewell_ = Error{Code::transport, "shm: a packet makes no sense"};
  }
  farewell_ = farewell_->within("rank " + std::to_string(index(peer_)));
  farewell_->culprit = peer_;
  incoming_ended_ = true;
}

std::optional<Connection::Ring> Connection::take_ring() {
  if (!ring_) return std::nullopt;
  std::optional<Ring> ring(std::move(ring_));
  return ring;
}

void Connection::ring_doorbell() {
  owes_a_ring_ = !doorbell_;
  if (doorbell_) static_cast<void>(::eventfd_write(doorbell_.get(), 1));
}

void Connection::close(Goodbye::Reason reason) {
  if (closed_) return;
  closed_ = true;
  if (outgoing_ && self_.process == ::getpid()) {
    const Goodbye goodbye{.reason = reason};
    static_cast<void>(send_packet(outgoing_.get(), bytes_of(goodbye)));
  }
  unwatch(outgoing_);
  unwatch(incoming_);
  unwatch(process_);
  doorbell_.reset();
}

void Connection::watch(const FileDescriptor& socket) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP;
  event.data.ptr = owner_;
  ::epoll_ctl(self_.epoll.get(), EPOLL_CTL_ADD, socket.get(), &event);
}

// Closing alone would leave it in the epoll set where a forked child holds it too.
void Connection::unwatch(FileDescriptor& socket) {
  if (socket) ::epoll_ctl(self_.epoll.get(), EPOLL_CTL_DEL, socket.get(), nullptr);
  socket.reset();
}

}  // namespace tutti::transport::shm
