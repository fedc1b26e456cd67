#include "transports/shm/endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>

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

Status ShmEndpoint::admits(const Put& put) const {
  TUTTI_TRY(key_of(put, window_owner_, peer_, "shm"));
  return {};
}

Status ShmEndpoint::put(std::span<const Put> batch) {
  for (const Put& each : batch) TUTTI_TRY(admits(each));
  for (const Put& each : batch) {
    if (failure_ || each.bytes == 0) {
      self_.done.push_back({each.token, !failure_});
    } else {
      puts_.add(each);
    }
  }
  if (!failure_ && !is_idle()) activate();
  return {};
}

void ShmEndpoint::activate() {
  if (active_) return;
  active_ = true;
  self_.active.push_back(this);
}

bool ShmEndpoint::advance() {
  if (!failure_) move_puts();
  if (!failure_ && !left_.empty()) settle_left();
  if (!failure_ && !sends_.empty()) push_sends();
  if (!failure_ && !receives_.empty())
    settle(pull_receives());
  else if (!failure_)
    settle(true);
  active_ = !failure_ && (!is_idle() || (puts_.receives() && !connection_.departure()));
  return active_;
}

void ShmEndpoint::move_puts() {
  auto trouble = puts_.has_to_send() ? puts_.push(kTurn) : std::nullopt;
  // What a peer that is gone has put is taken before it is missed.
  const bool has_ended = connection_.departure().has_value();
  if (!trouble) trouble = puts_.pull(has_ended ? std::numeric_limits<std::size_t>::max() : kTurn);
  if (trouble) fail(std::move(trouble->error), trouble->reason);
}

void ShmEndpoint::push_sends() {
  if (!producer_ && !open_ring()) return;
  bool pushed = false;
  for (std::size_t spent = 0; spent < kTurn && !sends_.empty();) {
    const Transfer& send = sends_.front();
    const std::size_t before = sent_;
    const auto direct = sent_ == 0 ? place_of(send) : std::nullopt;
    const auto push = direct ? producer_->push(*direct, send.fingerprint)
                             : producer_->push({send.data, send.bytes}, send.fingerprint, sent_);
    if (push == Producer::Push::corrupt) return fail(scribbled(), Goodbye::Reason::left);
    if (push == Producer::Push::no_room) break;
    pushed = true;
    spent += cost_of(sent_ - before);
    if (direct) {
      left_.push({producer_->published(), send.token});
    } else if (sent_ == send.bytes) {
      self_.done.push_back({send.token, true});
    } else {
      continue;
    }
    sends_.pop();
    sent_ = 0;
  }
  if (pushed && producer_->must_wake_consumer()) connection_.ring_doorbell();
}

bool ShmEndpoint::open_ring() {
  if (!connection_.is_open()) return false;
  std::size_t bytes = std::min(self_.ring_bytes, kSmallRing);
  const std::size_t beyond = self_.ring_bytes - bytes;
  if (beyond <= self_.pool_bytes) bytes += beyond;
  const auto shape = RingShape::of(bytes);
  auto segment = SealedMemory::create(shape.segment_bytes());
  if (!segment) {
    fail(std::move(segment).error(), Goodbye::Reason::left);
    return false;
  }
  if (!connection_.offer(*segment, bytes, Offer::Purpose::messages)) return false;  // the connection will find out why
  if (bytes > kSmallRing) self_.pool_bytes -= beyond;
  segment->close_fd();
  out_memory_.emplace(std::move(segment).value());
  producer_.emplace(out_memory_->memory(), shape);
  return true;
}

bool ShmEndpoint::pull_receives() {
  if (!consumer_) return true;
  std::size_t spent = 0;
  while (spent < kTurn && !receives_.empty()) {
    if (!pull_next(receives_.front(), spent)) break;
  }
  if (!consumer_) return true;  // it has failed
  if (consumer_->must_wake_producer()) connection_.ring_doorbell();
  return spent < kTurn;
}

