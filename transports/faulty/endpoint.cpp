#include "transports/faulty/endpoint.hpp"

#include <cstring>

namespace tutti::transport::faulty {

void Self::complete(Completion completion) {
  const bool waits = script.longest_delay > Duration::zero() && dice.happens(script.delay);
  const auto longest = static_cast<double>(script.longest_delay.count());
  const Duration delay(waits ? static_cast<Duration::rep>(dice.fraction() * longest) : 0);
  late.push_back({completion, now + delay});
}

void FaultyEndpoint::post(std::span<const Transfer> batch) {
  for (const auto& transfer : batch) {
    ++self_.transfers;
    if (failure_) {
      self_.complete({transfer.token, false});
    } else {
      waiting_.push(transfer);
      self_.has_waiting = true;
    }
  }
}

const Error* FaultyEndpoint::failure() const {
  if (failure_) return &*failure_;
  return inner_ != nullptr ? inner_->failure() : nullptr;
}

bool FaultyEndpoint::release() {
  while (!failure_ && !waiting_.empty()) {
    if (self_.dice.happens(self_.script.hold)) return false;
    const std::uint64_t token = self_.next_token++;
    Self::Operation& operation = self_.operations[token];
    operation = {this, waiting_.front(), std::vector<std::byte>(waiting_.front().bytes)};
    waiting_.pop();
    Transfer inner = operation.transfer;
    inner.token = token;
    inner.data = operation.memory.data();
    inner.operand = nullptr;
    inner.combine = nullptr;  // that happens when it has come
    if (inner.kind == Transfer::Kind::send && inner.bytes > 0) {
      std::memcpy(inner.data, operation.transfer.data, inner.bytes);
    }
    inner_->post({&inner, 1});
  }
  return true;
}

void FaultyEndpoint::completed(Self& self, Self::Operation& operation, bool ok) {
  if (operation.endpoint->failure_) return;  // its transfer has been completed as failed
  const Transfer& transfer = operation.transfer;
  if (ok && transfer.kind == Transfer::Kind::recv && transfer.bytes > 0) {
    if (transfer.combine != nullptr) {
      transfer.combine->apply(transfer.combine->context, transfer.data, transfer.operand, operation.memory.data(),
                              transfer.bytes);
    } else {
      std::memcpy(transfer.data, operation.memory.data(), transfer.bytes);
    }
  }
  self.complete({transfer.token, ok});
}

void FaultyEndpoint::fail(const Error& error) {
  if (failure_) return;
  failure_ = error;
  for (const auto& [token, operation] : self_.operations) {
    if (operation.endpoint == this) self_.complete({operation.transfer.token, false});
  }
  for (; !waiting_.empty(); waiting_.pop()) self_.complete({waiting_.front().token, false});
}

void FaultyEndpoint::forget(std::optional<Error> why) {
  waiting_.clear();
  if (why) inner_ = nullptr;
  if (!failure_) failure_ = std::move(why);
}

}  // namespace tutti::transport::faulty
