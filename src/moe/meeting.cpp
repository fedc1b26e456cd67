#include "moe/meeting.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tutti::moe {

namespace {

template <typename T>
void append(std::vector<transport::Transfer>& messages, std::span<T> data) {
  if (data.empty()) return;
  transport::Transfer message;
  message.data = const_cast<std::byte*>(reinterpret_cast<const std::byte*>(data.data()));  // sends are only read
  message.bytes = data.size_bytes();
  messages.push_back(message);
}

}  // namespace

Meeting::Meeting(std::shared_ptr<Plan> plan, const Options& options) : plan_(std::move(plan)), options_(options) {
  const Site& site = *plan_->site;
  const auto ranks = static_cast<std::size_t>(site.ranks);
  plan_->sources.resize(ranks);
  head_came_.assign(ranks, false);
  verdicts_.resize(ranks);
  gives_verdict_ = plan_->needs_verdict(options_.limits.tokens);
  for (Head& head : plan_->manifests.heads) {
    head.bad = options_.bad;
    if (gives_verdict_) head.flags |= Head::kVerdict;
  }
  plan_->sources[self()].head.bad = options_.bad;
  heads_missing_ = bodies_missing_ = verdicts_missing_ = ranks - 1;
  for (const Part part : {Part::head, Part::body, Part::verdict}) {
    for (std::int32_t turn = 1; turn < site.ranks; ++turn) {
      ends_.push_back({{(site.rank + turn) % site.ranks, true}, part});
      ends_.push_back({{(site.rank - turn + site.ranks) % site.ranks, false}, part});
    }
  }
}

std::string Meeting::describe() const {
  return fmt::format("plan of exchange {}", options_.serial);
}

bool Meeting::is_ready(Item item) const {
  const Piece& piece = ends_[item];
  const auto peer = static_cast<std::size_t>(piece.end.peer);
  if (piece.end.sends) return piece.part != Part::verdict || stage_ != Stage::hearing;
  return piece.part == Part::head || head_came_[peer];
}

void Meeting::load(Item item, bool /*near*/, std::byte* /*staging*/, std::vector<transport::Transfer>& messages) {
  const Piece& piece = ends_[item];
  const auto peer = static_cast<std::size_t>(piece.end.peer);
  const bool sends = piece.end.sends;
  Head& head = sends ? plan_->manifests.heads[peer] : plan_->sources[peer].head;
  switch (piece.part) {
    case Part::head:
      append(messages, std::span(&head, 1));
      break;
    case Part::body:
      load_body(piece.end.peer, sends, messages);
      break;
    case Part::verdict:
      if ((head.flags & Head::kVerdict) != 0) append(messages, std::span(&verdicts_[sends ? self() : peer], 1));
      break;
  }
}

void Meeting::load_body(std::int32_t peer, bool sends, std::vector<transport::Transfer>& messages) {
  const auto at = static_cast<std::size_t>(peer);
  if (sends) {
    append(messages, plan_->outgoing.entries_of_rank(peer));
    append(messages, plan_->outgoing.weights_of_rank(peer));
    append(messages, std::span(plan_->manifests.passages[at]));
    return;
  }
  Source& source = plan_->sources[at];
  source.expect();
  append(messages, std::span(source.memory.entries));
  append(messages, std::span(source.memory.weights));
  append(messages, std::span(source.memory.passage));
}

Result<bool> Meeting::finish(Item item, bool /*near*/, std::byte* /*staging*/) {
  const Piece& piece = ends_[item];
  if (piece.end.sends) return true;
  const auto peer = static_cast<std::size_t>(piece.end.peer);
  switch (piece.part) {
    case Part::head:
      head_came_[peer] = true;
      --heads_missing_;
      TUTTI_TRY(check_length(piece.end.peer));
      break;
    case Part::body:
      --bodies_missing_;
      TUTTI_TRY(understand_body(piece.end.peer));
      break;
    case Part::verdict:
      --verdicts_missing_;
      break;
  }
  return true;
}

