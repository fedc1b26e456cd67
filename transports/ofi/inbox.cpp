#include "transports/ofi/inbox.hpp"

#include <cstring>

namespace tutti::transport::ofi {
namespace {

std::uint64_t cost_of(const Header& header) {
  return header.payload + (header.offset == 0 ? kMessageCost : 0);
}

}  // namespace

void Inbox::post(const Transfer& receive) {
  receives_.push({receive, receive.bytes, false});
  allowance_.posted(receive.bytes);
}

std::optional<Inbox::Fault> Inbox::take(const Header& header, const std::byte* payload, std::vector<Completion>& done) {
  if (header.message < first_) return Fault{Fault::Kind::nonsense};
  // Behind early packets that its receive has not been given, it waits with them.
  if (header.message - first_ < receives_.size() && header.message < served_) return place(header, payload, done);
  early_cost_ += cost_of(header);
  if (early_cost_ > allowance_.now()) return Fault{Fault::Kind::nonsense};
  early_.emplace(header.message, Early{header, {payload, payload + header.payload}});
  return std::nullopt;
}

std::optional<Inbox::Fault> Inbox::serve(std::vector<Completion>& done) {
  const std::uint64_t end = first_ + receives_.size();
  if (early_.empty()) {
    served_ = end;
    return std::nullopt;
  }
  while (served_ < end) {
    const std::uint64_t number = served_++;
    for (auto at = early_.find(number); at != early_.end() && at->first == number; at = early_.erase(at)) {
      early_cost_ -= cost_of(at->second.header);
      if (auto fault = place(at->second.header, at->second.payload.data(), done)) return fault;
    }
  }
  return std::nullopt;
}

std::optional<Inbox::Fault> Inbox::misfit(const Receive& receive, const Header& header) {
  const Transfer& transfer = receive.transfer;
  if (header.bytes != transfer.bytes) return Fault{Fault::Kind::length, header.bytes, transfer.bytes};
  if (header.fingerprint != transfer.fingerprint)
    return Fault{Fault::Kind::fingerprint, header.fingerprint, transfer.fingerprint};
  const bool whole_lines = header.offset % 64 == 0;
  const bool fits = header.offset <= header.bytes && header.payload <= header.bytes - header.offset &&
                    header.payload <= receive.missing &&
                    (header.payload > 0 || (header.bytes == 0 && !receive.has_begun));
  if (!whole_lines || !fits) return Fault{Fault::Kind::nonsense};
  return std::nullopt;
}

std::optional<Inbox::Fault> Inbox::place(const Header& header, const std::byte* payload,
                                         std::vector<Completion>& done) {
  if (header.message < first_) return Fault{Fault::Kind::nonsense};
  Receive& receive = receives_.at(header.message - first_);
  if (auto fault = misfit(receive, header)) return fault;
  const Transfer& transfer = receive.transfer;
  if (header.payload > 0) {
    std::byte* out = transfer.data + header.offset;
    if (transfer.combine != nullptr) {
      transfer.combine->apply(transfer.combine->context, out, transfer.operand + header.offset, payload,
                              header.payload);
    } else {
      std::memcpy(out, payload, header.payload);
    }
  }
  allowance_.consumed(cost_of(header));
  receive.missing -= header.payload;
  receive.has_begun = true;
  if (receive.missing > 0) return std::nullopt;
  done.push_back({transfer.token, true});
  while (!receives_.empty() && receives_.front().has_begun && receives_.front().missing == 0) {
    receives_.pop();
    ++first_;
  }
  return std::nullopt;
}

void Inbox::fail(std::vector<Completion>& done) {
  for (; !receives_.empty(); receives_.pop()) {
    const Receive& receive = receives_.front();
    if (!receive.has_begun || receive.missing > 0) done.push_back({receive.transfer.token, false});
  }
  early_.clear();
}

void Inbox::forget() {
  receives_.clear();
  early_.clear();
}

}  // namespace tutti::transport::ofi
