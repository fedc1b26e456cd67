// How a rank finds a parent: the hub of its node, or, as the hub, the root or whom the root names.
#include <fmt/format.h>

#include "bootstrap/tree/member.hpp"

namespace tutti::bootstrap {
namespace {

constexpr Duration kSeekLimit = std::chrono::seconds(5);
constexpr int kMostWrongKeys = 3;

// Doubles up to a limit; ranks differ, so that thousands do not come back in the same instant.
Duration pause_before(int attempt, bool local, std::int32_t rank) {
  const Duration first = std::chrono::milliseconds(local ? 2 : 10);
  const Duration most = std::chrono::milliseconds(local ? 50 : 500);
  const Duration pause = std::min<Duration>(first * (1 << std::min(attempt, 10)), most);
  return pause + pause * (rank % 16) / 16;
}

}  // namespace

void Member::seek() {
  if (attempt_ != kNoLink || closing_ || failure_) return;
  if (!is_hub_) {
    act(ClaimHub{});
  } else if (!root_gone_) {
    dial(setup_.root);
  } else {
    become_top();
  }
}

// The root has gone: this hub is the top of what is left.
void Member::become_top() {
  alarms_.cancel(Alarm::seek_limit);
  parent_leaves_ = false;
  if (const auto old = std::exchange(parent_, std::nullopt)) act(Close{old->link});
}

void Member::hub_claimed(std::optional<std::vector<NetAddress>> doors, TimePoint /*now*/) {
  if (closing_) return;
  if (!doors) return dial({{}, setup_.hub_name});
  is_hub_ = true;
  network_doors_ = *std::move(doors);
  log_.debug("bootstrap", "is the hub of node {}", node_name_);
  seek();
}

void Member::dial(Where where) {
  attempt_ = next_link_;
  next_link_ += 2;
  attempted_ = where;
  act(Connect{attempt_, std::move(where)});
}

void Member::try_again(TimePoint now) {
  alarms_.set(Alarm::retry, now + pause_before(tries_++, !is_hub_, mine_.rank));
}

void Member::attempt_opened(const Greeting& peer) {
  attempt_peer_ = peer;
  wrong_keys_ = 0;
  const Where door = is_hub_ ? Where{network_doors_, {}} : Where{{}, setup_.own_door};
  send(attempt_, Attach{!is_hub_, complete_, node_name_, door});
  asked_ = attempt_;
  // From here on the other end may have this rank as a child, long before the answer is here: it hears all that a
  // parent hears of this rank itself. Who gives no seat drops what follows the question.
  if (failure_) send(attempt_, Failed{*failure_});
  if (has_left_) send(attempt_, Left{{{mine_.rank, 1}}});
}

void Member::give_up_attempt() {
  if (may_be_seated()) farewell_ = attempt_;
  if (attempt_ != kNoLink) act(Close{std::exchange(attempt_, kNoLink)});
}

// False: it sent what no parent would send.
bool Member::attempt_received(Message& message, TimePoint now) {
  if (const auto* yes = std::get_if<Seated>(&message)) {
    seated(*yes, now);
    if (telling_) finish(now);
    return true;
  }
  if (const auto* elsewhere = std::get_if<PassOn>(&message)) {
    act(Close{std::exchange(attempt_, kNoLink)});
    dial(elsewhere->door);
    return true;
  }
  const auto* no = std::get_if<Refused>(&message);
  if (no == nullptr) return false;
  act(Close{std::exchange(attempt_, kNoLink)});
  last_trouble_ = no->error.text;
  if (telling_) {
    finish(now);
  } else if (no->error.code == Code::in_progress) {
    try_again(now);
  } else {
    refused_ = true;
    raise(no->error);
  }
  return true;
}

void Member::attempt_closed(Ending ending, const std::string& why, TimePoint now) {
  attempt_ = kNoLink;
  last_trouble_ = why;
  if (telling_) return finish(now);
  if (closing_) return;
  if (ending == Ending::other_version) return raise({Code::transport, why});
  if (ending == Ending::wrong_key && ++wrong_keys_ == kMostWrongKeys) {
    return raise({Code::transport, fmt::format("{}: it belongs to another job, or the keys differ", why)});
  }
  try_again(now);
}

void Member::seated(const Seated& seated, TimePoint now) {
  const auto old =
      std::exchange(parent_, Parent{std::exchange(attempt_, kNoLink), attempt_peer_.rank, seated.node_name});
  tries_ = 0;
  parent_leaves_ = false;
  alarms_.cancel(Alarm::seek_limit);
  if (attempt_peer_.role == Role::root) {
    log_.info("bootstrap", "hub of node {}, reached the root of {}", node_name_, setup_.root_name);
  }
  if (!complete_) return flush_joins(now);
  up(Moved{my_ranks().runs()});
  if (const auto left = std::exchange(unsent_left_, {}); !left.empty()) up(Left{left});
  flush_gathers(true, now);
  for (const auto owner : wanted_) route(owner, Ask{owner, mine_.rank});
  if (old) act(Close{old->link});
}

RankSet Member::my_ranks() const {
  RankSet ranks = family_.all_ranks();
  ranks.add({mine_.rank, 1});
  return ranks;
}

void Member::parent_wants_to_leave(TimePoint now) {
  parent_leaves_ = true;
  if (closing_) return;
  alarms_.set(Alarm::seek_limit, now + kSeekLimit);
  seek();
}

void Member::parent_closed(const std::string& why) {
  const Parent lost = *std::exchange(parent_, std::nullopt);
  if (closing_ || failure_ || parent_leaves_) return;
  if (lost.rank == kRootRank && root_gone_ && complete_) return;  // this hub is a top now
  if (lost.rank != kRootRank) {
    return raise(
        {Code::peer_lost,
         fmt::format("{} is lost: its connection to rank {}, which hangs below it, ended without a goodbye ({})",
                     name_of(lost.rank, lost.node_name), mine_.rank, why),
         to_rank(lost.rank)});
  }
  if (host_ >= 0) {
    return raise({Code::peer_lost,
                  fmt::format("{} is lost: the root of the meeting, in its process, ended ({})",
                              name_of(host_, host_node_), why),
                  to_rank(host_)});
  }
  raise({Code::peer_lost, fmt::format("the root of the meeting at {} ended ({})", setup_.root_name, why)});
}

// Rings a moment before the deadline, when those above should have said more, and once more at the deadline.
void Member::deadline_passed(TimePoint now) {
  if (complete_ || failure_) return;
  const auto within = in_seconds(setup_.deadline.at - started_);
  if (parent_) {
    if (!setup_.deadline.passed(now)) return alarms_.set(Alarm::deadline, setup_.deadline.at);
    return raise({Code::timeout, fmt::format("not all {} ranks have come within {}", mine_.world_size, within)});
  }
  raise({Code::timeout, fmt::format("rank {} could not reach {} within {}: {}", mine_.rank,
                                    is_hub_ ? "the root of the meeting at " + setup_.root_name : "the hub of its node",
                                    within, last_trouble_.empty() ? "no answer" : last_trouble_)});
}

}  // namespace tutti::bootstrap
