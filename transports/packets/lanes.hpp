// The rails of one path. A lane leads over one rail of this rank to the rail of the same plane at the peer. The first
// one is the path's home: it is open from the beginning, and short messages stay on it. Another one is opened when a
// message is long enough, and carries data from the moment that the peer has been heard on it: a NIC that does not
// reach the peer costs a packet, and nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "transports/packets/rail.hpp"

namespace tutti::transport::packets {

struct Lane {
  Rail* rail = nullptr;
  std::size_t number = 0;  // of the rail
  std::size_t remote = 0;  // of the peer's
  std::vector<std::byte> address;
  std::optional<Rail::Peer> peer = std::nullopt;  // once it is open
  bool heard = false;
  bool greeted = false;         // the peer has been sent something
  bool lost = false;            // of no use any more
  std::size_t pieces = 0;       // that the rail holds
  std::uint64_t sent = 0;       // payload, ever
  std::uint64_t confirmed = 0;  // of it, by the peer or, where the rail wrote it, by the rail
  std::uint64_t heard_of = 0;   // of that, by the peer
  std::uint64_t arrived = 0;    // payload, ever
  std::uint64_t told = 0;       // of it, to the peer

  double rate = 0;            // bytes a second, as the peer has confirmed lately; 0: not known
  TimePoint busy_since{};     // from when on it has had enough under way, or when it was last confirmed
  std::uint64_t sampled = 0;  // bytes that were confirmed since the rate was last told,
  Duration sampling{};        // and the time that it took

  [[nodiscard]] std::uint64_t in_flight() const { return sent - confirmed; }
};

/// Which of them the next piece takes: the one on which it arrives first, by what is under way there and by how fast
/// the peer has confirmed lately. So a slow rail carries less.
class Lanes {
 public:
  /// A message from here on is worth more than one lane.
  static constexpr std::size_t kStripeFrom = std::size_t{128} << 10;
  /// How much that has arrived over one of several lanes is worth a word of its own: a part of every rail's window.
  static constexpr std::uint64_t kConfirmEvery = std::uint64_t{64} << 10;

  void add(Lane lane) { lanes_.push_back(std::move(lane)); }
  [[nodiscard]] bool are_several() const { return lanes_.size() > 1; }
  [[nodiscard]] std::vector<Lane>& all() { return lanes_; }
  Lane& home() { return lanes_.front(); }
  Lane& at(std::uint8_t place) { return lanes_[place]; }
  [[nodiscard]] std::uint8_t place_of(const Lane& lane) const {
    return static_cast<std::uint8_t>(&lane - lanes_.data());
  }
  /// The lane over this rail; null if there is none.
  Lane* over(std::size_t rail);

  /// The lane for the next piece of a message of which `left` bytes are left; null if it must wait. `busy`: a bit for
  /// each lane that takes nothing now.
  Lane* best(std::size_t left, bool is_short, std::uint32_t busy);

  /// Notes what has been given to the rail, and what the peer has confirmed: `arrived` of its header.
  void gave(Lane& lane, std::uint64_t bytes, TimePoint now);
  void confirmed(Lane& lane, std::uint64_t arrived, TimePoint now);
  /// Notes that the rail has written so many bytes, which are at the peer.
  void wrote(Lane& lane, std::uint64_t bytes, TimePoint now);

  /// Whether the peer waits for a word on this lane: that it was heard, or that something has arrived.
  [[nodiscard]] bool owes_word(const Lane& lane) const;

 private:
  static void confirm(Lane& lane, std::uint64_t bytes, TimePoint now);
  [[nodiscard]] double due(const Lane& lane, std::size_t piece) const;

  std::vector<Lane> lanes_;
};

}  // namespace tutti::transport::packets
