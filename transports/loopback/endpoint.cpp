#include "transports/loopback/endpoint.hpp"

#include <algorithm>
#include <cstring>

#include "transports/failures.hpp"
#include "transports/loopback/transport.hpp"

namespace tutti::transport::loopback {

void LoopbackEndpoint::post(std::span<const Transfer> batch) {
  const std::lock_guard guard(hub_.lock_);
  for (const auto& transfer : batch) {
    if (failure_) {
      owner_.complete({transfer.token, false});
    } else {
      (transfer.kind == Transfer::Kind::send ? sends_ : receives_).push(transfer);
    }
  }
  owner_.touch(*this);
  touch_other();
}

Status LoopbackEndpoint::admits(const Put& put) const {
  TUTTI_TRY(key_of(put, owner_number(hub_, peer_), peer_, "loopback"));
  return {};
}

Status LoopbackEndpoint::put(std::span<const Put> batch) {
  for (const Put& each : batch) TUTTI_TRY(admits(each));
  const std::lock_guard guard(hub_.lock_);
  for (const Put& each : batch) {
    if (failure_) {
      owner_.complete({each.token, false});
    } else {
      puts_.push({each, decode_window_key(each.key)->window});
    }
  }
  owner_.touch(*this);
  return {};
}

bool LoopbackEndpoint::send_now(std::span<const std::byte> message, std::uint32_t fingerprint) {
  const std::lock_guard guard(hub_.lock_);
  return hub_.options_.goes_straight && !failure_ && other_ != nullptr && sends_.empty() &&
         buffer(message, fingerprint);
}

bool LoopbackEndpoint::recv_now(std::span<std::byte> message, std::uint32_t fingerprint) {
  const std::lock_guard guard(hub_.lock_);
  if (!has_arrived(message.size(), fingerprint)) return false;
  std::ranges::copy(arrived_.front().bytes, message.begin());
  drop_arrived();
  return true;
}

bool LoopbackEndpoint::combine_now(std::span<std::byte> out, const std::byte* operand, const Combine& combine,
                                   std::uint32_t fingerprint) {
  const std::lock_guard guard(hub_.lock_);
  if (!has_arrived(out.size(), fingerprint)) return false;
  combine.apply(combine.context, out.data(), operand, arrived_.front().bytes.data(), out.size());
  drop_arrived();
  return true;
}

bool LoopbackEndpoint::has_arrived(std::size_t bytes, std::uint32_t fingerprint) {
  return hub_.options_.goes_straight && !failure_ && receives_.empty() && !arrived_.empty() &&
         arrived_.front().bytes.size() == bytes && arrived_.front().fingerprint == fingerprint;
}

void LoopbackEndpoint::drop_arrived() {
  arrived_bytes_ -= arrived_.front().bytes.size();
  arrived_.pop();
  touch_other();
}

void LoopbackEndpoint::join(LoopbackEndpoint& other) {
  other_ = &other;
  owner_.touch(*this);
}

void LoopbackEndpoint::other_left(Error why) {
  other_ = nullptr;
  departure_ = std::move(why);
  owner_.touch(*this);
}

void LoopbackEndpoint::advance() {
  if (failure_) return;
  write_puts();
  if (failure_) return;
  buffer_sends();
  receive();
  // Data that waits for its receive holds the news back, unless something waits in vain.
  if (departure_ && !failure_ && (arrived_.empty() || !idle())) fail(*departure_);
}

void LoopbackEndpoint::buffer_sends() {
  while (other_ != nullptr && !sends_.empty()) {
    const Transfer send = sends_.front();
    if (!buffer({send.data, send.bytes}, send.fingerprint)) return;
    sends_.pop();
    owner_.complete({send.token, true});
  }
}

// The windows are the peer's, which need not have connected this rank yet.
void LoopbackEndpoint::write_puts() {
  if (puts_.empty() || departure_) return;
  LoopbackTransport* peer = owner_.member(peer_);
  if (peer == nullptr) return fail(peer_gone(peer_, "loopback"));
  for (; !puts_.empty(); puts_.pop()) {
    const auto& [put, window] = puts_.front();
    std::byte* place = peer->windows().place(window, put.offset, put.bytes);
    if (place == nullptr) {
      if (other_ != nullptr) other_->fail(wrong_put(owner_.rank(), "loopback", window, put.offset, put.bytes));
      return fail(put_refused(peer_, "loopback"));
    }
    if (put.bytes > 0) std::memcpy(place, put.data, put.bytes);
    static_cast<void>(peer->windows().count(window, put.signal, put.bytes));
    owner_.complete({put.token, true});
    peer->wake();
  }
}

// False: there is no room.
bool LoopbackEndpoint::buffer(std::span<const std::byte> message, std::uint32_t fingerprint) {
  const std::size_t limit = hub_.options_.buffer;
  if (limit == 0 || other_->arrived_bytes_ + message.size() > limit) return false;
  other_->arrived_bytes_ += message.size();
  other_->arrived_.push({{message.begin(), message.end()}, fingerprint});
  touch_other();
  return true;
}

void LoopbackEndpoint::receive() {
  while (!failure_ && !receives_.empty()) {
    if (!arrived_.empty()) {
      const Buffered message = std::move(arrived_.front());
      arrived_.pop();
      arrived_bytes_ -= message.bytes.size();
      touch_other();  // it has room again
      if (!take(message.bytes, message.fingerprint)) return;
    } else if (other_ != nullptr && !other_->sends_.empty()) {
      const Transfer send = other_->sends_.front();
      if (!take({send.data, send.bytes}, send.fingerprint)) return;
      other_->sends_.pop();
      other_->owner_.complete({send.token, true});
    } else {
      return;
    }
  }
}

bool LoopbackEndpoint::take(std::span<const std::byte> message, std::uint32_t fingerprint) {
  const Transfer receive = receives_.front();
  const bool fits = message.size() == receive.bytes;
  if (!fits || fingerprint != receive.fingerprint) {
    auto* other = other_;
    fail(fits ? wrong_fingerprint(peer_, "loopback", fingerprint, receive.fingerprint)
              : wrong_length(peer_, "loopback", message.size(), receive.bytes));
    if (other != nullptr) other->fail(peer_refused(owner_.rank(), "loopback"));
    return false;
  }
  if (receive.combine != nullptr) {
    receive.combine->apply(receive.combine->context, receive.data, receive.operand, message.data(), message.size());
  } else if (!message.empty()) {
    std::memcpy(receive.data, message.data(), message.size());
  }
  receives_.pop();
  owner_.complete({receive.token, true});
  return true;
}

void LoopbackEndpoint::fail(const Error& error) {
  if (failure_) return;
  failure_ = error;
  for (auto* queue : {&sends_, &receives_}) {
    for (; !queue->empty(); queue->pop()) owner_.complete({queue->front().token, false});
  }
  for (; !puts_.empty(); puts_.pop()) owner_.complete({puts_.front().put.token, false});
  owner_.touch(*this);
}

void LoopbackEndpoint::abandon(const Error& error, const Error& for_other) {
  if (!failure_) failure_ = error;
  show_failure();
  sends_.clear();
  receives_.clear();
  puts_.clear();
  if (other_ != nullptr) other_->other_left(for_other);
  other_ = nullptr;
}

void LoopbackEndpoint::show_failure() {
  if (failure_ && !shown_failure_) shown_failure_ = failure_;
}

void LoopbackEndpoint::touch_other() {
  if (other_ != nullptr) other_->owner_.touch(*other_);
}

}  // namespace tutti::transport::loopback
