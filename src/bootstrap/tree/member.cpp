#include "bootstrap/tree/member.hpp"

#include <fmt/format.h>

namespace tutti::bootstrap {
namespace {

// Arrivals and contributions that come close together go up together.
constexpr Duration kGatherDelay = std::chrono::milliseconds(20);

}  // namespace

Member::Member(MemberSetup setup)
    : TreeNode({.rank = index(setup.rank), .world_size = setup.world_size}, setup.node_name, setup.log),
      setup_(std::move(setup)) {}

void Member::start(TimePoint now) {
  started_ = now;
  if (setup_.root.empty()) {  // alone: no network at all
    root_gone_ = true;
    complete_ = true;
    act(MeetingComplete{topology::Layout::regular(1, 1), topology::Layout::regular(1, 1)});
    return;
  }
  waiting_joins_.arrivals.push_back({{mine_.rank, 1}, setup_.node, setup_.machine});
  if (setup_.hosts_root) {
    waiting_joins_.host = mine_.rank;
    waiting_joins_.host_node = node_name_;
  }
  waiting_until_ = setup_.deadline.at;
  waiting_joins_.patience_ms = milliseconds_of(setup_.deadline.left(now));
  // The root speaks first (it knows who is missing), then a hub that found no root, then whoever still waits.
  const Duration patience = setup_.deadline.left(now);
  const Duration head_start = std::min<Duration>(patience / 40, std::chrono::milliseconds(100));
  alarms_.set(Alarm::deadline, setup_.deadline.at - head_start);
  seek();
}

void Member::opened(LinkId link, const Greeting& peer, TimePoint /*now*/) {
  if (link == attempt_) {
    attempt_opened(peer);
  } else {
    newcomer_opened(link, peer);
  }
}

void Member::received(LinkId link, std::span<const std::byte> body, TimePoint now) {
  auto message = decode(body);
  if (!message) {
    log_.warn("bootstrap", "dropped a connection: it sent a malformed message");
    act(Close{link});
    return;
  }
  if (link == attempt_) {
    if (!attempt_received(*message, now)) act(Close{link});
  } else if (parent_ && link == parent_->link) {
    from_above(*message, now);
  } else {
    from_below(link, *message, now);
  }
}

void Member::closed(LinkId link, Ending ending, const std::string& why, TimePoint now) {
  if (link == attempt_) {
    attempt_closed(ending, why, now);
  } else if (parent_ && link == parent_->link) {
    parent_closed(why);
  } else if (link == farewell_) {
    farewell_ = kNoLink;
  } else {
    closed_below(link, why, now);
  }
  if (finishing_) finish_if_alone();
}

void Member::tick(TimePoint now) {
  if (alarms_.rings(Alarm::deadline, now)) deadline_passed(now);
  if (alarms_.rings(Alarm::retry, now)) seek();
  if (alarms_.rings(Alarm::flush_joins, now)) flush_joins(now);
  if (alarms_.rings(Alarm::flush_gathers, now)) flush_gathers(true, now);
  if (alarms_.rings(Alarm::seek_limit, now)) {
    raise({Code::peer_lost, fmt::format("rank {} found no way back to the root after its parent had left: {}",
                                        mine_.rank, last_trouble_)});
  }
  if (alarms_.rings(Alarm::ask_again, now)) {
    // Requests may be lost while ranks move to other parents. Owners answer each.
    for (const auto owner : wanted_) route(owner, Ask{owner, mine_.rank});
    ask_again_after_ = std::min<Duration>(ask_again_after_ * 2, std::chrono::seconds(8));
    if (!wanted_.empty()) alarms_.set(Alarm::ask_again, now + ask_again_after_);
  }
  if (alarms_.rings(Alarm::closing, now)) {
    if (finishing_) {
      parent_.reset();
      act(Finished{});
    } else {
      finish(now);
    }
  }
}

void Member::publish(std::vector<std::byte> card) {
  card_ = std::move(card);
  for (const auto asker : std::exchange(askers_, {})) card_wanted({mine_.rank, asker});
}

void Member::ask(std::int32_t owner, TimePoint now) {
  if (!wanted_.insert(owner).second) return;
  ask_again_after_ = std::chrono::seconds(1);
  alarms_.set_earlier(Alarm::ask_again, now + ask_again_after_);
  route(owner, Ask{owner, mine_.rank});
}

void Member::gather(std::uint32_t sequence, std::vector<std::byte> mine, Deadline deadline, TimePoint now) {
  Gather gather{sequence, 0, {}};
  gather.left_ms = milliseconds_of(deadline.left(now));
  gather.blobs.push_back({{{mine_.rank, 1, 0, 1}}, std::move(mine)});
  contributed(std::move(gather), now);
}

void Member::contributed(Gather gather, TimePoint now) {
  const auto ranks = ranks_in(gather.blobs, mine_.world_size);
  if (!ranks) return raise({Code::internal, "a rank brought contributions of ranks beyond the world size"});
  gathers_.add(std::move(gather), *ranks, now);
  flush_gathers(false, now);
  if (!gathers_.empty()) alarms_.set_earlier(Alarm::flush_gathers, now + kGatherDelay);
}

void Member::leave(TimePoint now) {
  if (std::exchange(has_left_, true)) return;
  left({{mine_.rank, 1}}, now);
  if (may_be_seated()) send(attempt_, Left{{{mine_.rank, 1}}});
}

void Member::close(TimePoint now) {
  if (std::exchange(closing_, true)) return;
  if (nobody_above_knows()) return tell_above(now);
  const bool orderly = complete_ && !failure_;
  if (orderly) leave(now);
  give_up_attempt();
  alarms_ = {};
  act(CloseDoors{});
  if (!orderly || family_.empty()) return finish(now);
  to_children(encode(HandOver{}));
  alarms_.set(Alarm::closing, now + kHandOver);
}

// A hub that failed before it had reached the root: those who come later would wait for ranks that have gone.
bool Member::nobody_above_knows() const {
  const bool on_its_way = is_hub_ && !complete_ && !parent_ && !may_be_seated() && !root_gone_ && !refused_;
  return on_its_way && failure_ && failure_->code != Code::timeout;
}

void Member::tell_above(TimePoint now) {
  telling_ = true;
  alarms_ = {};
  act(CloseDoors{});
  if (attempt_ == kNoLink) dial(setup_.root);
  alarms_.set(Alarm::closing, now + kHandOver);
}

void Member::child_gone(TimePoint now) {
  if (closing_ && !finishing_ && !telling_ && family_.empty()) finish(now);
}

void Member::finish(TimePoint now) {
  finishing_ = true;
  if (std::exchange(telling_, false)) give_up_attempt();
  for (const auto& child : family_.children()) act(Close{child.link});
  if (parent_) act(Close{parent_->link});
  alarms_.set(Alarm::closing, now + kDrain);
  finish_if_alone();
}

void Member::finish_if_alone() {
  if (parent_ || !family_.empty() || farewell_ != kNoLink) return;
  if (!alarms_.is_set(Alarm::closing)) return;  // was said already
  alarms_.cancel(Alarm::closing);
  act(Finished{});
}

void Member::spread(const Frame& failed, LinkId except) {
  to_children(failed, except);
  if (parent_ && parent_->link != except) act(Send{parent_->link, failed});
  if (may_be_seated()) act(Send{attempt_, failed});
}

bool Member::is_here(std::int32_t rank) {
  return rank == mine_.rank || family_.leading_to(rank) != nullptr;
}

// A place that moves takes nobody in from afar, so that no two ranks can hang below each other and off the tree; local
// ranks hang below their hub only, which goes to the network for its own parent.
bool Member::takes_in(bool local) const {
  return local ? !parent_leaves_ || is_hub_ : (parent_.has_value() && !parent_leaves_);
}

}  // namespace tutti::bootstrap