// The next piece of the first receive. False: there is none, or the path has failed.
bool ShmEndpoint::pull_next(const Transfer& receive, std::size_t& spent) {
  Consumer::Piece piece;
  if (reading_) {
    piece = *reading_;
  } else {
    const auto look = consumer_->look(piece);
    if (look == Consumer::Look::nothing) return false;
    if (auto error = look == Consumer::Look::corrupt ? scribbled() : misfit(receive, piece)) {
      const bool mismatch = error->code == Code::invalid_usage;
      fail(std::move(*error), mismatch ? Goodbye::Reason::refused : Goodbye::Reason::left);
      return false;
    }
  }
  const std::size_t before = received_;
  if (piece.kind == PieceKind::direct) {
    if (auto taken = take_direct(receive, piece.direct); !taken) {
      fail(std::move(taken).error(), Goodbye::Reason::left);
      return false;
    }
  } else {
    take(receive, piece);
  }
  spent += cost_of(received_ - before);
  const bool has_more = received_ < receive.bytes;
  reading_ = has_more && piece.kind == PieceKind::direct ? std::optional(piece) : std::nullopt;
  if (reading_) return true;
  consumer_->release(piece);
  if (has_more) return true;
  self_.done.push_back({receive.token, true});
  receives_.pop();
  received_ = 0;
  return true;
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
  if (puts_.take_ring()) activate();
  if (auto ring = connection_.take_ring(Offer::Purpose::messages); ring && !consumer_) {
    in_memory_.emplace(std::move(ring->memory));
    consumer_.emplace(in_memory_->memory(), ring->shape);
    if (ring->peer_is_readable) consumer_->announce_reading();
  }
  // Who has outstanding transfers learns of a departure in `advance`, after what can still be delivered.
  if (is_idle()) settle(true);
}

// A peer that is gone fails the path as soon as something waits for it in vain, or nothing of it is left to be read.
void ShmEndpoint::settle(bool pulled_all) {
  if (failure_ || !connection_.departure() || !pulled_all) return;
  move_puts();
  if (failure_) return;
  Consumer::Piece piece;
  const bool leftover = consumer_ && consumer_->look(piece) == Consumer::Look::piece;
  if (!is_idle() || !leftover) fail(*connection_.departure(), Goodbye::Reason::left);
}

void ShmEndpoint::announce_sleep() {
  if (!receives_.empty() && consumer_) consumer_->announce_sleep();
  if ((!sends_.empty() || !left_.empty()) && producer_) producer_->announce_sleep();
  puts_.announce_sleep();
}

bool ShmEndpoint::may_sleep() {
  if (failure_ || connection_.departure()) return false;
  if (reading_) return false;
  Consumer::Piece piece;
  if (!receives_.empty() && consumer_ && consumer_->look(piece) != Consumer::Look::nothing) return false;
  if (!sends_.empty()) {
    if (!producer_) return false;
    const bool direct = sent_ == 0 && place_of(sends_.front());
    if (producer_->has_room(direct ? 0 : sends_.front().bytes - sent_)) return false;
  }
  if (!left_.empty()) {
    const auto freed = producer_->freed();
    if (!freed || *freed >= left_.front().cell) return false;
  }
  return puts_.may_sleep();
}

void ShmEndpoint::wake_up() {
  if (consumer_) consumer_->announce_wake();
  if (producer_) producer_->announce_wake();
  puts_.wake_up();
}

void ShmEndpoint::cancel(Error why) {
  if (!failure_) end(std::move(why), Goodbye::Reason::left);
  sends_.clear();
  receives_.clear();
  left_.clear();
  puts_.forget();
}

void ShmEndpoint::fail(Error error, Goodbye::Reason reason) {
  end(std::move(error), reason);
  for (auto* queue : {&sends_, &receives_}) {
    for (; !queue->empty(); queue->pop()) self_.done.push_back({queue->front().token, false});
  }
  for (; !left_.empty(); left_.pop()) self_.done.push_back({left_.front().token, false});
  puts_.fail();
}

void ShmEndpoint::end(Error error, Goodbye::Reason reason) {
  failure_ = std::move(error);
  revoke();
  reading_.reset();
  connection_.close(reason);
  producer_.reset();
  consumer_.reset();
  out_memory_.reset();
  in_memory_.reset();
  puts_.end();
}

Error ShmEndpoint::scribbled() const {
  return {Code::transport, fmt::format("rank {} wrote nonsense into shared memory (shm)", index(peer_)), peer_};
}

}  // namespace tutti::transport::shm
