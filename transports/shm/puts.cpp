#include "transports/shm/puts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "transports/failures.hpp"

namespace tutti::transport::shm {

void Puts::add(const Put& put) {
  Waiting waiting{.put = put, .head = {put.offset, put.bytes, decode_window_key(put.key)->window, put.signal}};
  waiting.put.key = {};
  waiting_.push(waiting);
}

std::optional<Puts::Trouble> Puts::open_ring() {
  if (!connection_.is_open()) return std::nullopt;
  const std::size_t bytes = std::min(self_.ring_bytes, kSmallRing);
  const auto shape = RingShape::of(bytes);
  auto segment = SealedMemory::create(shape.segment_bytes());
  if (!segment) return Trouble{std::move(segment).error()};
  if (!connection_.offer(*segment, bytes, Offer::Purpose::puts))
    return std::nullopt;  // the connection will find out why
  segment->close_fd();
  out_memory_.emplace(std::move(segment).value());
  producer_.emplace(out_memory_->memory(), shape);
  return std::nullopt;
}

std::optional<Puts::Trouble> Puts::push(std::size_t turn) {
  if (!producer_) {
    if (auto trouble = open_ring()) return trouble;
  }
  bool pushed = false;
  for (std::size_t spent = 0; producer_ && spent < turn && !waiting_.empty(); ++spent) {
    Waiting& next = waiting_.front();
    std::size_t all = 0;
    const std::size_t before = next.sent;
    const auto push = next.has_head ? producer_->push({next.put.data, next.put.bytes}, next.head.signal, next.sent)
                                    : producer_->push(std::as_bytes(std::span(&next.head, 1)), next.head.signal, all);
    if (push == Producer::Push::corrupt) return scribbled();
    if (push == Producer::Push::no_room) break;
    pushed = true;
    next.has_head = true;
    spent += (next.sent - before) / 512;
    if (next.sent < next.put.bytes) continue;
    self_.done.push_back({next.put.token, true});
    waiting_.pop();
  }
  if (pushed && producer_->must_wake_consumer()) connection_.ring_doorbell();
  return std::nullopt;
}

std::optional<Puts::Trouble> Puts::pull(std::size_t turn) {
  if (!consumer_) return std::nullopt;
  for (std::size_t spent = 0; spent < turn; ++spent) {
    Consumer::Piece piece;
    const auto look = consumer_->look(piece);
    if (look == Consumer::Look::nothing) break;
    if (look == Consumer::Look::corrupt) return scribbled();
    if (auto trouble = take(piece)) return trouble;
    consumer_->release(piece);
    spent += piece.bytes / 512;
  }
  if (consumer_->must_wake_producer()) connection_.ring_doorbell();
  return std::nullopt;
}

std::optional<Puts::Trouble> Puts::take(const Consumer::Piece& piece) {
  const bool is_head = taken_ == coming_.bytes;  // the put before it is whole
  if (is_head) {
    if (piece.kind != PieceKind::whole || piece.bytes != sizeof(Head)) return scribbled();
    std::memcpy(&coming_, piece.data, sizeof(Head));
    taken_ = 0;
    if (coming_.bytes == 0) return scribbled();
  } else if (piece.bytes == 0 || piece.bytes > coming_.bytes - taken_) {
    return scribbled();
  }
  // Looked up for each piece: the window may have been closed meanwhile.
  std::byte* place = self_.windows.place(coming_.window, coming_.offset, coming_.bytes);
  if (place == nullptr || coming_.signal >= kSignals) {
    return Trouble{wrong_put(peer_, "shm", coming_.window, coming_.offset, coming_.bytes),
                   Goodbye::Reason::refused_put};
  }
  if (is_head) return std::nullopt;
  std::memcpy(place + taken_, piece.data, piece.bytes);
  static_cast<void>(self_.windows.count(coming_.window, coming_.signal, piece.bytes));
  taken_ += piece.bytes;
  return std::nullopt;
}

bool Puts::take_ring() {
  auto ring = connection_.take_ring(Offer::Purpose::puts);
  if (!ring || consumer_) return false;
  in_memory_.emplace(std::move(ring->memory));
  consumer_.emplace(in_memory_->memory(), ring->shape);
  return true;
}

void Puts::announce_sleep() {
  if (consumer_) consumer_->announce_sleep();
  if (producer_ && !waiting_.empty()) producer_->announce_sleep();
}

bool Puts::may_sleep() {
  Consumer::Piece piece;
  if (consumer_ && consumer_->look(piece) != Consumer::Look::nothing) return false;
  if (waiting_.empty()) return true;
  if (!producer_) return false;
  const Waiting& next = waiting_.front();
  return !producer_->has_room(next.has_head ? next.put.bytes - next.sent : 0);
}

void Puts::wake_up() {
  if (consumer_) consumer_->announce_wake();
  if (producer_) producer_->announce_wake();
}

void Puts::fail() {
  for (; !waiting_.empty(); waiting_.pop()) self_.done.push_back({waiting_.front().put.token, false});
}

void Puts::end() {
  producer_.reset();
  consumer_.reset();
  out_memory_.reset();
  in_memory_.reset();
}

Puts::Trouble Puts::scribbled() const {
  return {{Code::transport, fmt::format("rank {} wrote nonsense into shared memory (shm)", index(peer_)), peer_}};
}

}  // namespace tutti::transport::shm
