#include "moe/mover.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tutti::moe {
namespace {

constexpr std::size_t kFarShare = 4;  // of what may be on its way to one peer: to another node
constexpr int kSerialShift = 32;      // of a token: above it the exchange, below the item

}  // namespace

Mover::Mover(const Site& site, const MoverOptions& options)
    : site_(site),
      options_(options),
      staging_{Staging(options.staging), Staging(options.staging), Staging(options.staging), Staging(options.staging)},
      on_the_way_(static_cast<std::size_t>(site.ranks), 0),
      far_(static_cast<std::size_t>(site.nodes), 0),
      unposted_(2 * static_cast<std::size_t>(site.ranks), 0),
      held_channel_(2 * static_cast<std::size_t>(site.ranks), 0) {}

void Mover::start(std::shared_ptr<Exchange> exchange) {
  Flight flight;
  flight.serial = next_serial_++;
  flight.items.resize(exchange->items());
  flight.left = exchange->items();
  for (Exchange::Item item = 0; item < exchange->items(); ++item) {
    flight.unposted.push_back(item);
    if (unposted_[channel(exchange->end(item))]++ == 0) ++waiting_;
  }
  flight.exchange = std::move(exchange);
  flights_.push_back(std::move(flight));
  restless_ = true;
}

bool Mover::is_over(const Exchange& exchange) const {
  return std::none_of(flights_.begin(), flights_.end(),
                      [&](const Flight& flight) { return flight.exchange.get() == &exchange; });
}

void Mover::abandon() {
  for (Flight& flight : flights_) {
    for (Exchange::Item item = 0; item < flight.items.size(); ++item) release(flight, item);
  }
  flights_.clear();
  std::fill(unposted_.begin(), unposted_.end(), 0);
  waiting_ = 0;
  std::fill(far_.begin(), far_.end(), 0);
  std::fill(on_the_way_.begin(), on_the_way_.end(), 0);
}

Status Mover::poll(engine::Peers& peers, TimePoint now, bool& moved) {
  TUTTI_TRY(post_all(peers, moved));
  completed_.clear();
  peers.progress(now, completed_);
  for (const auto& completion : completed_) TUTTI_TRY(handle(completion, peers));
  if (!completed_.empty()) {
    moved = true;
    restless_ = true;
    TUTTI_TRY(post_all(peers, moved));
  }
  if (work_all()) {
    moved = true;
    restless_ = true;
  }
  std::erase_if(flights_, [](const Flight& flight) { return flight.left == 0 && flight.exchange->is_done(); });
  return {};
}

Status Mover::post_all(engine::Peers& peers, bool& moved) {
  restless_ = restless_ || std::exchange(seeking_, false);
  while (std::exchange(restless_, false)) {
    ++pass_;
    held_ = 0;
    for (Flight& flight : flights_) TUTTI_TRY(post_first(flight, peers, moved));
  }
  return {};
}

// Those that cannot be posted yet are moved up to the end of what was looked at.
Status Mover::post_first(Flight& flight, engine::Peers& peers, bool& moved) {
  auto& unposted = flight.unposted;
  std::size_t at = flight.first;
  std::size_t kept = flight.first;
  for (; at < unposted.size() && held_ < waiting_; ++at) {
    if (TUTTI_TRY(post(flight, unposted[at], peers))) {
      moved = true;
      if (--unposted_[channel(flight.exchange->end(unposted[at]))] == 0) --waiting_;
    } else {
      unposted[kept++] = unposted[at];
    }
  }
  const auto begin = unposted.begin();
  std::move_backward(begin + static_cast<std::ptrdiff_t>(flight.first), begin + static_cast<std::ptrdiff_t>(kept),
                     begin + static_cast<std::ptrdiff_t>(at));
  flight.first += at - kept;
  return {};
}

bool Mover::is_held(Purpose purpose) const {
  return purpose != Purpose::none && held_purpose_.at(static_cast<std::size_t>(purpose)) == pass_;
}

// Only a few parcels leave for each other node at a time, in their order: many connections that share a wire do so
// unevenly, and at the end some have much left while others leave their wires idle. What goes to one node does not wait
// for another: who is slow keeps nobody from those who are not. And what comes before all that is on its way need not
// wait for it, or ranks could wait for each other.
bool Mover::has_to_wait(const Flight& flight, Exchange::Item item) const {
  const std::int32_t peer = flight.exchange->end(item).peer;
  if (on_the_way_[static_cast<std::size_t>(peer)] >= options_.in_flight) return true;
  if (site_.is_near(peer)) return false;
  const std::int32_t node = node_of(peer);
  if (far_[static_cast<std::size_t>(node)] < options_.in_flight / kFarShare) return false;
  for (const Flight& each : flights_) {
    const bool waits = std::any_of(each.leaving.begin(), each.leaving.end(), [&](const Leaving& other) {
      return other.node == node && (&each != &flight || other.item < item);
    });
    if (waits || &each == &flight) return waits;
  }
  return false;
}

void Mover::hold_channel(const Exchange::End& end) {
  if (std::exchange(held_channel_[channel(end)], pass_) != pass_) ++held_;
}

void Mover::hold(const Exchange::End& end) {
  hold_channel(end);
  if (end.purpose != Purpose::none) held_purpose_.at(static_cast<std::size_t>(end.purpose)) = pass_;
}

