#include "transports/loopback/endpoint.hpp"

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
  buffer_sends();
  receive();
  // Data that waits for its receive holds the news back, unless something waits in vain.
  if (departure_ && !failure_ && (arrived_.empty() || !idle())) fail(*departure_);
}

void LoopbackEndpoint::buffer_sends() {
  const std::size_t limit = hub_.options_.buffer;
  while (limit > 0 && other_ != nullptr && !sends_.empty()) {
    const Transfer send = sends_.front();
    if (other_->arrived_bytes_ + send.bytes > limit) return;
    other_->arrived_bytes_ += send.bytes;
    other_->arrived_.push({{send.data, send.data + send.bytes}, send.fingerprint});
    sends_.pop();
    owner_.complete({send.token, true});
    touch_other();
  }
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
  owner_.touch(*this);
}

void LoopbackEndpoint::abandon(const Error& error, const Error& for_other) {
  if (!failure_) failure_ = error;
  show_failure();
  sends_.clear();
  receives_.clear();
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