// What a rank that made the same group can say; memory for its body is asked for only then. Ranks that made other
// groups are told so in `judge`.
Status Meeting::check_length(std::int32_t from) const {
  const Head& head = plan_->sources[static_cast<std::size_t>(from)].head;
  if (head.agreed != plan_->agreed) return {};
  const auto tokens = static_cast<std::uint64_t>(options_.limits.tokens);
  const auto topk = static_cast<std::uint64_t>(options_.limits.topk);
  const auto mates = static_cast<std::size_t>(plan_->site->size_of_node(plan_->site->node));
  const bool possible = head.tokens <= tokens && head.entries <= head.tokens * topk && head.windows <= head.tokens &&
                        head.masks <= head.tokens * mask_bytes(mates);
  if (possible) return {};
  return Error{
      Code::transport,
      fmt::format("rank {} tells of {} choices of {} tokens, and the group was made for at most {} tokens with {} "
                  "choices each",
                  from, head.entries, head.tokens, tokens, topk),
      Rank{from}};
}

// Only from those who mean the same by it; what the others sent shows in `judge`.
Status Meeting::understand_body(std::int32_t from) {
  Source& source = plan_->sources[static_cast<std::size_t>(from)];
  if (source.head.agreed != plan_->agreed || source.head.bad.kind != BadChoice::Kind::none) return {};
  return understand(source, from, *plan_->site, plan_->window, plan_->own_slots);
}

bool Meeting::work(std::vector<Item>& /*freed*/) {
  const Stage before = stage_;
  if (stage_ == Stage::hearing && heads_missing_ == 0 && bodies_missing_ == 0) {
    outcome_ = judge();
    stage_ = Stage::judging;
  }
  if (stage_ == Stage::judging && verdicts_missing_ == 0) {
    if (outcome_) conclude();
    stage_ = Stage::done;
  }
  return stage_ != before;
}

// Every rank finds the same first culprit, but for settings that differ: there each finds one that differs from its
// own.
Status Meeting::check_heads() const {
  const auto& own = plan_->sources[self()].head;
  for (std::size_t rank = 0; rank < plan_->sources.size(); ++rank) {
    const Head& head = plan_->sources[rank].head;
    const auto differ = [&](const char* what) {
      return Error{Code::invalid_usage, fmt::format("ranks {} and {} {}", self(), rank, what),
                   to_rank(static_cast<std::int64_t>(rank))};
    };
    if (head.agreed.group != own.agreed.group) return differ("made the group with different settings");
    if (head.agreed.placement != own.agreed.placement) return differ("have placed the experts differently");
    if (head.agreed.layout != own.agreed.layout) return differ("ask for different layouts, alignments or capacities");
  }
  for (std::size_t rank = 0; rank < plan_->sources.size(); ++rank) {
    const Head& head = plan_->sources[rank].head;
    if (head.bad.kind == BadChoice::Kind::none) continue;
    return Error{Code::invalid_argument,
                 fmt::format("rank {}, {}", rank, moe::describe(head.bad, options_.choices, options_.limits.topk)),
                 to_rank(static_cast<std::int64_t>(rank))};
  }
  return {};
}

Status Meeting::judge() {
  TUTTI_TRY(check_heads());
  for (const Source& source : plan_->sources) {
    plan_->windows = std::max(plan_->windows, (source.head.tokens + plan_->window - 1) / plan_->window);
    plan_->chunks.insert(plan_->chunks.end(), source.chunks.begin(), source.chunks.end());
  }
  plan_->round_windows = std::max(1U, plan_->windows);
  if (gives_verdict_)
    verdicts_[self()].windows =
        windows_that_fit(plan_->sources, plan_->shape, plan_->own_slots, plan_->window, plan_->windows);
  return {};
}

void Meeting::conclude() {
  for (std::size_t rank = 0; gives_verdict_ && rank < verdicts_.size(); ++rank) {
    const std::uint64_t fit = verdicts_[rank].windows;
    if (fit >= plan_->round_windows) continue;
    if (plan_->overflow == Overflow::error || fit == 0) {
      outcome_ = Error{Code::invalid_argument,
                       fmt::format("rank {} has no room for all the rows that come to it: raise maxRecvRows or the "
                                   "capacity, or choose an overflow policy that drops rows or cuts them in rounds",
                                   rank),
                       to_rank(static_cast<std::int64_t>(rank))};
      return;
    }
    plan_->round_windows = static_cast<std::uint32_t>(fit);
  }
  const std::uint32_t rounds = std::max(1U, (plan_->windows + plan_->round_windows - 1) / plan_->round_windows);
  plan_->rounds.resize(rounds);
  for (std::uint32_t round = 0; round < rounds; ++round) {
    arrange(plan_->sources, plan_->shape, plan_->own_slots, plan_->window, plan_->first_window(round),
            plan_->last_window(round), plan_->rounds[round]);
  }
  plan_->complete = true;
}

}  // namespace tutti::moe
