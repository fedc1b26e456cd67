#include "moe/group.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <new>

#include "moe/fold.hpp"
#include "moe/hash.hpp"

namespace tutti::moe {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();

Error wrong(std::string text) {
  return {Code::invalid_argument, std::move(text)};
}

Status check_range(const char* name, std::int64_t value, std::int64_t low, std::int64_t high) {
  if (value >= low && value <= high) return {};
  return wrong(fmt::format("{} is {}: it must be between {} and {}", name, value, low, high));
}

// Ranks at which one token's rows may be.
std::size_t most_rows_of_token(const Site& site, const Settings& settings) {
  return static_cast<std::size_t>(std::min(site.ranks, settings.limits.topk));
}

// For every purpose, and one token at least.
std::uint64_t least_staging(const Site& site, const Settings& settings) {
  return kPurposes * most_rows_of_token(site, settings) * settings.row_bytes;
}

// Within a node there is no wire to be kept busy by long parcels: what came is worked on while it is in the cache.
constexpr std::uint64_t kInCache = std::uint64_t{4} << 20;

// What goes to a node at once: so long that a network carries it at its full speed.
constexpr std::size_t kParcel = std::size_t{512} << 10;

std::size_t staging_of_purpose(const Site& site, const Settings& settings) {
  const std::uint64_t most =
      site.nodes > 1 ? settings.staging.value
                     : std::min(settings.staging.value, std::max(kInCache, 2 * least_staging(site, settings)));
  return static_cast<std::size_t>(most / kPurposes);
}

std::uint64_t hash_of(const Settings& settings) {
  Hash hash;
  hash.mix(static_cast<std::uint64_t>(settings.experts)).mix(static_cast<std::uint64_t>(settings.limits.tokens));
  hash.mix(static_cast<std::uint64_t>(settings.limits.topk)).mix(settings.row_bytes).mix(settings.staging.value);
  hash.mix(static_cast<std::uint64_t>(settings.received_rows)).mix(static_cast<std::uint64_t>(settings.overflow));
  return hash.whole();
}

}  // namespace

Result<std::shared_ptr<Group>> Group::make(Site site, const Settings& settings, Placement placement,
                                           const topology::Links& links) {
  TUTTI_TRY(check_range("maxTokens", settings.limits.tokens, 1, kMost));
  TUTTI_TRY(check_range("maxTopk", settings.limits.topk, 1, std::numeric_limits<std::uint16_t>::max()));
  TUTTI_TRY(check_range("maxTokens * maxTopk", settings.limits.tokens * settings.limits.topk, 1, kMost));
  TUTTI_TRY(check_range("maxRecvRows", settings.received_rows, 0, kMost));
  TUTTI_TRY(check_range("maxRowBytes", static_cast<std::int64_t>(settings.row_bytes), 1, std::int64_t{1} << 30));
  const std::uint64_t least = least_staging(site, settings);
  if (settings.staging.value < least) {
    return wrong(fmt::format("stagingBytes is {}: one token's rows of {} bytes at {} ranks need at least {}",
                             settings.staging.value, settings.row_bytes, most_rows_of_token(site, settings), least));
  }
  if (settings.in_flight.value == 0) return wrong("inFlightBytes is 0: nothing could be sent");
  return std::shared_ptr<Group>(new Group(std::move(site), settings, std::move(placement), links));
}

Group::Group(Site site, const Settings& settings, Placement placement, const topology::Links& links)
    : site_(std::move(site)),
      settings_(settings),
      links_(links),
      settings_hash_(hash_of(settings_)),
      mover_(site_, {.staging = staging_of_purpose(site_, settings_), .in_flight = settings_.in_flight.value}) {
  place(std::move(placement));
}

Statistics Group::statistics() const {
  Statistics all = statistics_;
  all.traffic = mover_.traffic();
  all.staging = mover_.staging_held();
  return all;
}

void Group::place(Placement placement) {
  placement_ = std::move(placement);
  by_expert_ = Directory(placement_, site_, false);
  by_slot_ = Directory(placement_, site_, true);
  placement_hash_ = placement_.hash();
  own_experts_.clear();
  for (std::size_t slot = 0; slot < placement_.slot_rank.size(); ++slot) {
    if (placement_.slot_rank[slot] == site_.rank) own_experts_.push_back(placement_.slot_expert[slot]);
  }
}

