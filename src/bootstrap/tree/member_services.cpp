// What a rank passes on between its parent and its children, and what of it is its own.
#include <fmt/format.h>

#include "bootstrap/tree/member.hpp"

namespace tutti::bootstrap {
namespace {

constexpr Duration kJoinDelay = std::chrono::milliseconds(2);

}  // namespace

void Member::up(const Message& message) {
  if (parent_) send(parent_->link, message);
}

void Member::from_above(Message& message, TimePoint now) {
  if (auto* ready = std::get_if<Ready>(&message)) return layout_came(*ready);
  if (auto* gathered = std::get_if<Gathered>(&message)) return contributions_came(*gathered);
  if (const auto* failed = std::get_if<Failed>(&message)) return raise(failed->error, parent_->link);
  if (is_mine(message)) return;
  const auto* ask = std::get_if<Ask>(&message);
  const auto* card = std::get_if<Card>(&message);
  if (ask != nullptr || card != nullptr) {
    // Never up again: a rank that has moved away is asked once more by who wants it.
    Child* child = family_.leading_to(ask != nullptr ? ask->owner : card->asker);
    if (child != nullptr) send(child->link, message);
    return;
  }
  if (std::holds_alternative<HandOver>(message)) return parent_wants_to_leave(now);
  if (std::holds_alternative<RootGone>(message)) {
    root_gone_ = true;
    to_children(encode(RootGone{}));
    if (!complete_) raise({Code::peer_lost, "the root of the meeting ended before all ranks had come"});
    return;
  }
  log_.warn("bootstrap", "dropped the parent: it sent a message that does not belong there");
  act(Close{parent_->link});
}

// --- meeting

void Member::joined(Join join, TimePoint now) {
  if (complete_ || failure_) return;
  if (const auto until = now + std::chrono::milliseconds(join.left_ms); until < waiting_until_) {
    waiting_until_ = until;
    waiting_joins_.patience_ms = join.patience_ms;
  }
  auto& waiting = waiting_joins_.arrivals;
  waiting.insert(waiting.end(), join.arrivals.begin(), join.arrivals.end());
  if (join.host >= 0) {
    waiting_joins_.host = join.host;
    waiting_joins_.host_node = join.host_node;
  }
  alarms_.set_earlier(Alarm::flush_joins, now + kJoinDelay);
}

void Member::flush_joins(TimePoint now) {
  if (!parent_ || waiting_joins_.arrivals.empty()) return;
  Join all = waiting_joins_;
  waiting_joins_.arrivals.clear();
  all.left_ms = milliseconds_of(Deadline{waiting_until_}.left(now));
  // Neighbours on the same node melt into one run.
  std::sort(all.arrivals.begin(), all.arrivals.end(),
            [](const Arrival& a, const Arrival& b) { return a.ranks.first < b.ranks.first; });
  std::vector<Arrival> merged;
  for (const auto& arrival : all.arrivals) {
    if (!merged.empty() && merged.back().node == arrival.node &&
        merged.back().ranks.first + merged.back().ranks.count == arrival.ranks.first) {
      merged.back().ranks.count += arrival.ranks.count;
    } else {
      merged.push_back(arrival);
    }
  }
  for (std::size_t begin = 0; begin < merged.size(); begin += kMaxRunsPerFrame) {
    const auto end = std::min(begin + kMaxRunsPerFrame, merged.size());
    all.arrivals.assign(merged.begin() + static_cast<std::ptrdiff_t>(begin),
                        merged.begin() + static_cast<std::ptrdiff_t>(end));
    up(all);
  }
}

void Member::layout_came(Ready& ready) {
  to_children(encode(ready));
  layout_.insert(layout_.end(), ready.runs.begin(), ready.runs.end());
  machines_.insert(machines_.end(), ready.machines.begin(), ready.machines.end());
  if (!ready.last || complete_) return;
  auto layout = unpack(std::exchange(layout_, {}));
  auto machines = unpack(std::exchange(machines_, {}));
  if (!layout || layout->ranks() != mine_.world_size || !machines || machines->ranks() != mine_.world_size) {
    return raise({Code::internal, "the root sent a layout that is none"});
  }
  complete_ = true;
  host_ = ready.host;
  host_node_ = ready.host_node;
  alarms_.cancel(Alarm::deadline);
  act(MeetingComplete{*std::move(layout), *std::move(machines)});
}

void Member::left(const std::vector<RankRun>& ranks, TimePoint /*now*/) {
  if (parent_) return up(Left{ranks});
  unsent_left_.insert(unsent_left_.end(), ranks.begin(), ranks.end());
}

// Whoever leaves does not report moves: those above may have heard of a newer place already, from there.
void Member::moved(const std::vector<RankRun>& ranks) {
  if (!closing_) up(Moved{ranks});
}

void Member::strayed(const std::vector<RankRun>& ranks) {
  if (!closing_) up(Strayed{ranks});
}

// --- cards

bool Member::is_mine(const Message& message) {
  if (const auto* ask = std::get_if<Ask>(&message); ask != nullptr && ask->owner == mine_.rank) {
    card_wanted(*ask);
    return true;
  }
  if (const auto* card = std::get_if<Card>(&message); card != nullptr && card->asker == mine_.rank) {
    card_came(*card);
    return true;
  }
  return false;
}

void Member::leads_up(std::int32_t rank, const Message& message) {
  if (is_mine(message)) return;
  if (parent_) {
    up(message);
  } else {
    no_way_up(fmt::format("rank {} cannot be reached", rank));
  }
}

// While this rank moves, what does not get up is asked for again; without a root it never will.
void Member::no_way_up(const std::string& what) {
  if (parent_ || !root_gone_ || closing_) return;
  const auto where = host_ >= 0 ? fmt::format(", in the process of rank {},", host_) : "";
  raise({Code::peer_lost, fmt::format("{}: the root of the meeting{} ended before all ranks had left", what, where)});
}

void Member::card_wanted(const Ask& ask) {
  if (!card_) {
    askers_.insert(ask.asker);
    return;
  }
  route(ask.asker, Card{mine_.rank, ask.asker, node_name_, *card_});
}

void Member::card_came(const Card& card) {
  if (wanted_.erase(card.owner) == 0) return;
  if (wanted_.empty()) alarms_.cancel(Alarm::ask_again);
  act(CardArrived{card.owner, card.node_name, card.bytes});
}

// --- all-gather

void Member::flush_gathers(bool all, TimePoint now) {
  if (!parent_ && !setup_.root.empty()) {
    if (!gathers_.empty()) no_way_up("an all-gather cannot end");
    return;  // they wait for a parent
  }
  for (auto& gather : gathers_.take(1 + family_.ranks_below(), all, now)) {
    if (setup_.root.empty()) {  // alone
      act(GatherDone{gather.sequence, Contributions(std::move(gather.blobs.front().bytes))});
    } else {
      up(gather);
    }
  }
}

void Member::contributions_came(Gathered& gathered) {
  to_children(encode(gathered));
  if (!gathered_.add(std::move(gathered), mine_.world_size)) {
    return raise({Code::internal, "the root sent an all-gather out of order"});
  }
  if (!gathered_.done(mine_.world_size)) return;
  auto [sequence, blobs] = gathered_.take();
  Contributions contributions(std::move(blobs), mine_.world_size);
  if (!contributions.covers_all()) return raise({Code::internal, "the root told a contribution twice"});
  act(GatherDone{sequence, std::move(contributions)});
}

}  // namespace tutti::bootstrap
