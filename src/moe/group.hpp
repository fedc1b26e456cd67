// Ranks that hold experts together: where the experts are, what is allowed, and what moves between the ranks.
//
// A group says what it wants as activities; whoever owns the paths polls them. It knows no clock, thread or socket.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "engine/activity.hpp"
#include "moe/combine.hpp"
#include "moe/dispatch.hpp"
#include "moe/meeting.hpp"
#include "moe/mover.hpp"
#include "moe/placement.hpp"
#include "moe/plan.hpp"
#include "moe/routing.hpp"
#include "topology/fabric/links.hpp"

namespace tutti::moe {

/// The same at all ranks.
struct Settings {
  std::int32_t experts = 1;
  Limits limits{.tokens = 4096, .topk = 8};
  std::size_t row_bytes = 16384;   // the longest row of all columns together, on its way in dispatch or combine
  std::int64_t received_rows = 0;  // at a rank, a round; 0: no limit
  Bytes staging{std::uint64_t{64} << 20};
  Bytes in_flight{std::uint64_t{8} << 20};  // to one peer
  Route route = Route::automatic;
  Overflow overflow = Overflow::error;
};

/// What is counted since the group was made.
struct Statistics {
  Traffic traffic;
  std::uint64_t plans = 0;
  std::uint64_t dispatches = 0;
  std::uint64_t combines = 0;
  std::uint64_t dropped = 0;  // choices, in this rank's plans
  std::size_t staging = 0;    // bytes held now
};

/// Not thread-safe: one activity at a time.
class Group {
 public:
  /// Fails with invalid_argument when a setting cannot be met, and says which.
  static Result<std::shared_ptr<Group>> make(Site site, const Settings& settings, Placement placement,
                                             const topology::Links& links);
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  [[nodiscard]] const Site& site() const { return site_; }
  [[nodiscard]] const Settings& settings() const { return settings_; }
  [[nodiscard]] const Placement& placement() const { return placement_; }
  [[nodiscard]] Statistics statistics() const;
  [[nodiscard]] bool is_idle() const { return mover_.is_idle(); }

  /// Plans made from now on go by it; those that were made before stay as they are.
  void place(Placement placement);

  /// A plan without rows, for `meet`. Fails with invalid_argument on a shape that cannot be, and says why.
  Result<std::shared_ptr<Plan>> new_plan(const Shape& shape);

  /// Fills `plan` with this rank's rows, and gives the exchange in which it is completed. The choices are read now.
  /// `by_slot`: they name slots. What is wrong with them comes out of the meeting, at all ranks.
  Result<std::shared_ptr<Meeting>> meet(const std::shared_ptr<Plan>& plan, const Choices& choices, bool by_slot);

  /// What can be said of a call before its turn comes: fail with invalid_argument on what the plan or the group does
  /// not allow. They read nothing that changes while calls run.
  Status check_dispatch(const Plan& plan, std::span<const Column> columns, std::size_t round) const;
  Status check_combine(const Plan& plan, const CombineCall& call, std::size_t round) const;

  /// Fail as the checks do; nothing was done then.
  Result<std::shared_ptr<Exchange>> dispatch(const std::shared_ptr<Plan>& plan, std::span<const Column> columns,
                                             std::size_t round, bool zero_padding);
  Result<std::shared_ptr<Exchange>> combine(const std::shared_ptr<Plan>& plan, const CombineCall& call,
                                            std::size_t round);

  /// Exchanges are numbered from here on, for tests of what happens when numbers wrap.
  void number_from(std::uint64_t serial) { serial_ = serial; }

 private:
  friend class Drive;

  Group(Site site, const Settings& settings, Placement placement, const topology::Links& links);
  [[nodiscard]] std::uint32_t window_for(const Shape& shape) const;
  Status check_usable(const Plan& plan, std::size_t round) const;
  std::uint32_t next_fingerprint(std::uint64_t kind, std::uint64_t detail);

  Site site_;
  Settings settings_;
  Placement placement_;
  topology::Links links_;
  std::uint64_t settings_hash_;
  std::uint64_t placement_hash_ = 0;
  std::vector<std::int32_t> own_experts_;
  Directory by_expert_;
  Directory by_slot_;
  Sorter sorter_;
  Mover mover_;
  std::uint64_t serial_ = 0;
  Statistics statistics_;
};

/// Begins an exchange, or goes on with it, and with whatever else is in flight. The exchange is made when the
/// activity's turn has come, so that exchanges are numbered in the order in which they run.
class Drive final : public engine::Activity {
 public:
  enum class Until : std::uint8_t {
    stuck,  // nothing more can be done without waiting: the first half of a call
    over
  };

  using Maker = std::function<Result<std::shared_ptr<Exchange>>()>;

  /// `begins`: the exchange is new. A maker that gives null, with `over`: everything that is in flight.
  Drive(std::shared_ptr<Group> group, std::string what, Maker maker, bool begins, Until until)
      : group_(std::move(group)), what_(std::move(what)), maker_(std::move(maker)), begins_(begins), until_(until) {}
  Drive(std::shared_ptr<Group> group, std::shared_ptr<Exchange> exchange, bool begins, Until until)
      : Drive(
            std::move(group), "exchange", [exchange] { return exchange; }, begins, until) {}

  Result<bool> poll(engine::Peers& peers, TimePoint now, bool& moved) override;
  void abandon() override { group_->mover_.abandon(); }
  [[nodiscard]] engine::Stall stall() const override { return group_->mover_.stall(); }
  [[nodiscard]] std::string describe() const override;

  /// Why there was no exchange, when it is over: nothing was done then.
  [[nodiscard]] const Status& outcome() const { return outcome_; }

 private:
  std::shared_ptr<Group> group_;
  std::string what_;
  Maker maker_;  // until it has made
  std::shared_ptr<Exchange> exchange_;
  Status outcome_;
  bool begins_;
  Until until_;
};

}  // namespace tutti::moe
