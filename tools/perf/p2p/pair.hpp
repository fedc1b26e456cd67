// One end of the pair: the messages of each mode, and whether they brought what they should.
//
// Words: the *first* rank of the pair's communicator times, the other answers. A *window* is a group of messages that
// are on their way at once; the other rank *acknowledges* it with one byte. A *turn* is what one time is taken of.
//   latency        a message there and one back
//   bandwidth      a window there and its acknowledgement back, as osu_bw does
//   bidirectional  a window each way at once, and an acknowledgement
//   rate           a window there; its acknowledgement is awaited after the next window only, so that the wire never
//                  falls idle, and yet the receiver is at most two windows behind
#pragma once

#include "tools/perf/buffer.hpp"
#include "tools/perf/p2p/options.hpp"
#include "tools/perf/seat.hpp"

namespace tutti::perf::p2p {

struct Load {
  std::size_t bytes = 0;  // of a message
  int window = 1;
};

class Pair {
 public:
  static constexpr std::size_t kGuard = 16;  // bytes behind the last message that must stay as they are

  /// Both buffers hold the window's messages one after the other, and kGuard bytes more.
  Pair(Seat& seat, Buffer& send, Buffer& recv) : seat_(seat), send_(send), recv_(recv) {}

  [[nodiscard]] bool is_first() const { return seat_.rank() == 0; }
  [[nodiscard]] Seat& seat() const { return seat_; }

  Status turn(Mode mode, const Load& load);
  /// Waits for what `turn` left open. To be called after the last one, by both.
  Status settle();

  /// One turn with known contents: this end's bytes that came out wrong, and one for each end that was written behind.
  Result<std::uint64_t> check(Mode mode, const Load& load, std::uint64_t seed);

 private:
  [[nodiscard]] int peer() const { return 1 - seat_.rank(); }
  Status send(std::size_t at, std::size_t bytes);
  Status receive(std::size_t at, std::size_t bytes);
  Status ping_pong(std::size_t bytes);
  Status window(const Load& load, bool sends, bool receives);
  Status acknowledge();
  [[nodiscard]] std::size_t received_by_this_end(Mode mode, const Load& load) const;

  Seat& seat_;
  Buffer& send_;
  Buffer& recv_;
  bool owed_ = false;  // an acknowledgement
};

}  // namespace tutti::perf::p2p
