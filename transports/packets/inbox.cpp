#include "transports/packets/inbox.hpp"

#include <cstring>

namespace tutti::transport::packets {
namespace {

// More parcels than every rail of a path may have under way.
constexpr std::size_t kMaxParcels = 1024;

std::uint64_t cost_of(const Header& header) {
  return header.payload + (header.offset == 0 ? kMessageCost : 0);
}

}  // namespace

void Inbox::post(const Transfer& receive) {
  receives_.push({.transfer = receive, .missing = receive.bytes});
  allowance_.posted(receive.bytes);
}

// Behind early packets that its receive has not been given, a packet waits with them.
bool Inbox::has_receive(const Header& header) const {
  return header.message - first_ < receives_.size() && header.message < served_;
}

std::optional<Inbox::Fault> Inbox::take(const Header& header, const std::byte* payload, std::vector<Completion>& done) {
  if (header.message < first_) return Fault{Fault::Kind::nonsense};
  if (has_receive(header)) return place(header, payload, done);
  if (early_cost_ + cost_of(header) > allowance_.now()) return Fault{Fault::Kind::nonsense};
  early_cost_ += cost_of(header);
  early_.emplace(header.message, Early{header, {payload, payload + header.payload}, std::nullopt});
  return std::nullopt;
}

std::optional<Inbox::Fault> Inbox::take(const Header& header, const Parcel& parcel) {
  if (header.message >= first_ && has_receive(header)) return place(header, parcel);
  if (header.message < first_ || early_parcels_ == kMaxParcels) {
    parcel.rail->drop(parcel.parcel);
    return Fault{Fault::Kind::nonsense};
  }
  ++early_parcels_;
  early_.emplace(header.message, Early{header, {}, parcel});
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
      Early& early = at->second;
      std::optional<Fault> fault;
      if (early.parcel) {
        --early_parcels_;
        fault = place(early.header, *std::exchange(early.parcel, std::nullopt));
      } else {
        early_cost_ -= cost_of(early.header);
        fault = place(early.header, early.payload.data(), done);
      }
      if (fault) return fault;
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
  finish(receive, done);
  return std::nullopt;
}

std::optional<Inbox::Fault> Inbox::place(const Header& header, const Parcel& parcel) {
  Fault fault{Fault::Kind::nonsense};
  if (header.message >= first_) {
    Receive& receive = receives_.at(header.message - first_);
    const auto wrong = misfit(receive, header);
    // What is fetched cannot be combined on its way: a rail that announces does not claim so.
    if (!wrong && receive.transfer.combine == nullptr) {
      allowance_.consumed(cost_of(header));
      receive.missing -= header.payload;
      receive.has_begun = true;
      ++receive.fetching;
      fetches_.push_back({parcel, header.message, receive.transfer.data + header.offset, header.payload});
      return std::nullopt;
    }
    fault = wrong.value_or(fault);
  }
  parcel.rail->drop(parcel.parcel);
  return fault;
}

void Inbox::fetched(std::uint64_t message, std::vector<Completion>& done) {
  if (message < first_ || message - first_ >= receives_.size()) return;  // forgotten
  Receive& receive = receives_.at(message - first_);
  --receive.fetching;
  if (has_failed_) {
    if (receive.fetching == 0 && !std::exchange(receive.is_over, true)) done.push_back({receive.transfer.token, false});
  } else {
    finish(receive, done);
  }
}

void Inbox::finish(Receive& receive, std::vector<Completion>& done) {
  if (!receive.is_whole()) return;
  receive.is_over = true;
  done.push_back({receive.transfer.token, true});
  while (!receives_.empty() && receives_.front().is_over) {
    receives_.pop();
    ++first_;
  }
}

void Inbox::fail(std::vector<Completion>& done) {
  has_failed_ = true;
  drop_parcels();
  for (std::size_t i = 0; i < receives_.size(); ++i) {
    Receive& receive = receives_.at(i);
    if (receive.fetching == 0 && !std::exchange(receive.is_over, true)) done.push_back({receive.transfer.token, false});
  }
}

void Inbox::forget() {
  drop_parcels();
  receives_.clear();
}

// What was to be fetched and is not, and what no receive has asked for.
void Inbox::drop_parcels() {
  for (const Fetch& fetch : std::exchange(fetches_, {})) {
    fetch.from.rail->drop(fetch.from.parcel);
    --receives_.at(fetch.message - first_).fetching;
  }
  for (const auto& [number, early] : early_) {
    if (early.parcel) early.parcel->rail->drop(early.parcel->parcel);
  }
  early_.clear();
  early_cost_ = 0;
}

}  // namespace tutti::transport::packets
