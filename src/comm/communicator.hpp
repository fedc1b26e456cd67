// A communicator: ranks that make the same calls in the same order.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "base/clock.hpp"
#include "base/config.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "bootstrap/root.hpp"
#include "bootstrap/session.hpp"
#include "comm/call.hpp"
#include "comm/operators.hpp"
#include "comm/path_table.hpp"
#include "comm/plan_cache.hpp"
#include "engine/engine.hpp"
#include "engine/wait.hpp"

namespace tutti::comm {

/// What a communicator is made of. `root`, where this process serves it, lives as long as the communicator.
struct Membership {
  bootstrap::UniqueId id;
  Rank rank{};
  std::int32_t world_size = 1;
  Config config;
  std::string name = "comm";
  std::shared_ptr<bootstrap::Root> root;
};

/// Thread-safe where it says so. Calls run one at a time, in the order of their tickets: whoever wants to call takes a
/// ticket, waits for its turn, begins the call and advances it until it is over. `run` in drive.hpp does that.
class Communicator {
 public:
  /// Meets the others. Blocks until all have come, at most Config::init_timeout.
  static Result<std::unique_ptr<Communicator>> create(Membership membership);

  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;
  ~Communicator();

  [[nodiscard]] Rank rank() const { return membership_.rank; }
  [[nodiscard]] std::int32_t size() const { return membership_.world_size; }
  [[nodiscard]] const Config& config() const { return membership_.config; }
  [[nodiscard]] const std::string& name() const { return membership_.name; }
  [[nodiscard]] std::string describe() const;
  Operators& operators() { return operators_; }

  // ---- Calls, thread-safe ----
  std::uint64_t take_ticket() { return next_ticket_.fetch_add(1, std::memory_order_relaxed); }
  [[nodiscard]] bool is_turn(std::uint64_t ticket) const { return serving_.load(std::memory_order_acquire) == ticket; }
  void end_turn() { serving_.fetch_add(1, std::memory_order_release); }

  /// Why the communicator is unusable; nothing while it is usable.
  [[nodiscard]] std::optional<Error> failure() const;

  /// Ends what runs, here and at all ranks. Returns at once.
  void abort();

  /// Waits for the calls that have tickets, and says goodbye. Later calls are refused. By one thread.
  void leave();

  // ---- Only by who has the turn ----
  /// Several calls may be begun before the first is over: they overlap.
  Status begin(const Call& call, TimePoint now);
  /// Advances the calls. True when all are over; an error when one failed: the communicator is unusable then.
  Result<bool> advance(TimePoint now, bool& moved);
  /// Prepares to sleep and appends the descriptors that end the sleep. False: there is something to do, do not sleep.
  bool prepare_to_sleep(std::vector<int>& descriptors);
  [[nodiscard]] engine::WaitPolicy wait_policy() const;
  [[nodiscard]] bool crowded() const { return crowded_; }
  /// Makes a communicator of the ranks with the same color. Null for a negative color.
  Result<std::unique_ptr<Communicator>> split(std::int32_t color, std::int32_t key, const Config& config,
                                              Deadline deadline);

  // ---- Introspection, by who has the turn ----
  Result<plan::Selection> explain(const CollectiveCall& call) const { return plans_->explain(call); }
  [[nodiscard]] std::vector<std::string> transports() const;
  /// The transports that carried something, with network and device: "ucx tcp eth0".
  [[nodiscard]] std::vector<std::string> paths() const { return paths_->describe_in_use(); }
  [[nodiscard]] const topology::Links& links() const { return plans_->choosing().links; }
  /// What TUTTI_TUNING knows this communicator by.
  [[nodiscard]] const plan::Site& site() const { return plans_->choosing().site; }
  [[nodiscard]] bool deterministic() const { return plans_->choosing().deterministic; }
  [[nodiscard]] const topology::Layout& layout() const { return plans_->choosing().layout; }

 private:
  explicit Communicator(Membership membership);

  Status meet();
  Result<std::vector<std::unique_ptr<transport::Transport>>> make_transports(const topology::Layout& layout);
  Result<Choosing> agree_on_choosing(const topology::Layout& layout, Deadline deadline);
  // Whether the engine has something to do now.
  Result<bool> begin_collective(const CollectiveCall& call);
  Result<bool> begin_messages(const MessageCall& call);
  Error root_cause(const Error& found);
  Error failed(const Error& found);
  [[nodiscard]] std::string describe_current() const;
  Error timed_out();
  void settle();

  Membership membership_;
  Log log_;
  SteadyClock clock_;
  std::unique_ptr<bootstrap::Session> session_;  // null for a world of one
  std::unique_ptr<PathTable> paths_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<PlanCache> plans_;
  Operators operators_;
  bool crowded_ = false;
  bool left_ = false;

  std::atomic<std::uint64_t> next_ticket_{0};
  std::atomic<std::uint64_t> serving_{0};
  std::atomic<bool> aborted_{false};
  std::atomic<bool> has_failed_{false};
  mutable std::mutex failure_lock_;
  std::optional<Error> failure_;

  // The calls in flight, in the order of the engine's numbers.
  struct Flight {
    Call call;
    std::shared_ptr<const plan::Program> program;
    std::uint64_t sequence = 0;
    Duration timeout{};
  };
  std::vector<Flight> flights_;
  std::size_t current_ = 0;     // the oldest, whose deadline runs
  std::uint64_t sequence_ = 0;  // of collectives
  Deadline deadline_;
  std::uint32_t polls_ = 0;
};

}  // namespace tutti::comm
