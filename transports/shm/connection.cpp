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
  caller_ = peer_id(incoming_.get());
  doorbell_ = std::move(caller.doorbell);
  watch(incoming_);
  if (owes_a_ring_) ring_doorbell();
}

bool Connection::offer(const SealedMemory& ring, std::size_t ring_bytes, Offer::Purpose purpose) {
  const Offer offer{.purpose = purpose,
                    .ring_bytes = ring_bytes,
                    .probe_address = reinterpret_cast<std::uintptr_t>(&self_.probe),
                    .probe = self_.probe};
  return send_packet(outgoing_.get(), bytes_of(offer), ring.fd());
}

bool Connection::share(const Shares::Window& window) {
  if (known_windows_.contains(window.number)) return true;
  const Share share{
      .window = window.number, .file_bytes = window.file_bytes, .offset = window.offset, .bytes = window.bytes.size()};
  if (!send_packet(outgoing_.get(), bytes_of(share), window.file.get())) return false;
  known_windows_.insert(window.number);
  return true;
}

void Connection::unshare(WindowId window) {
  if (known_windows_.erase(window) == 0 || !outgoing_) return;
  const Unshare unshare{.window = window};
  // Not heard, it costs the peer a mapping until the path ends.
  static_cast<void>(send_packet(outgoing_.get(), bytes_of(unshare)));
}

std::span<const std::byte> Connection::shared(WindowId window, std::uint64_t offset, std::uint64_t bytes) {
  auto found = peer_shares_.find(window, offset, bytes);
  if (!found.empty() || !incoming_) return found;
  hear();
  return peer_shares_.find(window, offset, bytes);
}

// The number of an ended process may be another's by now: that it still runs is seen after the reading.
bool Connection::read_memory(std::uint64_t address, std::span<std::byte> out) {
  return caller_ != 0 && read_process(caller_, address, out) && !has_ended(process_);
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
    using Reason = Goodbye::Reason;
    farewell_ = goodbye->reason == Reason::refused       ? peer_refused(peer_, "shm")
                : goodbye->reason == Reason::refused_put ? put_refused(peer_, "shm")
                                                         : peer_left(peer_, "shm");
    return;
  }
  Status understood = Error{Code::transport, "shm: a packet makes no sense"};
  if (const auto offer = read_packet<Offer>(packet); offer && descriptors.size() == 1) {
    understood = take(*offer, std::move(descriptors[0]));
  } else if (const auto share = read_packet<Share>(packet); share && descriptors.size() == 1) {
    understood = peer_shares_.add(*share, std::move(descriptors[0]));
  } else if (const auto unshare = read_packet<Unshare>(packet)) {
    peer_shares_.remove(unshare->window);
    understood = {};
  }
  if (understood) return;
  farewell_ = understood.error().within("rank " + std::to_string(index(peer_)));
  farewell_->culprit = peer_;
  incoming_ended_ = true;
}

Status Connection::take(const Offer& offer, FileDescriptor memory) {
  const auto purpose = static_cast<std::size_t>(offer.purpose);
  if (purpose >= rings_.size() || rings_[purpose]) return Error{Code::transport, "shm: a ring for nothing"};
  if (offer.ring_bytes < kMinRing || offer.ring_bytes > kMaxRing) {
    return Error{Code::transport, "shm: a ring of impossible size"};
  }
  const auto shape = RingShape::of(offer.ring_bytes);
  SealedMemory ring = TUTTI_TRY(SealedMemory::adopt(std::move(memory), shape.segment_bytes()));
  ring.close_fd();
  std::uint64_t probe = ~offer.probe;
  const bool readable = offer.probe_address != 0 &&
                        read_memory(offer.probe_address, std::as_writable_bytes(std::span(&probe, 1))) &&
                        probe == offer.probe;
  rings_[purpose].emplace(Ring{std::move(ring), shape, readable});
  return {};
}

std::optional<Connection::Ring> Connection::take_ring(Offer::Purpose purpose) {
  auto& offered = rings_[static_cast<std::size_t>(purpose)];
  if (!offered) return std::nullopt;
  std::optional<Ring> ring(std::move(offered));
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
