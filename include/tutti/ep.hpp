// Tutti for C++20: experts in parallel. Part of <tutti/tutti.hpp>; what each call needs and does is in <tutti/ep.h>.
#ifndef TUTTI_EP_HPP_
#define TUTTI_EP_HPP_

#include <tutti/ep.h>
#include <tutti/tutti.hpp>

#include <initializer_list>
#include <string>
#include <vector>

namespace tutti {
inline namespace v0 {

enum class Layout : std::uint8_t {
  flat = tuttiEpFlat,
  expert_major = tuttiEpExpertMajor,
  expert_padded = tuttiEpExpertPadded,
  rank_padded = tuttiEpRankPadded
};

/// The settings of a group for `experts`, with everything else left to its default.
inline tuttiEpConfig_t make_experts_config(int experts) {
  tuttiEpConfig_t config = TUTTI_EP_CONFIG_INITIALIZER;
  config.numExperts = experts;
  return config;
}

/// A batch: `topk` experts a token, with weights in the same places or without.
template <typename Id>
tuttiEpRouting_t make_routing(std::span<const Id> experts, int topk, std::span<const float> weights = {}) {
  static_assert(std::is_same_v<Id, std::int32_t> || std::is_same_v<Id, std::int64_t>, "32- or 64-bit integers");
  if (topk < 1 || experts.size() % static_cast<std::size_t>(topk) != 0)
    throw Error(tuttiInvalidArgument, "make_routing: experts are not topk for each token");
  if (!weights.empty() && weights.size() != experts.size())
    throw Error(tuttiInvalidArgument, "make_routing: not one weight for each expert");
  tuttiEpRouting_t routing = {};
  routing.size = sizeof routing;
  routing.ids = experts.data();
  routing.idType = data_type<Id>();
  routing.tokens = static_cast<std::int64_t>(experts.size() / static_cast<std::size_t>(topk));
  routing.topk = topk;
  routing.weights = weights.empty() ? nullptr : weights.data();
  return routing;
}

/// One payload of dispatch: rows of `bytes` each. Spans must hold a row for each token, and for each received row.
template <typename T>
tuttiEpColumn_t make_column(std::span<const T> send, std::span<T> recv, std::size_t elements) {
  return {send.data(), 0, recv.data(), 0, elements * sizeof(T)};
}

/// Rows of `elements` numbers from experts back to tokens, all of the same type; change what else is wanted.
template <typename T>
tuttiEpCombine_t make_combine(std::span<const T> in, std::span<T> out, std::size_t elements) {
  static_assert(std::is_same_v<T, float>, "for half and bfloat16 fill tuttiEpCombine_t");
  tuttiEpCombine_t call = {};
  call.size = sizeof call;
  call.elements = elements;
  call.in = in.data();
  call.inType = call.outType = call.biasType = data_type<T>();
  call.out = out.data();
  return call;
}

class Experts;

/// Where the tokens of one batch go. Destroy it before its group.
class ExpertPlan {
 public:
  ExpertPlan(ExpertPlan&& other) noexcept : plan_(std::exchange(other.plan_, nullptr)) {}
  ExpertPlan& operator=(ExpertPlan&& other) noexcept {
    std::swap(plan_, other.plan_);
    return *this;
  }
  ExpertPlan(const ExpertPlan&) = delete;
  ExpertPlan& operator=(const ExpertPlan&) = delete;
  ~ExpertPlan() { tuttiEpPlanDestroy(plan_); }

  void update(const tuttiEpRouting_t& routing) { check(tuttiEpPlanUpdate(plan_, &routing), "update of a plan"); }

  /// What comes to this rank in a round; its arrays live until the plan is updated.
  [[nodiscard]] tuttiEpPlanInfo_t info(int round = 0) const {
    tuttiEpPlanInfo_t info = {};
    info.size = sizeof info;
    check(tuttiEpPlanGet(plan_, round, &info), "plan");
    return info;
  }
  [[nodiscard]] std::int64_t rows(int round = 0) const { return info(round).recvRows; }
  [[nodiscard]] int rounds() const { return info().rounds; }

  /// The plan as JSON.
  [[nodiscard]] std::string describe() const {
    std::size_t needed = 0;
    check(tuttiEpPlanDescribe(plan_, nullptr, 0, &needed), "plan");
    std::string text(needed, '\0');
    check(tuttiEpPlanDescribe(plan_, text.data(), text.size(), nullptr), "plan");
    text.resize(needed - 1);
    return text;
  }

  /// `flags`: TUTTI_EP_BEGIN, TUTTI_EP_ZERO_PADDING.
  void dispatch(std::span<const tuttiEpColumn_t> columns, unsigned flags = 0, int round = 0, Stream* stream = nullptr) {
    check(tuttiEpDispatch(plan_, round, columns.data(), static_cast<int>(columns.size()), flags, raw(stream)),
          "dispatch");
  }
  void dispatch(std::initializer_list<tuttiEpColumn_t> columns, unsigned flags = 0, int round = 0,
                Stream* stream = nullptr) {
    dispatch(std::span(columns.begin(), columns.size()), flags, round, stream);
  }
  void combine(const tuttiEpCombine_t& call, unsigned flags = 0, int round = 0, Stream* stream = nullptr) {
    check(tuttiEpCombine(plan_, round, &call, flags, raw(stream)), "combine");
  }
  /// Waits for the call that was begun with TUTTI_EP_BEGIN.
  void finish(Stream* stream = nullptr) { check(tuttiEpFinish(plan_, raw(stream)), "finish"); }

  [[nodiscard]] tuttiEpPlan_t get() const noexcept { return plan_; }

 private:
  friend class Experts;
  explicit ExpertPlan(tuttiEpPlan_t plan) : plan_(plan) {}
  static tuttiStream_t raw(const Stream* stream) { return stream == nullptr ? nullptr : stream->get(); }

  tuttiEpPlan_t plan_ = nullptr;
};

/// Ranks that hold experts together.
class Experts {
 public:
  Experts(const Communicator& comm, const tuttiEpConfig_t& config) {
    check(tuttiEpCreate(comm.get(), &config, &ep_), "experts");
  }
  Experts(Experts&& other) noexcept : ep_(std::exchange(other.ep_, nullptr)) {}
  Experts& operator=(Experts&& other) noexcept {
    std::swap(ep_, other.ep_);
    return *this;
  }
  Experts(const Experts&) = delete;
  Experts& operator=(const Experts&) = delete;
  ~Experts() { tuttiEpDestroy(ep_); }

  /// `number`: the alignment or the capacity of the layout.
  [[nodiscard]] ExpertPlan plan(const tuttiEpRouting_t& routing, Layout layout = Layout::flat,
                                std::int64_t number = 0) const {
    tuttiEpPlan_t made = nullptr;
    check(tuttiEpPlanCreate(ep_, &routing, static_cast<tuttiEpLayout_t>(layout), number, &made), "plan");
    return ExpertPlan(made);
  }

  /// Slot i is on rank slot_rank[i] and holds expert slot_expert[i].
  void place(std::span<const int> slot_rank, std::span<const int> slot_expert) {
    if (slot_rank.size() != slot_expert.size())
      throw Error(tuttiInvalidArgument, "place: not one rank and one expert for each slot");
    check(tuttiEpSetPlacement(ep_, static_cast<int>(slot_rank.size()), slot_rank.data(), slot_expert.data()), "place");
  }

  [[nodiscard]] tuttiEpStats_t statistics() const {
    tuttiEpStats_t stats = {};
    stats.size = sizeof stats;
    check(tuttiEpGetStats(ep_, &stats), "statistics");
    return stats;
  }

  [[nodiscard]] tuttiEp_t get() const noexcept { return ep_; }

 private:
  tuttiEp_t ep_ = nullptr;
};

}  // namespace v0
}  // namespace tutti

#endif  // TUTTI_EP_HPP_
