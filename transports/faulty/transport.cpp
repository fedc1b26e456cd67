#include "transports/faulty/transport.hpp"

#include <fmt/format.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "transports/failures.hpp"

namespace tutti::transport::faulty {

Script harmless(std::uint64_t seed) {
  return {.seed = seed,
          .stall = 0.2,
          .hold = 0.3,
          .delay = 0.5,
          .longest_delay = std::chrono::microseconds(300),
          .events = {}};
}

Result<std::unique_ptr<Transport>> create(std::unique_ptr<Transport> inner, Script script) {
  if (!inner) return Error{Code::invalid_argument, "faulty: there is no transport to wrap"};
  const auto is_probability = [](double value) { return value >= 0 && value <= 1; };
  if (!is_probability(script.stall) || !is_probability(script.hold) || !is_probability(script.delay)) {
    return Error{Code::invalid_argument, "faulty: a probability is between 0 and 1"};
  }
  if (script.stall == 1 || script.hold == 1) {
    return Error{Code::invalid_argument, "faulty: with a stall or hold of 1 nothing ever happens"};
  }
  FileDescriptor silence(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!silence) return Error{Code::system, fmt::format("faulty: no eventfd: {}", std::strerror(errno))};
  std::ranges::stable_sort(script.events, {}, &Event::after_transfers);
  return std::unique_ptr<Transport>(
      std::make_unique<FaultyTransport>(std::move(inner), std::move(script), std::move(silence)));
}

FaultyTransport::FaultyTransport(std::unique_ptr<Transport> inner, Script script, FileDescriptor silence)
    : self_(std::move(script)),
      inner_(std::move(inner)),
      name_(inner_->name()),
      capabilities_(inner_->capabilities()),
      path_(inner_->describe()),
      address_(inner_->address()),
      silence_(std::move(silence)) {
  capabilities_.goes_straight = false;  // past the script nothing goes
}

bool FaultyTransport::can_reach(std::span<const std::byte> address) const {
  return inner_ && inner_->can_reach(address);
}

Result<Endpoint*> FaultyTransport::connect(Rank peer, std::span<const std::byte> address) {
  if (!inner_) return Error{Code::aborted, fmt::format("this rank was killed by its script ({})", path_)};
  Endpoint* endpoint = TUTTI_TRY(inner_->connect(peer, address));
  return (endpoints_[peer] = std::make_unique<FaultyEndpoint>(self_, *endpoint)).get();
}

void FaultyTransport::progress(TimePoint now, std::vector<Completion>& completed) {
  self_.now = now;
  play_events();
  if (inner_ && !self_.dice.happens(self_.script.stall)) {
    self_.has_waiting = !release();
    from_inner_.clear();
    inner_->progress(now, from_inner_);
    for (const Completion& completion : from_inner_) {
      const auto place = self_.operations.find(completion.token);
      if (place->second.put) {
        FaultyEndpoint::has_put(self_, place->second, completion.ok);
      } else {
        FaultyEndpoint::completed(self_, place->second, completion.ok);
      }
      self_.operations.erase(place);
    }
  }
  hand_out(completed);
}

void FaultyTransport::play_events() {
  const auto& events = self_.script.events;
  for (; inner_ && played_ < events.size() && events[played_].after_transfers <= self_.transfers; ++played_) {
    const Event& event = events[played_];
    if (event.kind == Event::Kind::kill) {
      kill();
    } else if (const auto place = endpoints_.find(event.peer); place != endpoints_.end()) {
      place->second->fail(peer_gone(event.peer, path_));
    }
  }
}

void FaultyTransport::kill() {
  inner_.reset();  // from here on nobody touches the memory of its transfers
  for (auto& [peer, endpoint] : endpoints_) {
    endpoint->fail({Code::aborted, fmt::format("this rank was killed by its script ({})", path_)});
    endpoint->forget(*endpoint->failure());
  }
  self_.operations.clear();
  self_.has_waiting = false;
}

bool FaultyTransport::release() {
  bool all = true;
  for (auto& [peer, endpoint] : endpoints_) all = endpoint->release() && all;
  return all;
}

// What is due, in an order of its own.
void FaultyTransport::hand_out(std::vector<Completion>& completed) {
  auto& late = self_.late;
  const auto due =
      std::stable_partition(late.begin(), late.end(), [&](const auto& one) { return one.due > self_.now; });
  std::sort(due, late.end(), [](const auto& left, const auto& right) { return left.due < right.due; });
  for (auto one = due; one != late.end(); ++one) completed.push_back(one->completion);
  late.erase(due, late.end());
}

Result<WindowId> FaultyTransport::open_window(const WindowMemory& memory) {
  if (!inner_) return Error{Code::aborted, fmt::format("this rank was killed by its script ({})", path_)};
  return inner_->open_window(memory);
}

void FaultyTransport::close_window(WindowId window) {
  if (inner_) inner_->close_window(window);
}

std::vector<std::byte> FaultyTransport::window_key(WindowId window) const {
  return inner_ ? inner_->window_key(window) : std::vector<std::byte>();
}

std::uint64_t FaultyTransport::arrived(WindowId window, std::uint32_t signal) const {
  return inner_ ? inner_->arrived(window, signal) : 0;
}

void FaultyTransport::cancel() {
  if (inner_) inner_->cancel();
  for (auto& [peer, endpoint] : endpoints_) endpoint->forget(std::nullopt);
  self_.operations.clear();
  self_.late.clear();
}

bool FaultyTransport::prepare_to_sleep() {
  const bool is_due =
      played_ < self_.script.events.size() && self_.script.events[played_].after_transfers <= self_.transfers;
  const bool is_calm = !is_due && self_.late.empty() && !self_.has_waiting;
  return is_calm && (!inner_ || inner_->prepare_to_sleep());
}

}  // namespace tutti::transport::faulty
