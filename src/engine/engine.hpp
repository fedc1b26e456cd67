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
  /// `staging` bounds the memory that the calls in flight use beside the user's, as far as a single chunk allows.
  Engine(Peers& peers, Bytes staging) : peers_(peers), staging_(staging) {}

  /// Starts a collective behind what was started before; the next poll begins it. `program`, and what `buffers` shows,
  /// must live until it is over. `fingerprint` is the same at all ranks that call the same thing.
  void start(const plan::Program& program, const Operation& operation, const Buffers& buffers,
             std::uint32_t fingerprint);

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
  // A call that has not begun.
  struct Pending {
    const plan::Program* program = nullptr;  // null: messages
    Operation operation;
    Buffers buffers;
    std::uint32_t fingerprint = 0;
    std::vector<Message> messages;
  };
  struct Running {
    Work* work = nullptr;
    std::size_t number = 0;
  };
  static constexpr std::size_t kMostWorks = 16;

  void begin_pending();
  Work* prepare_next();
  [[nodiscard]] bool may_begin(const Work& work) const;
  bool advance_all();
  void fail(const Running& culprit);

  Peers& peers_;
  Bytes staging_;
  State state_ = State::idle;
  Error error_;
  std::size_t culprit_ = 0;

  Turns turns_;
  std::vector<std::unique_ptr<Work>> works_;  // kept for later calls
  std::vector<Running> running_;              // in the order in which they began
  std::vector<Pending> pending_;              // from next_ on
  std::size_t next_ = 0;
  Work* prepared_ = nullptr;  // the next one, when it had to wait
  bool alone_ = false;        // what runs has joined no queue for turns, so nothing may begin beside it
  std::vector<transport::Completion> completed_;
};

}  // namespace tutti::engine
