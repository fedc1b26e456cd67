// The plan of each kind of call: selected and lowered once, then looked up.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "comm/call.hpp"
#include "comm/files.hpp"
#include "plan/select/select.hpp"

namespace tutti::comm {

/// What a call runs. Programs that differ in nothing are shared.
struct Prepared {
  std::shared_ptr<const plan::Program> program;
  std::string name;             // "ring/8": part of the fingerprint, so that ranks that chose differently notice
  std::uint64_t signature = 0;  // of the calls that run it, unless their blocks differ in length
  engine::Prefilled prefilled;  // of the short ones
};

/// Everything that the choice depends on beside the call. The same at all ranks.
struct Choosing {
  topology::Layout layout;
  topology::Links links;
  topology::Fabric fabric;  // of both
  plan::ForcedAlgorithms forced;
  std::shared_ptr<const BroughtPlans> brought;  // TUTTI_PLAN: they go before all others
  plan::Site site;
  std::optional<plan::TunedSite> tuned;  // TUTTI_TUNING: what was measured at this site
  bool deterministic = false;
  Bytes staging;
};

class PlanCache {
 public:
  PlanCache(Choosing choosing, Rank self) : choosing_(std::move(choosing)), self_(self) {}

  /// Valid until the next call of `find`.
  Result<Prepared*> find(const CollectiveCall& call);

  /// All candidates, for people.
  Result<plan::Selection> explain(const CollectiveCall& call) const;

  /// The plan that a user brought for such calls; or none, and why in `why_not`.
  struct Use {
    const plan::Brought* brought = nullptr;
    plan::BroughtUse programs;  // none: the template of `brought`
    std::optional<plan::Plan> plan;
    std::string why_not;
  };
  [[nodiscard]] Use find_brought(const CollectiveCall& call) const { return find_brought(key_of(call)); }

  [[nodiscard]] const Choosing& choosing() const { return choosing_; }

 private:
  struct Key {
    plan::Collective collective;
    DataType type;
    ReduceOp op;
    bool commutative;
    bool in_place;
    Rank root;
    bool own_lengths_only;
    std::uint64_t count;
    auto operator<=>(const Key&) const = default;
  };
  static constexpr std::size_t kMostEntries = 1024;  // then it starts afresh: a call costs its planning again

  struct Lowered {
    plan::Plan plan;
    bool in_place = false;
    std::weak_ptr<const plan::Program> program;
  };

  std::shared_ptr<const plan::Program> program_of(const plan::Plan& plan, bool in_place);
  [[nodiscard]] Use find_brought(const Key& key) const;
  [[nodiscard]] Result<plan::Selection> select(const Key& key) const;
  [[nodiscard]] plan::Query query_of(const Key& key) const;
  [[nodiscard]] Prepared prepare(const CollectiveCall& call, const Key& key, const Use& use);
  [[nodiscard]] Key key_of(const CollectiveCall& call) const;

  Choosing choosing_;
  Rank self_;
  std::map<Key, Prepared> entries_;
  std::vector<Lowered> programs_;

  // What a program calls by turns, looked up without a search: each kind of call has a place, which the last one keeps.
  struct Recent {
    Key key{};
    Prepared* prepared = nullptr;
  };
  static Recent& place_of(const Key& key, std::array<Recent, 32>& recent);
  std::array<Recent, 32> recent_;
};

}  // namespace tutti::comm
