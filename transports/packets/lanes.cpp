#include "transports/packets/lanes.hpp"

#include <algorithm>

namespace tutti::transport::packets {
namespace {

// Over how long a rate is taken: less would tell how threads are scheduled.
constexpr Duration kSample = std::chrono::milliseconds(20);
constexpr double kNewer = 0.25;  // the weight of the newest
// A lane that a piece passes over may have become faster: in the end it is tried again.
constexpr double kHope = 1.001;
constexpr double kAlike = 3;  // rates that differ by less are one

std::size_t piece_of(const Lane& lane, std::size_t left) {
  return std::min(left, lane.rail->limits().payload);
}

}  // namespace

Lane* Lanes::over(std::size_t rail) {
  const auto place = std::ranges::find_if(lanes_, [&](const Lane& lane) { return lane.number == rail; });
  return place == lanes_.end() ? nullptr : &*place;
}

// Where the best one is full, the piece waits for it: on another one it would arrive later.
Lane* Lanes::best(std::size_t left, bool is_short, std::uint32_t busy) {
  Lane* found = nullptr;
  for (Lane& lane : lanes_) {
    const bool is_home = &lane == &lanes_.front();
    if (is_short && !is_home) break;
    if (!lane.peer || lane.lost || (!lane.heard && !is_home)) continue;
    if (found == nullptr || due(lane, piece_of(lane, left)) < due(*found, piece_of(*found, left))) found = &lane;
  }
  if (found == nullptr || (busy >> place_of(*found) & 1) != 0) return nullptr;
  const Rail::Limits limits = found->rail->limits();
  const bool is_full = are_several() && !is_short && found->in_flight() > 0 &&
                       found->in_flight() + piece_of(*found, left) > limits.window;
  return is_full || found->pieces >= limits.depth ? nullptr : found;
}

// When a piece would have arrived. Where a rate is not known yet all lanes count as equally fast; and so do lanes whose
// rates differ by less than how threads are scheduled makes them differ.
double Lanes::due(const Lane& lane, std::size_t piece) const {
  double fastest = 0;
  for (const Lane& each : lanes_) {
    const bool is_used = each.heard || &each == &lanes_.front();
    if (is_used && each.rate == 0) return static_cast<double>(lane.in_flight() + piece);
    if (is_used) fastest = std::max(fastest, each.rate);
  }
  const bool is_slow = lane.rate * kAlike < fastest;
  return static_cast<double>(lane.in_flight() + piece) / (is_slow ? lane.rate : fastest);
}

void Lanes::gave(Lane& lane, std::uint64_t bytes, TimePoint now) {
  const bool was_busy = lane.in_flight() >= kConfirmEvery;
  lane.sent += bytes;
  if (!was_busy) lane.busy_since = now;
  for (Lane& other : lanes_) {
    if (&other != &lane) other.rate *= kHope;
  }
}

// Packets may have overtaken each other, and a peer may say what it likes.
void Lanes::confirmed(Lane& lane, std::uint64_t arrived, TimePoint now) {
  const std::uint64_t news = arrived - std::min(arrived, lane.heard_of);
  const std::uint64_t believed = std::min(news, lane.in_flight());
  lane.heard_of += believed;
  confirm(lane, believed, now);
}

void Lanes::wrote(Lane& lane, std::uint64_t bytes, TimePoint now) {
  confirm(lane, std::min(bytes, lane.in_flight()), now);
}

// Only while so much is under way that the peer must confirm does it tell how fast the rail is.
void Lanes::confirm(Lane& lane, std::uint64_t bytes, TimePoint now) {
  if (lane.in_flight() >= kConfirmEvery) {
    lane.sampled += bytes;
    lane.sampling += now - lane.busy_since;
    lane.busy_since = now;
  }
  lane.confirmed += bytes;
  if (lane.sampling < kSample) return;
  const double rate = static_cast<double>(lane.sampled) / std::chrono::duration<double>(lane.sampling).count();
  lane.rate = lane.rate == 0 ? rate : (1 - kNewer) * lane.rate + kNewer * rate;
  lane.sampled = 0;
  lane.sampling = Duration::zero();
}

bool Lanes::owes_word(const Lane& lane) const {
  if (!are_several() || !lane.heard || lane.lost) return false;
  return (!lane.greeted && &lane != &lanes_.front()) || lane.arrived - lane.told >= kConfirmEvery;
}

}  // namespace tutti::transport::packets