// As many tokens as fit in the staging memory of each purpose, whatever their choices; and, where rows are cut in
// rounds, so few that one window fits in every buffer, even if all ranks send it to one.
std::uint32_t Group::window_for(const Shape& shape) const {
  const std::size_t bytes = most_rows_of_token(site_, settings_) * settings_.row_bytes;
  // Half of it, so that a window can arrive while the one before it is worked on. And several of them at a time to each
  // node, so that its wire is kept busy while one ends and another begins.
  const std::size_t longest = std::max<std::size_t>(1, kParcel / settings_.row_bytes);
  auto window =
      static_cast<std::int64_t>(std::clamp<std::size_t>(staging_of_purpose(site_, settings_) / bytes / 2, 1, longest));
  if (settings_.overflow == Overflow::chunk) {
    const std::int64_t ranks = site_.ranks;
    const std::int64_t topk = settings_.limits.topk;
    const std::int64_t padding = (shape.align - 1) * placement_.most_slots();
    if (shape.layout == Layout::flat && shape.most_rows != 0) window = std::min(window, shape.most_rows / ranks);
    if (shape.layout == Layout::rank_padded) window = std::min(window, shape.capacity);
    if (shape.layout == Layout::expert_padded) window = std::min(window, shape.capacity / (ranks * topk));
    if (shape.layout == Layout::expert_major && shape.most_rows != 0)
      window = std::min(window, (shape.most_rows - padding) / (ranks * topk));
  }
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(window, 0, settings_.limits.tokens));
}

Result<std::shared_ptr<Plan>> Group::new_plan(const Shape& wanted) {
  Shape shape = wanted;
  shape.most_rows = settings_.received_rows;
  TUTTI_TRY(check_range("align", shape.align, 1, 1 << 20));
  if (shape.layout == Layout::rank_padded && shape.capacity == 0) shape.capacity = settings_.limits.tokens;
  const bool padded = shape.layout == Layout::expert_padded || shape.layout == Layout::rank_padded;
  if (padded) {
    const std::int64_t groups = shape.layout == Layout::rank_padded ? site_.ranks : placement_.most_slots();
    TUTTI_TRY(check_range("capacity", shape.capacity, 1, kMost / std::max<std::int64_t>(1, groups)));
    if (settings_.received_rows != 0 && shape.capacity * groups > settings_.received_rows) {
      return wrong(fmt::format("capacity is {}: {} groups of it are more than maxRecvRows, {}", shape.capacity, groups,
                               settings_.received_rows));
    }
  }
  auto plan = std::make_shared<Plan>(site_, shape);
  plan->window = window_for(shape);
  plan->overflow = settings_.overflow;
  if (plan->window == 0) {
    return wrong(
        fmt::format("to cut rows in rounds, a rank must have room for at least one token of each of {} ranks "
                    "with up to {} choices: raise {}",
                    site_.ranks, settings_.limits.topk, padded ? "the capacity" : "maxRecvRows"));
  }
  return plan;
}

Result<std::shared_ptr<Meeting>> Group::meet(const std::shared_ptr<Plan>& plan, const Choices& choices, bool by_slot) {
  TUTTI_TRY(check_range("tokens", choices.tokens, 0, settings_.limits.tokens));
  TUTTI_TRY(check_range("topk", choices.topk, 0, kMost));
  if (plan->in_use > 0) return Error{Code::invalid_usage, "the plan is in use by a call that is not over"};
  const auto rank = static_cast<std::size_t>(site_.rank);
  plan->complete = plan->knows_rows = false;
  plan->chunks.clear();
  plan->windows = 0;
  plan->own_slots = placement_.slots_on[rank];
  plan->slot_expert = own_experts_;
  const Directory& directory = by_slot ? by_slot_ : by_expert_;
  const BadChoice bad = sorter_.sort(choices, directory, site_, settings_.limits, plan->outgoing);
  plan->routes.assign(static_cast<std::size_t>(site_.nodes), {});
  for (std::int32_t node = 0; node < site_.nodes; ++node) {
    const auto at = static_cast<std::size_t>(node);
    if (node == site_.node) continue;
    plan->routes[at] = choose_route({.rank_rows = plan->outgoing.rank_rows[at],
                                     .node_rows = plan->outgoing.node_rows[at],
                                     .row_bytes = settings_.row_bytes,
                                     .ranks = site_.size_of_node(node)},
                                    links_, settings_.route);
  }
  const Shape& shape = plan->shape;
  plan->agreed = {settings_hash_, placement_hash_,
                  Hash()
                      .mix(static_cast<std::uint64_t>(shape.layout))
                      .mix(static_cast<std::uint64_t>(shape.align))
                      .mix(static_cast<std::uint64_t>(shape.capacity))
                      .mix(by_slot ? 1 : 0)
                      .whole()};
  const Telling telling{&site_, &plan->outgoing, plan->routes, plan->window, plan->agreed};
  tell(telling, plan->manifests);
  plan->sources.resize(static_cast<std::size_t>(site_.ranks));
  understand_self(telling, plan->outgoing, plan->sources[rank]);
  ++statistics_.plans;
  const std::uint32_t fingerprint = next_fingerprint(1, 0);
  return std::make_shared<Meeting>(plan, Meeting::Options{.fingerprint = fingerprint,
                                                          .serial = serial_,
                                                          .bad = bad,
                                                          .choices = directory.size(),
                                                          .limits = settings_.limits});
}

