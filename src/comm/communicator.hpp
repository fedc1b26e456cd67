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
#include "comm/facts.hpp"
#include "comm/nic.hpp"
#include "comm/operators.hpp"
#include "comm/path_table.hpp"
#include "comm/plan_cache.hpp"
#include "engine/engine.hpp"
#include "engine/wait.hpp"
#include "topology/node/machine.hpp"

namespace tutti::comm {

/// What a communicator is made of. `root`, where this process serves it, lives as long as the communicator.
struct Membership {
  bootstrap::UniqueId id;
  Rank rank{};
  std::int32_t world_size = 1;
  Config config;
  std::string name = "comm";
  std::shared_ptr<bootstrap::Root> root;
  std::shared_ptr<const topology::Machine> machine;  // that the parent discovered; null if it did not have to
};

/// What a rank meets the others with, where somebody else has brought them together.
struct Company {
  std::unique_ptr<bootstrap::Session> session;  // null for a world of one
  /// Used instead of those that the configuration allows; empty: those.
  std::vector<std::unique_ptr<transport::Transport>> transports;
};

/// Thread-safe where it says so. Calls run one at a time, in the order of their tickets: whoever wants to call takes a
/// ticket, waits for its turn, begins the call and advances it until it is over. `run` in drive.hpp does that.
class Communicator {
 public:
  /// Meets the others. Blocks until all have come, at most Config::init_timeout.
  static Result<std::unique_ptr<Communicator>> create(Membership membership);
  /// The same without waiting: see founding.hpp.
  class Founding;

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
  /// By who has the turn, who alone writes that number.
  void end_turn() { serving_.store(serving_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

  /// Why the communicator is unusable; nothing while it is usable.
  [[nodiscard]] std::optional<Error> failure() const;

  /// Ends what runs, here and at all ranks. Returns at once.
  void abort();

  /// Waits for the calls that have tickets, and says goodbye. Later calls are refused. By one thread.
  void leave();

  // ---- Only by who has the turn ----
  /// Runs a short collective on the spot, where that goes without waiting: no lock, no system call, no allocation. Yes:
  /// it is over. No: it has been begun, and is to be advanced. Nothing: it is not of that kind, or the communicator has
  /// failed; it is to be begun.
  std::optional<bool> run_straight(const CollectiveCall& call);
  /// Several calls may be begun before the first is over: they overlap.
  Status begin(const Call& call, TimePoint now);
  /// Advances the calls. True when all are over; an error when one failed: the communicator is unusable then.
  Result<bool> advance(TimePoint now, bool& moved);
  /// Prepares to sleep and appends the descriptors that end the sleep. False: there is something to do, do not sleep.
  bool prepare_to_sleep(std::vector<int>& descriptors);
  [[nodiscard]] engine::WaitPolicy wait_policy() const;
  [[nodiscard]] bool crowded() const { return crowded_; }
  /// Lets peers and NICs reach memory of this rank where it lies. It must stay mapped until it is closed.
  using Window = std::vector<transport::WindowId>;
  Result<Window> open_window(const transport::WindowMemory& memory);
  void close_window(const Window& window) { paths_->close_window(window); }
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
  [[nodiscard]] const topology::Fabric& fabric() const { return plans_->choosing().fabric; }
  /// What this rank's network transports use, and why.
  [[nodiscard]] const NicUse& nic() const { return nic_; }
  /// What this rank knows of the way to another one: see tuttiExplainPath.
  struct Way {
    std::string node;
    std::string peer_node;
    bool same_node = false;
    const transport::Transport* transport = nullptr;  // null before the first message
    std::vector<Verdict> verdicts;                    // of all transports that are allowed, in their order
    std::string level;                                // at which the two meet
    topology::Link link;                              // of that level, as plans see it
    topology::Provenance provenance = topology::Provenance::assumed;
  };
  [[nodiscard]] Way way_to(Rank peer) const;

 private:
  explicit Communicator(Membership membership);

  [[nodiscard]] bool needs_network(const topology::Layout& layout) const;
  [[nodiscard]] NicSurvey survey_for(const topology::Layout& layout) const;
  NodeNics choose_nics(const NicSurvey& survey, const std::vector<topology::CpuSet>& cpus);
  void open_paths(std::vector<std::unique_ptr<transport::Transport>> transports);
  Result<std::vector<std::unique_ptr<transport::Transport>>> make_transports(const topology::Layout& layout);
  // Whether the engine has something to do now.
  Result<bool> begin_collective(const CollectiveCall& call);
  Result<bool> begin_messages(const MessageCall& call);
  [[nodiscard]] engine::Operation operation_of(const CollectiveCall& call) const;
  [[nodiscard]] std::uint32_t fingerprint_of(const CollectiveCall& call, const Prepared& prepared) const;
  void begin_flight(const Call& call, TimePoint now);
  Result<bool> begin_call(const Call& call);
  Result<bool> advance_engine(TimePoint now, bool& moved);
  Result<bool> advance_activities(TimePoint now, bool& moved);
  [[nodiscard]] bool runs_activities() const;
  [[nodiscard]] std::size_t failed_flight() const;
  void move_on_to(std::size_t flight, TimePoint now);
  Error root_cause(const Error& found);
  Error failed(const Error& found);
  [[nodiscard]] std::string describe_current() const;
  Error timed_out();
  void settle();

  Membership membership_;
  Log log_;
  SteadyClock clock_;
  std::unique_ptr<bootstrap::Session> session_;  // null for a world of one
  NicUse nic_;
  std::vector<Verdict> left_out_;  // transports that were not opened
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
  double stuck_at_ = 0;  // when the deadline passed: see engine::Stall::position
  std::uint32_t polls_ = 0;
  std::uint32_t straight_calls_ = 0;
};

}  // namespace tutti::comm
