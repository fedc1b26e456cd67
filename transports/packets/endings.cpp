// How a path ends: because its peer is gone, has left or refuses, or because this rank cannot go on with it.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "transports/failures.hpp"
#include "transports/packets/path.hpp"

namespace tutti::transport::packets {
namespace {

// How long after a peer's end its last packets, and its last word, may still come in.
constexpr Duration kGrace = std::chrono::milliseconds(20);

}  // namespace

void Path::check() {
  if (failure_) return;
  const auto end = lifeline_.check();
  if (!end) return;
  lifeline_.close();
  const bool was_refused = std::exchange(was_refused_, false);  // so it seemed
  if (!end->farewell) {
    Error gone = peer_gone(peer_, self_.path);
    if (end->error != 0) gone.text += fmt::format(": {}", std::strerror(end->error));
    if (was_refused) departure_ = gone;
    depart(std::move(gone), std::nullopt);
  } else if (end->farewell->reason == Farewell::Reason::refused) {
    fail(peer_refused(peer_, self_.path), Farewell::Reason::left);
  } else if (end->farewell->reason == Farewell::Reason::refused_put) {
    fail(put_refused(peer_, self_.path), Farewell::Reason::left);
  } else if (end->farewell->reason == Farewell::Reason::was_refused_put) {
    fail(wrong_write(peer_, self_.path), Farewell::Reason::left);
  } else {
    depart(peer_left(peer_, self_.path), end->farewell->packets);
  }
}

void Path::lost(std::uint8_t place, const std::string& why) {
  Lane& lane = lanes_.at(place);
  if (failure_ || lane.lost) return;
  lane.lost = true;
  if (!lane.heard && &lane != &lanes_.home()) return;  // it has never carried anything
  Error gone = peer_gone(peer_, self_.path);
  gone.text += fmt::format(": {}", why);
  depart(std::move(gone), std::nullopt);
}

// A rail could not write: the peer has closed the window, which its NIC answers, or it is gone. Then its lifeline will
// have told until `settle`.
void Path::write_failed(const char* why) {
  if (failure_ || departure_) return;
  Error refused = put_refused(peer_, self_.path);
  refused.text += fmt::format(": {}", why);
  was_refused_ = true;
  depart(std::move(refused), std::nullopt);
}

// A rail may tell that the peer is gone before the lifeline tells how.
void Path::depart(Error error, std::optional<std::uint64_t> packets) {
  if (failure_) return;
  if (departure_) {
    if (packets && !packets_to_come_) {
      departure_ = std::move(error);
      packets_to_come_ = packets;
    }
    return;
  }
  departure_ = std::move(error);
  packets_to_come_ = packets;
  self_.ending.push_back(this);
}

bool Path::settle(TimePoint now) {
  if (failure_) return true;
  if (!departed_) departed_ = now;
  all_is_here_ = all_is_here_ || (packets_to_come_ && packets_arrived_ >= *packets_to_come_) ||
                 now - std::max(last_arrival_, *departed_) >= kGrace;
  if (!all_is_here_) return false;
  // What came in time waits for its receives, unless something waits in vain.
  if (inbox_.holds_early() && sends_.empty() && puts_.empty() && !inbox_.is_waiting()) return false;
  fail(*departure_, was_refused_ ? Farewell::Reason::was_refused_put : Farewell::Reason::left);
  return true;
}

void Path::refuse(const Inbox::Fault& fault) {
  using Kind = Inbox::Fault::Kind;
  switch (fault.kind) {
    case Kind::length:
      return fail(wrong_length(peer_, self_.path, fault.got, fault.expected), Farewell::Reason::refused);
    case Kind::fingerprint:
      return fail(wrong_fingerprint(peer_, self_.path, static_cast<std::uint32_t>(fault.got),
                                    static_cast<std::uint32_t>(fault.expected)),
                  Farewell::Reason::refused);
    case Kind::nonsense:
      return fail({Code::transport, fmt::format("rank {} sent nonsense ({})", index(peer_), self_.path), peer_},
                  Farewell::Reason::left);
  }
}

void Path::fail(Error error, Farewell::Reason reason) {
  end(std::move(error), reason);
  inbox_.fail(self_.done);
  for (std::uint64_t message = first_, end_of = first_ + sends_.size(); message < end_of; ++message) {
    if (message >= first_) finish(message);
  }
  for (std::uint64_t put = first_put_, end_of = first_put_ + puts_.size(); put < end_of; ++put) {
    if (put >= first_put_) finish_put(put);
  }
}

void Path::end(Error error, Farewell::Reason reason) {
  failure_ = std::move(error);
  lifeline_.close();
  self_.listener->say(peer_, {.reason = reason, .packets = packets_sent_});
  for (Lane& lane : lanes_.all()) {
    if (lane.peer) lane.rail->close(*std::exchange(lane.peer, std::nullopt), lane.heard);
  }
}

}  // namespace tutti::transport::packets