Status Group::check_usable(const Plan& plan, std::size_t round) const {
  if (plan.site != &site_) return wrong("the plan belongs to another group");
  if (!plan.complete) return Error{Code::invalid_usage, "the plan could not be made: update it first"};
  if (round >= plan.rounds.size())
    return wrong(fmt::format("round is {}: the plan has {} rounds", round, plan.rounds.size()));
  return {};
}

// The number of the call and what ranks must agree on: those that differ notice at the first message.
std::uint32_t Group::next_fingerprint(std::uint64_t kind, std::uint64_t detail) {
  return Hash().mix(++serial_).mix(kind).mix(detail).folded();
}

Status Group::check_dispatch(const Plan& plan, std::span<const Column> columns, std::size_t round) const {
  TUTTI_TRY(check_usable(plan, round));
  std::size_t bytes = 0;
  for (const Column& column : columns) bytes += std::min(column.bytes, settings_.row_bytes + 1);
  if (bytes > settings_.row_bytes) {
    return wrong(fmt::format("the columns' rows have {} bytes together, and the group was made for at most {}", bytes,
                             settings_.row_bytes));
  }
  return {};
}

Result<std::shared_ptr<Exchange>> Group::dispatch(const std::shared_ptr<Plan>& plan, std::span<const Column> columns,
                                                  std::size_t round, bool zero_padding) {
  TUTTI_TRY(check_dispatch(*plan, columns, round));
  plan->find_rows();
  Hash shape;
  for (const Column& column : columns) shape.mix(column.bytes);
  ++statistics_.dispatches;
  statistics_.dropped += plan->rounds[round].dropped.size();
  const std::uint32_t fingerprint = next_fingerprint(2, shape.mix(round).whole());
  const Call one{.round = round, .fingerprint = fingerprint, .serial = serial_};
  return std::shared_ptr<Exchange>(new Dispatch(plan, columns, zero_padding, one));
}

Status Group::check_combine(const Plan& plan, const CombineCall& call, std::size_t round) const {
  TUTTI_TRY(check_usable(plan, round));
  const std::size_t most = settings_.row_bytes + 1;  // more elements than that need no multiplication
  const std::size_t bytes = row_bytes(call.wire, std::min(call.elements, most));
  if (bytes > settings_.row_bytes) {
    return wrong(
        fmt::format("rows of {} elements have {} bytes on the wire, and the group was made for at most {}: "
                    "choose a narrower wire type, or make the group for longer rows",
                    call.elements, bytes, settings_.row_bytes));
  }
  if (call.weighted && !is_by_expert(plan.shape.layout))
    return wrong("rows of this layout are sums over several choices, so the plan's weights cannot be applied to them");
  return {};
}

Result<std::shared_ptr<Exchange>> Group::combine(const std::shared_ptr<Plan>& plan, const CombineCall& call,
                                                 std::size_t round) {
  TUTTI_TRY(check_combine(*plan, call, round));
  plan->find_rows();
  ++statistics_.combines;
  const auto detail = Hash().mix(call.elements).mix(static_cast<std::uint64_t>(call.wire)).mix(round).whole();
  const std::uint32_t fingerprint = next_fingerprint(3, detail);
  const Call one{.round = round, .fingerprint = fingerprint, .serial = serial_};
  if (Fold::fits(*plan, call, round)) return std::shared_ptr<Exchange>(new Fold(plan, call, one));
  return std::shared_ptr<Exchange>(new Combine(plan, call, one));
}

Result<bool> Drive::poll(engine::Peers& peers, TimePoint now, bool& moved) {
  Mover& mover = group_->mover_;
  try {
    if (maker_) {
      auto made = std::exchange(maker_, nullptr)();
      if (!made) {
        outcome_ = std::move(made).error();
        return true;
      }
      exchange_ = std::move(made).value();
    }
    if (std::exchange(begins_, false)) mover.start(exchange_);
    TUTTI_TRY(mover.poll(peers, now, moved));
  } catch (const std::bad_alloc&) {
    return Error{Code::system, "no memory for rows on their way"};
  }
  if (exchange_ ? mover.is_over(*exchange_) : mover.is_idle()) return true;
  return until_ == Until::stuck && !moved;
}

std::string Drive::describe() const {
  return "moe " + (exchange_ ? exchange_->describe() : what_);
}

}  // namespace tutti::moe
