#include "transports/shm/endpoint.hpp"

#include <fmt/format.h>

#include <cstring>

#include "transports/failures.hpp"

namespace tutti::transport::shm {
namespace {

// How much one call moves before the other endpoints have their turn: 256 short messages, or some 128 KiB.
constexpr std::size_t kTurn = 256;
std::size_t cost_of(std::size_t piece_bytes) {
  return 1 + piece_bytes / 512;
}

}  // namespace

void ShmEndpoint::post(std::span<const Transfer> batch) {
  for (const auto& transfer : batch) {
    if (failure_) {
      self_.done.push_back({transfer.token, false});
    } else {
      (transfer.kind == Transfer::Kind::send ? sends_ : receives_).push(transfer);
    }
  }
  if (!failure_ && !is_idle()) activate();
}

void ShmEndpoint::activate() {
  if (active_) return;
  active_ = true;
  self_.active.push_back(this);
}

bool ShmEndpoint::advance() {
  if (!failure_ && !sends_.empty()) push_sends();
  if (!failure_ && !receives_.empty())
    settle(pull_receives());
  else if (!failure_)
    settle(true);
  active_ = !failure_ && !is_idle();
  return active_;
}

void ShmEndpoint::push_sends() {
  if (!producer_ && !open_ring()) return;
  bool pushed = false;
  for (std::size_t spent = 0; spent < kTurn && !sends_.empty();) {
    const Transfer& send = sends_.front();
    const std::size_t before = sent_;
    const auto push = producer_->push({send.data, send.bytes}, send.fingerprint, sent_);
    if (push == Producer::Push::corrupt) return fail(scribbled(), Goodbye::Reason::left);
    if (push == Producer::Push::no_room) break;
    pushed = true;
    spent += cost_of(sent_ - before);
    if (sent_ < send.bytes) continue;
    self_.done.push_back({send.token, true});
    sends_.pop();
    sent_ = 0;
  }
  if (pushed && producer_->must_wake_consumer()) connection_.ring_doorbell();
}

bool ShmEndpoint::open_ring() {
  if (!connection_.is_open()) return false;
  const auto shape = RingShape::of(self_.ring_bytes);
  auto segment = Segment::create(shape.segment_bytes());
  if (!segment) {
    fail(std::move(segment).error(), Goodbye::Reason::left);
    return false;
  }
  if (!connection_.offer(*segment)) return false;  // the connection will find out why
  segment->close_fd();
  out_memory_.emplace(std::move(segment).value());
  producer_.emplace(out_memory_->memory(), shape);
  return true;
}

bool ShmEndpoint::pull_receives() {
  if (!consumer_) return true;
  std::size_t spent = 0;
  while (spent < kTurn && !receives_.empty()) {
    Consumer::Piece piece;
    const auto look = consumer_->look(piece);
    if (look == Consumer::Look::nothing) break;
    const Transfer& receive = receives_.front();
    auto error = look == Consumer::Look::corrupt ? scribbled() : misfit(receive, piece);
    if (error) {
      const bool mismatch = error->code == Code::invalid_usage;
      fail(std::move(*error), mismatch ? Goodbye::Reason::refused : Goodbye::Reason::left);
      return true;
    }
    take(receive, piece);
    consumer_->release(piece);
    spent += cost_of(piece.bytes);
    if (received_ < receive.bytes) continue;
    self_.done.push_back({receive.token, true});
    receives_.pop();
    received_ = 0;
  }
  if (consumer_->must_wake_producer()) connection_.ring_doorbell();
  return spent < kTurn;
}

std::optional<Error> ShmEndpoint::misfit(const Transfer& receive, const Consumer::Piece& piece) const {
  const bool begins = piece.kind != PieceKind::more;
  if (begins != (received_ == 0)) return scribbled();
  if (begins && piece.message_bytes != receive.bytes) {
    return wrong_length(peer_, "shm", piece.message_bytes, receive.bytes);
  }
  if (piece.fingerprint != receive.fingerprint) {
    return wrong_fingerprint(peer_, "shm", piece.fingerprint, receive.fingerprint);
  }
  const std::size_t left = receive.bytes - received_;
  if (piece.bytes > left || (piece.bytes < left && piece.bytes % kLine != 0)) return scribbled();
  return std::nullopt;
}

void ShmEndpoint::take(const Transfer& receive, const Consumer::Piece& piece) {
  if (piece.bytes == 0) return;
  std::byte* out = receive.data + received_;
  if (receive.combine != nullptr) {
    receive.combine->apply(receive.combine->context, out, receive.operand + received_, piece.data, piece.bytes);
  } else {
    std::memcpy(out, piece.data, piece.bytes);
  }
  received_ += piece.bytes;
}

void ShmEndpoint::check() {
  if (failure_) return;
  connection_.check();
  if (auto ring = connection_.take_ring(); ring && !consumer_) {
    in_memory_.emplace(std::move(ring->memory));
    consumer_.emplace(in_memory_->memory(), ring->shape);
  }
  // Who has outstanding transfers learns of a departure in `advance`, after what can still be delivered.
  if (is_idle()) settle(true);
}

// A peer that is gone fails the path as soon as something waits for it in vain, or nothing of it is left to be read.
void ShmEndpoint::settle(bool pulled_all) {
  if (failure_ || !connection_.departure() || !pulled_all) return;
  Consumer::Piece piece;
  const bool leftover = consumer_ && consumer_->look(piece) == Consumer::Look::piece;
  if (!is_idle() || !leftover) fail(*connection_.departure(), Goodbye::Reason::left);
}

bool ShmEndpoint::prepare_to_sleep() {
  if (failure_ || connection_.departure()) return false;
  if (!receives_.empty() && consumer_) {
    consumer_->announce_sleep();
    Consumer::Piece piece;
    if (consumer_->look(piece) != Consumer::Look::nothing) return false;
  }
  if (!sends_.empty()) {
    if (!producer_) return false;
    producer_->announce_sleep();
    if (producer_->has_room(sends_.front().bytes - sent_)) return false;
  }
  return true;
}

void ShmEndpoint::wake_up() {
  if (consumer_) consumer_->announce_wake();
  if (producer_) producer_->announce_wake();
}

void ShmEndpoint::cancel(Error why) {
  sends_.clear();
  receives_.clear();
  if (!failure_) end(std::move(why), Goodbye::Reason::left);
}

void ShmEndpoint::fail(Error error, Goodbye::Reason reason) {
  end(std::move(error), reason);
  for (auto* queue : {&sends_, &receives_}) {
    for (; !queue->empty(); queue->pop()) self_.done.push_back({queue->front().token, false});
  }
}

void ShmEndpoint::end(Error error, Goodbye::Reason reason) {
  failure_ = std::move(error);
  connection_.close(reason);
  producer_.reset();
  consumer_.reset();
  out_memory_.reset();
  in_memory_.reset();
}

Error ShmEndpoint::scribbled() const {
  return {Code::transport, fmt::format("rank {} wrote nonsense into shared memory (shm)", index(peer_)), peer_};
}

}  // namespace tutti::transport::shm
