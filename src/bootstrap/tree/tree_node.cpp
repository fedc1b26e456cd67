#include "bootstrap/tree/tree_node.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tutti::bootstrap {

std::string name_of(std::int32_t rank, const std::string& node_name) {
  return node_name.empty() ? fmt::format("rank {}", rank) : fmt::format("rank {} (node {})", rank, node_name);
}

std::uint32_t milliseconds_of(Duration duration) {
  const auto count = std::chrono::ceil<std::chrono::milliseconds>(duration).count();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(count, 0, UINT32_MAX));
}

std::string in_seconds(Duration duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  return seconds < 10 ? fmt::format("{:.2g} s", seconds) : fmt::format("{:.0f} s", seconds);
}

void TreeNode::raise(const Error& error, LinkId from) {
  if (failure_) return;
  failure_ = error;
  spread(encode(Failed{error}), from);
  act(MeetingFailed{error});
}

void TreeNode::to_children(const Frame& frame, LinkId except) {
  for (const auto& child : family_.children()) {
    if (child.link != except) act(Send{child.link, frame});
  }
}

void TreeNode::route(std::int32_t rank, const Message& message) {
  if (Child* child = family_.leading_to(rank)) {
    send(child->link, message);
  } else {
    leads_up(rank, message);
  }
}

void TreeNode::refuse(LinkId link, const Error& error) {
  newcomers_.erase(link);
  send(link, Refused{error});
  act(Close{link});
}

// --- newcomers

void TreeNode::newcomer_opened(LinkId link, const Greeting& peer) {
  newcomers_[link] = peer;
  if (peer.version == mine_.version) return;
  // It knows the key, so it belongs to the job; but its next bytes may mean anything.
  const Error error{
      Code::transport,
      fmt::format("rank {} speaks version {} of the meeting's protocol, others version {}: all ranks must "
                  "run the same version of tutti",
                  peer.rank, peer.version, mine_.version),
      to_rank(peer.rank)};
  refuse(link, error);
  if (!complete_) raise(error);
}

std::optional<Error> TreeNode::objection(const Greeting& peer) {
  const auto invalid = [&](std::string text) {
    return Error{Code::invalid_argument, std::move(text), to_rank(peer.rank)};
  };
  if (peer.world_size < 1 || peer.world_size > kMostRanks || peer.rank < 0 || peer.rank >= peer.world_size) {
    return invalid(fmt::format("rank {} is out of range: the world size is {}, and ranks count from 0", peer.rank,
                               peer.world_size));
  }
  if (mine_.world_size == 0) {
    mine_.world_size = peer.world_size;
    first_rank_ = peer.rank;
  }
  if (peer.world_size != mine_.world_size) {
    return invalid(fmt::format("the world size differs: rank {} was started with {}, rank {} with {}", peer.rank,
                               peer.world_size, mine_.role == Role::root ? first_rank_ : mine_.rank, mine_.world_size));
  }
  return std::nullopt;
}

void TreeNode::attach(LinkId link, const Greeting& peer, const Attach& attach) {
  if (failure_) return refuse(link, *failure_);
  if (const auto error = objection(peer)) {
    refuse(link, *error);
    if (!complete_) raise(*error);
    return;
  }
  if (attach.moved != complete_) {
    // A late process must not end a job that runs well: it alone hears of it.
    if (complete_) log_.warn("bootstrap", "refused a second process that claims rank {}", peer.rank);
    return refuse(link, {complete_ ? Code::invalid_argument : Code::in_progress,
                         fmt::format("rank {} is here already: all {} ranks have met, and this process came later",
                                     peer.rank, mine_.world_size),
                         to_rank(peer.rank)});
  }
  if (!attach.moved && is_here(peer.rank)) {
    const Error error{Code::invalid_argument,
                      fmt::format("two processes claim rank {} (one on node {})", peer.rank, attach.node_name),
                      to_rank(peer.rank)};
    refuse(link, error);
    return raise(error);
  }
  if (closing_ || !takes_in(attach.local))
    return refuse(link, {Code::in_progress, "this rank is moving itself: try again"});
  take_in(link, peer, attach);
}

void TreeNode::take_in(LinkId link, const Greeting& peer, const Attach& attach) {
  newcomers_.erase(link);
  if (!family_.has_seat(attach.local)) {
    Child* host = family_.next_host(attach.local, peer.rank);
    if (host == nullptr) return refuse(link, {Code::in_progress, "no seat is free: try again"});
    ++host->passed_on;
    send(link, PassOn{host->door});
    act(Close{link});
    return;
  }
  Child& child = family_.seat({link, peer.rank, attach.local, false, attach.node_name, attach.door, 0, {}});
  family_.claim(child, {peer.rank, 1});
  send(link, Seated{node_name_});
  if (root_gone_) send(link, RootGone{});
  log_.debug("bootstrap", "took in {} {}", name_of(peer.rank, attach.node_name),
             attach.local ? "locally" : "from afar");
}

