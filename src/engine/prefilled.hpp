// A short program with everything filled in but what changes from call to call: how a call goes that is made again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/arithmetic.hpp"
#include "plan/program.hpp"
#include "transports/transport.hpp"

namespace tutti::engine {

/// How long a call that goes straight looks for what is not there.
struct Patience {
  int looks = 1;              // at it, before each pause and before it gives up
  int pauses = 0;             // in the whole call
  void (*pause)() = nullptr;  // lets others have the core

  /// Whether `attempt` has come true at last.
  template <typename Attempt>
  bool wait_for(Attempt&& attempt) {
    while (true) {
      for (int look = 0; look < looks; ++look) {
        if (attempt()) return true;
      }
      if (pauses == 0) return false;
      --pauses;
      pause();
    }
  }
};

/// Where each plan::Buffer begins.
using Places = std::array<std::byte*, 7>;

/// What its work writes down of a call that fits in messages of one piece; then it serves all calls that differ from
/// that one in nothing but their buffers.
class Prefilled {
 public:
  /// The longest message: longer ones are better moved piece by piece, so that both ends are busy.
  static constexpr std::size_t kLongest = 32768;

  enum class Kind : std::uint8_t { send, recv, recv_reduce, copy, prepare, finish, reduce };
  struct Spot {
    plan::Buffer buffer{};
    std::size_t offset = 0;  // in bytes
  };
  struct Move {
    Kind kind{};
    bool flag = false;       // recv_reduce: what arrives stands left; reduce: it gives the result
    std::uint32_t step = 0;  // of the program
    Spot src{};              // recv_reduce: what is combined with what arrives
    Spot dst{};
    std::size_t bytes = 0;
    std::size_t elements = 0;
    transport::Endpoint* endpoint = nullptr;
    std::uint32_t first_source = 0;  // reduce: where its sources begin, how many they are, and which is this rank's own
    std::uint32_t sources = 0;
    std::uint32_t own = 0;
  };

  enum class State : std::uint8_t { unknown, ready, never };
  [[nodiscard]] State state() const { return state_; }

  /// Runs the program. Its size: it is over. Less: the steps before this one are done, and this one would have to wait.
  std::uint32_t run(const Places& places, std::uint32_t fingerprint, Patience patience);

 private:
  friend class Work;  // which fills it in

  void reduce(const Move& move, const Places& places);

  State state_ = State::unknown;
  std::uint32_t steps_ = 0;
  Arithmetic arithmetic_;
  std::vector<Move> moves_;
  std::vector<Spot> sources_;
  std::vector<std::byte*> pointers_;  // the sources of one reduction
};

}  // namespace tutti::engine
