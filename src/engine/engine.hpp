// Runs calls: several at a time, so that those of a group overlap. It is poll-driven: it reads no clock, owns no thread
// and never blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "engine/turns.hpp"
#include "engine/work.hpp"

namespace tutti::engine {

enum class State : std::uint8_t { idle, running, failed };

/// Not thread-safe.
class Engine {
 public:
  /// `staging` bounds the memory that the calls in flight use beside the user's, as far as a single chunk allows. It
  /// lies on NUMA node `numa`; -1: where the thread that polls first touches it.
  Engine(Peers& peers, Bytes staging, int numa = -1) : peers_(peers), staging_(staging), numa_(numa) {}

  /// Starts a collective behind what was started before; the next poll begins it. `program`, and what `buffers` shows,
  /// must live until it is over. `fingerprint` is the same at all ranks that call the same thing.
  void start(const plan::Program& program, const Operation& operation, const Buffers& buffers,
             std::uint32_t fingerprint);

  /// Runs a short collective on the spot, if nothing else runs and no message lets it wait for longer than `patience`.
  /// `prefilled` belongs to all calls that differ from this one in nothing but their buffers, on this engine.
  /// True: it is over, and nothing of it remains. False: it has been started, as by `start`.
  bool run_straight(const plan::Program& program, const Operation& operation, const Buffers& buffers,
                    std::uint32_t fingerprint, Patience patience, Prefilled& prefilled);
  /// Whether calls of a vector, or block, of `bytes` are worth the attempt.
  static bool is_short(const plan::Program& program, std::uint64_t bytes) {
    return bytes <= kShort && program.segments == 1 && program.size() <= kMostShortSteps;
  }
  static constexpr std::uint64_t kShort = 2 * Prefilled::kLongest;

  /// Starts a group of messages: all progress at the same time; those to one peer keep their order.
  void start(std::vector<Message> messages);

  /// Advances everything that can advance. `moved` tells whether anything did. Idle: everything is over.
  State poll(TimePoint now, bool& moved);

  /// The number, counted from 0 since the engine was idle, of the call that failed, and else of the oldest that is not
  /// over.
  [[nodiscard]] std::size_t current() const;

  /// Ends all calls without completion: no buffer is touched any more when this returns. The engine is failed then.
  void cancel();

  /// Why it failed: it names the step and the peer.
  [[nodiscard]] const Error& error() const { return error_; }

  /// What the oldest call waits for.
  [[nodiscard]] Stall stall() const;

  /// Bytes of scratch memory held.
  [[nodiscard]] Bytes memory() const;

 private:
  // A call of which not every tile has begun.
  struct Pending {
    const plan::Program* program = nullptr;  // null: messages
    Operation operation;
    Buffers buffers;
    std::uint32_t fingerprint = 0;
    std::vector<Message> messages;
    std::uint64_t begun = 0;  // elements of the vector, or of each block, in tiles that have begun
  };
  struct Running {
    Work* work = nullptr;
    std::size_t number = 0;
  };
  static constexpr std::size_t kMostWorks = 16;
  static constexpr std::uint32_t kMostShortSteps = 1024;

  bool run_straight(Work& work, const plan::Program& program, const Operation& operation, const Buffers& buffers,
                    std::uint32_t fingerprint, Patience patience, Prefilled& prefilled);
  void begin_pending();
  Work* prepare_next();
  [[nodiscard]] bool may_begin(const Work& work) const;
  bool advance_all();
  void fail(const Running& culprit);

  Peers& peers_;
  Bytes staging_;
  int numa_;
  State state_ = State::idle;
  Error error_;
  std::size_t culprit_ = 0;

  Turns turns_;
  std::vector<std::unique_ptr<Work>> works_;  // kept for later calls
  std::vector<Running> running_;              // in the order in which they began
  std::vector<Pending> pending_;              // from next_ on
  std::size_t next_ = 0;
  Work* prepared_ = nullptr;  // the next tile, when it had to wait
  bool alone_ = false;        // what runs has joined no queue for turns, so nothing may begin beside it
  std::vector<transport::Completion> completed_;
};

}  // namespace tutti::engine