// --- children

bool TreeNode::from_below(LinkId link, Message& message, TimePoint now) {
  if (const auto newcomer = newcomers_.find(link); newcomer != newcomers_.end()) {
    const Greeting peer = newcomer->second;
    if (const auto* wish = std::get_if<Attach>(&message)) {
      attach(link, peer, *wish);
    } else {
      malformed(link);
    }
    return true;
  }
  Child* child = family_.find(link);
  if (child == nullptr) return false;
  child_sent(*child, message, now);
  return true;
}

void TreeNode::child_sent(Child& child, Message& message, TimePoint now) {
  const LinkId link = child.link;
  if (auto* join = std::get_if<Join>(&message)) return child_joined(child, std::move(*join), now);
  if (const auto* leaving = std::get_if<Left>(&message)) return child_left(child, leaving->ranks, now);
  if (const auto* move = std::get_if<Moved>(&message)) {
    for (const auto& run : move->ranks) family_.claim(child, run);
    return moved(move->ranks);
  }
  if (const auto* stray = std::get_if<Strayed>(&message)) return child_lost(child, stray->ranks);
  if (auto* gather = std::get_if<Gather>(&message)) return contributed(std::move(*gather), now);
  if (const auto* ask = std::get_if<Ask>(&message)) return route(ask->owner, message);
  if (const auto* card = std::get_if<Card>(&message)) return route(card->asker, message);
  if (const auto* failed = std::get_if<Failed>(&message)) return raise(failed->error, link);
  malformed(link);
}

void TreeNode::child_joined(Child& child, Join join, TimePoint now) {
  for (const auto& arrival : join.arrivals) {
    if (const auto error = claim(child, arrival.ranks)) return raise(*error);
  }
  joined(std::move(join), now);
}

std::optional<Error> TreeNode::claim(Child& child, RankRun ranks) {
  if (std::int64_t{ranks.first} + ranks.count > mine_.world_size) {
    return Error{Code::internal,
                 fmt::format("rank {} brought ranks beyond the world size {}", child.rank, mine_.world_size)};
  }
  auto twice = family_.first_elsewhere(child, ranks);
  if (twice < 0 && mine_.rank >= ranks.first && mine_.rank < ranks.first + ranks.count) twice = mine_.rank;
  if (twice >= 0) {
    return Error{Code::invalid_argument, fmt::format("two processes claim rank {}", twice), to_rank(twice)};
  }
  child.ranks.add(ranks);
  return std::nullopt;
}

void TreeNode::child_left(Child& child, const std::vector<RankRun>& ranks, TimePoint now) {
  for (const auto& run : ranks) {
    if (child.rank >= run.first && child.rank < run.first + run.count) child.left = true;
  }
  left(ranks, now);
}

// Places above need to know only of ranks that did not turn up elsewhere below this one.
void TreeNode::child_lost(Child& child, const std::vector<RankRun>& ranks) {
  RankSet gone;
  for (const auto& run : ranks) {
    child.ranks.remove(run);
    gone.add(run);
  }
  gone = family_.not_below(gone);
  if (!gone.empty()) strayed(gone.runs());
}

void TreeNode::malformed(LinkId link) {
  log_.warn("bootstrap", "dropped a connection: it sent a message that does not belong there");
  act(Close{link});
}

bool TreeNode::closed_below(LinkId link, const std::string& why, TimePoint now) {
  if (newcomers_.erase(link) > 0) return true;
  Child* child = family_.find(link);
  if (child == nullptr) return false;
  const bool lost = !child->left;
  const auto who = name_of(child->rank, child->node_name);
  const auto culprit = to_rank(child->rank);
  RankSet below = child->ranks;
  below.remove({child->rank, 1});
  family_.remove(link);
  if (lost && !closing_) {
    auto text = fmt::format("{} is lost: its connection ended without a goodbye ({})", who, why);
    if (!below.empty())
      text += fmt::format("; with it {} out of reach", describe(below) + (below.size() == 1 ? " is" : " are"));
    raise({Code::peer_lost, std::move(text), culprit});
  }
  if (const auto gone = family_.not_below(std::move(below)); !gone.empty()) strayed(gone.runs());
  child_gone(now);
  return true;
}

}  // namespace tutti::bootstrap
