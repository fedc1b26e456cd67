// Puts whose bytes a rail has written by itself, without a packet: how their receiver learns that they are here. The
// sender says it in a *note*. Where the rail's writes show a number at the receiver, their *mark*, as soon as their
// bytes are there, the note leaves at once and says how many of them there are; otherwise it leaves when the sender
// knows that all have arrived.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "transports/packets/header.hpp"

namespace tutti::transport::packets {

/// What a write shows at its receiver: who writes, and which of its puts, in 32 bits, which is what every fabric has.
struct Mark {
  Rank from{};
  std::uint32_t put = 0;

  static constexpr unsigned kPutBits = 12;
  /// Puts of one path that can be told apart. A number is used again when so many others have been.
  static constexpr std::uint32_t kPuts = 1U << kPutBits;
  /// Ranks from here on cannot be told apart: they put in packets.
  static constexpr int kRanks = 1 << (32 - kPutBits);

  [[nodiscard]] std::uint32_t value() const { return static_cast<std::uint32_t>(index(from)) << kPutBits | put; }
  static Mark of(std::uint32_t value) { return {to_rank(static_cast<int>(value >> kPutBits)), value % kPuts}; }
};

struct Note {
  std::uint32_t window = 0;
  std::uint32_t signal = 0;
  std::uint64_t bytes = 0;   // that have been written
  std::uint32_t put = 0;     // of the mark
  std::uint32_t writes = 0;  // that bear the mark; 0: all is here
};

Header header_of(const Note& note);
Note note_of(const Header& header);

/// What has come, of the peer's notes and marks. Both in any order.
class Landings {
 public:
  /// Each gives the note of a put that is here now, if there is one.
  std::optional<Note> noted(const Note& note);
  std::optional<Note> marked(std::uint32_t put);

 private:
  struct Landing {
    std::uint32_t marks = 0;
    std::optional<Note> note = std::nullopt;
  };
  std::optional<Note> settle(std::uint32_t put);

  std::map<std::uint32_t, Landing> landings_;  // by the put of the mark: at most Mark::kPuts
};

}  // namespace tutti::transport::packets