// False: not yet. Then nothing that comes later may pass it on its path, or take memory that it will need. Who waits
// for anything but memory has its memory already, so that those who need not wait can have theirs.
Result<bool> Mover::post(Flight& flight, Exchange::Item item, engine::Peers& peers) {
  Exchange& exchange = *flight.exchange;
  const auto end = exchange.end(item);
  const auto* const path = TUTTI_TRY(peers.path(Rank{end.peer}));
  if (path == nullptr) {
    hold(end);
    seeking_ = true;
    return false;
  }
  Standing& standing = flight.items[item];
  const auto able = path->transport->capabilities();
  standing.near = able.shares_memory && able.combines;
  if (!reserve(standing, exchange.staging_bytes(item, standing.near), end.purpose)) {
    hold(end);
    return false;
  }
  if (held_channel_[channel(end)] == pass_ || !exchange.is_ready(item) || (end.sends && has_to_wait(flight, item))) {
    hold_channel(end);
    return false;
  }
  std::byte* const staging = standing.memory == nullptr ? nullptr : standing.memory->memory.data();
  messages_.clear();
  exchange.load(item, standing.near, staging, messages_);
  std::uint64_t bytes = 0;
  for (auto& message : messages_) {
    message.kind = end.sends ? transport::Transfer::Kind::send : transport::Transfer::Kind::recv;
    message.fingerprint = exchange.fingerprint();
    message.token = std::uint64_t{flight.serial} << kSerialShift | item;
    bytes += message.bytes;
  }
  standing.posted = true;
  standing.outstanding = static_cast<std::uint32_t>(messages_.size());
  standing.bytes = bytes;
  if (end.sends) count(end, bytes, messages_.size());
  if (end.sends && !site_.is_near(end.peer)) {
    flight.leaving.push_back({item, node_of(end.peer)});
    far_[static_cast<std::size_t>(node_of(end.peer))] += bytes;
  }
  if (messages_.empty()) {
    TUTTI_TRY(finish(flight, item));
  } else {
    path->endpoint->post(messages_);
  }
  return true;
}

// False: there is no memory, or somebody before it lacks it.
bool Mover::reserve(Standing& standing, std::size_t bytes, Purpose purpose) {
  if (bytes == 0 || standing.memory != nullptr) return true;
  if (!is_held(purpose)) standing.memory = staging_.at(static_cast<std::size_t>(purpose)).take(bytes);
  return standing.memory != nullptr;
}

void Mover::count(const Exchange::End& end, std::uint64_t bytes, std::size_t messages) {
  on_the_way_[static_cast<std::size_t>(end.peer)] += bytes;
  (site_.is_near(end.peer) ? traffic_.node_bytes : traffic_.network_bytes) += bytes;
  traffic_.messages += messages;
}

Status Mover::finish(Flight& flight, Exchange::Item item) {
  Standing& standing = flight.items[item];
  const auto end = flight.exchange->end(item);
  if (end.sends) on_the_way_[static_cast<std::size_t>(end.peer)] -= standing.bytes;
  if (end.sends && !site_.is_near(end.peer)) {
    std::erase_if(flight.leaving, [&](const Leaving& other) { return other.item == item; });
    far_[static_cast<std::size_t>(node_of(end.peer))] -= standing.bytes;
  }
  std::byte* const staging = standing.memory == nullptr ? nullptr : standing.memory->memory.data();
  if (TUTTI_TRY(flight.exchange->finish(item, standing.near, staging))) release(flight, item);
  --flight.left;
  restless_ = true;
  return {};
}

void Mover::release(Flight& flight, Exchange::Item item) {
  Standing& standing = flight.items[item];
  if (standing.memory == nullptr) return;
  staging_.at(static_cast<std::size_t>(flight.exchange->end(item).purpose)).give(standing.memory);
  standing.memory = nullptr;
}

Status Mover::handle(const transport::Completion& completion, engine::Peers& peers) {
  const auto serial = static_cast<std::uint16_t>(completion.token >> kSerialShift);
  const auto item = static_cast<Exchange::Item>(completion.token);
  const auto flight =
      std::find_if(flights_.begin(), flights_.end(), [&](const Flight& each) { return each.serial == serial; });
  if (flight == flights_.end() || item >= flight->items.size())
    return Error{Code::internal, "a message was completed that nobody had posted"};
  if (!completion.ok) {
    const auto end = flight->exchange->end(item);
    const auto path = peers.path(Rank{end.peer});
    const Error* const why = path && *path != nullptr ? (*path)->endpoint->failure() : nullptr;
    Error error = why != nullptr ? *why : Error{Code::transport, "a message failed without a reason", Rank{end.peer}};
    return error.within(fmt::format("{} rank {}", end.sends ? "send to" : "receive from", end.peer));
  }
  if (--flight->items[item].outstanding == 0) return finish(*flight, item);
  return {};
}

bool Mover::work_all() {
  bool worked = false;
  for (Flight& flight : flights_) {
    freed_.clear();
    worked = flight.exchange->work(freed_) || worked;
    for (const Exchange::Item item : freed_) release(flight, item);
  }
  return worked;
}

engine::Stall Mover::stall() const {
  engine::Stall stall;
  if (flights_.empty()) return stall;
  const Flight& oldest = flights_.front();
  // What is awaited from a peer says more than what a peer has not taken.
  for (const bool sends : {false, true}) {
    for (Exchange::Item item = 0; item < oldest.items.size() && !stall.peer; ++item) {
      const auto end = oldest.exchange->end(item);
      const Standing& standing = oldest.items[item];
      if (end.sends != sends || !standing.posted || standing.outstanding == 0) continue;
      stall.peer = Rank{end.peer};
      stall.text = fmt::format("{}: {} rank {}, {} of {} parcels left", oldest.exchange->describe(),
                               sends ? "send to" : "receive from", end.peer, oldest.left, oldest.items.size());
    }
  }
  return stall;
}

std::size_t Mover::staging_held() const {
  std::size_t bytes = 0;
  for (const Staging& staging : staging_) bytes += staging.held();
  return bytes;
}

}  // namespace tutti::moe
