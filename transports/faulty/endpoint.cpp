#include "transports/faulty/endpoint.hpp"

#include <algorithm>
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

Status FaultyEndpoint::admits(const Put& put) const {
  if (inner_ == nullptr) return {};
  return inner_->admits(put);
}

Status FaultyEndpoint::put(std::span<const Put> batch) {
  for (const Put& each : batch) TUTTI_TRY(admits(each));
  for (const Put& each : batch) {
    if (failure_) {
      self_.complete({each.token, false});
      continue;
    }
    auto put = std::make_shared<Self::PutParts>();
    put->put = each;
    put->key.assign(each.key.begin(), each.key.end());
    puts_.push_back(std::move(put));
    self_.has_waiting = true;
  }
  return {};
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
  // Puts have no order: any of them goes next, and in parts.
  while (!failure_ && !puts_.empty()) {
    if (self_.dice.happens(self_.script.hold)) return false;
    std::swap(puts_[self_.dice.next() % puts_.size()], puts_.back());
    const auto put = std::move(puts_.back());
    puts_.pop_back();
    release_put(put);
  }
  return true;
}

void FaultyEndpoint::release_put(const std::shared_ptr<Self::PutParts>& put) {
  const Put& whole = put->put;
  std::size_t done = 0;
  do {
    const std::size_t left = whole.bytes - done;
    const bool splits = left > 1 && self_.dice.happens(self_.script.hold);
    const std::size_t bytes = splits ? 1 + self_.dice.next() % (left - 1) : left;
    const std::uint64_t token = self_.next_token++;
    Self::Operation& part = self_.operations[token];
    part = {this, {}, {whole.data + done, whole.data + done + bytes}, put};
    ++put->open;
    const Put inner{.data = part.memory.data(),
                    .bytes = bytes,
                    .key = put->key,
                    .offset = whole.offset + done,
                    .signal = whole.signal,
                    .token = token};
    static_cast<void>(inner_->put({&inner, 1}));  // it has been admitted
    done += bytes;
  } while (done < whole.bytes);
}

void FaultyEndpoint::has_put(Self& self, Self::Operation& part, bool ok) {
  part.put->ok = part.put->ok && ok;
  if (--part.put->open == 0 && !part.endpoint->failure_) self.complete({part.put->put.token, part.put->ok});
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
  std::vector<Self::PutParts*> told;
  for (const auto& [token, operation] : self_.operations) {
    if (operation.endpoint != this) continue;
    if (!operation.put) {
      self_.complete({operation.transfer.token, false});
    } else if (std::ranges::find(told, operation.put.get()) == told.end()) {
      told.push_back(operation.put.get());
      self_.complete({operation.put->put.token, false});
    }
  }
  for (const auto& put : puts_) self_.complete({put->put.token, false});
  puts_.clear();
  for (; !waiting_.empty(); waiting_.pop()) self_.complete({waiting_.front().token, false});
}

void FaultyEndpoint::forget(std::optional<Error> why) {
  waiting_.clear();
  puts_.clear();
  if (why) inner_ = nullptr;
  if (!failure_) failure_ = std::move(why);
}

}  // namespace tutti::transport::faulty
