#include "bootstrap/tree/meeting_root.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bootstrap/tree/gather.hpp"

namespace tutti::bootstrap {
namespace {

constexpr Duration kDrain = std::chrono::milliseconds(200);
constexpr Duration kStrayTime = std::chrono::seconds(6);  // a rank looks for a new parent for 5 s

// The root gives up a little before the ranks do, so that they hear who is missing.
TimePoint before(TimePoint deadline, TimePoint now) {
  return deadline - std::min<Duration>((deadline - now) / 10, std::chrono::milliseconds(300));
}

// `where` is the number of what each rank is on.
topology::Layout layout_of(const std::vector<Arrival>& arrivals, std::uint64_t Arrival::*where) {
  std::map<std::uint64_t, std::int32_t> numbers;
  std::vector<topology::NodeRun> runs;
  for (const auto& arrival : arrivals) {
    const auto fresh = static_cast<std::int32_t>(numbers.size());
    const auto number = numbers.try_emplace(arrival.*where, fresh).first->second;
    if (!runs.empty() && runs.back().node == number) {
      runs.back().count += arrival.ranks.count;
    } else {
      runs.push_back({arrival.ranks.first, arrival.ranks.count, number});
    }
  }
  return topology::Layout::from_runs(std::move(runs));
}

}  // namespace

MeetingRoot::MeetingRoot(std::string node_name, Duration patience, Log log)
    : TreeNode({.role = Role::root}, std::move(node_name), std::move(log)), patience_(patience) {}

void MeetingRoot::start(TimePoint now) {
  alarms_.set(Alarm::deadline, now + patience_);
}

void MeetingRoot::opened(LinkId link, const Greeting& peer, TimePoint /*now*/) {
  newcomer_opened(link, peer);
}

void MeetingRoot::received(LinkId link, std::span<const std::byte> body, TimePoint now) {
  auto message = decode(body);
  if (message) {
    from_below(link, *message, now);
  } else {
    log_.warn("bootstrap", "dropped a connection: it sent a malformed message");
    act(Close{link});
  }
}

void MeetingRoot::closed(LinkId link, Ending /*ending*/, const std::string& why, TimePoint now) {
  closed_below(link, why, now);
}

void MeetingRoot::tick(TimePoint now) {
  if (alarms_.rings(Alarm::deadline, now)) nobody_came_in_time(now);
  if (alarms_.rings(Alarm::gather, now) && round_) {
    const auto missing = round_->there.missing_of(mine_.world_size);
    raise({Code::timeout,
           fmt::format("all-gather {} of the meeting: {} did not contribute within {}; {} of {} did", round_->sequence,
                       describe(missing), in_seconds(round_->patience), round_->there.size(), mine_.world_size),
           to_rank(missing.runs().front().first)});
  }
  if (alarms_.rings(Alarm::closing, now)) finish();
}

bool MeetingRoot::is_here(std::int32_t rank) {
  return came_.contains(rank) || family_.leading_to(rank) != nullptr;
}

// --- meeting

void MeetingRoot::joined(Join join, TimePoint now) {
  if (failure_) return;
  for (const auto& arrival : join.arrivals) {
    const auto twice = complete_ ? arrival.ranks.first : came_.first_common(arrival.ranks);
    if (twice >= 0) {
      return raise({Code::invalid_argument, fmt::format("two processes claim rank {}", twice), to_rank(twice)});
    }
    came_.add(arrival.ranks);
    arrivals_.push_back(arrival);
  }
  if (join.host >= 0) {
    host_ = join.host;
    host_node_ = join.host_node;
  }
  const Duration patience = std::chrono::milliseconds(join.left_ms);
  if (shortest_patience_ == Duration::zero() || now + patience < first_deadline_) {
    first_deadline_ = now + patience;
    shortest_patience_ = std::chrono::milliseconds(join.patience_ms);
    alarms_.set(Alarm::deadline, before(first_deadline_, now));
  }
  if (came_.size() == mine_.world_size) complete();
}

void MeetingRoot::nobody_came_in_time(TimePoint now) {
  if (complete_) return;
  if (failure_) return finish();
  if (came_.empty()) {
    if (!family_.empty()) return;  // they will say how long they wait
    log_.info("bootstrap", "the root ends: nobody came within {}", in_seconds(patience_));
    return finish();
  }
  alarms_.set(Alarm::deadline, now + patience_);  // those who come later still are to hear why
  const auto missing = came_.missing_of(mine_.world_size);
  raise({Code::timeout, fmt::format("{} {} not come within {}; {} of {} are here", describe(missing),
                                    missing.size() == 1 ? "has" : "have", in_seconds(shortest_patience_), came_.size(),
                                    mine_.world_size)});
}

void MeetingRoot::complete() {
  complete_ = true;
  alarms_.cancel(Alarm::deadline);
  std::sort(arrivals_.begin(), arrivals_.end(),
            [](const Arrival& a, const Arrival& b) { return a.ranks.first < b.ranks.first; });
  const auto nodes = layout_of(arrivals_, &Arrival::node);
  const auto machines = layout_of(arrivals_, &Arrival::machine);
  arrivals_ = {};
  log_.info("bootstrap", "all {} ranks have met, nodes {}", mine_.world_size, nodes.nodes());
  send_layout(nodes, machines);
}

void MeetingRoot::send_layout(const topology::Layout& layout, const topology::Layout& machines) {
  const auto packed = pack(layout);
  const auto packed_machines = pack(machines);
  const auto piece_of = [](const std::vector<RepeatedRun>& all, std::size_t begin) {
    const auto from = all.begin() + static_cast<std::ptrdiff_t>(std::min(begin, all.size()));
    const auto to = all.begin() + static_cast<std::ptrdiff_t>(std::min(begin + kMaxRunsPerFrame, all.size()));
    return std::vector(from, to);
  };
  const std::size_t all = std::max(packed.size(), packed_machines.size());
  for (std::size_t begin = 0; begin < all; begin += kMaxRunsPerFrame) {
    const bool last = begin + kMaxRunsPerFrame >= all;
    to_children(encode(Ready{last, host_, host_node_, piece_of(packed, begin), piece_of(packed_machines, begin)}));
  }
}

// --- all-gather

void MeetingRoot::contributed(Gather gather, TimePoint now) {
  if (failure_ || !complete_ || gather.sequence <= gathers_done_) return;
  if (!round_) {
    round_.emplace();
    round_->sequence = gather.sequence;
  }
  GatherRound& round = *round_;
  if (gather.sequence != round.sequence) {
    return raise(
        {Code::internal, fmt::format("all-gather {} began before {} had ended", gather.sequence, round.sequence)});
  }
  const Duration patience = std::chrono::milliseconds(gather.left_ms);
  if (round.there.empty() || now + patience < round.until) {
    round.until = now + patience;
    round.patience = patience;
    alarms_.set(Alarm::gather, before(round.until, now));
  }
  if (!ranks_in(gather.blobs, mine_.world_size))
    return raise({Code::internal, "a rank brought contributions of ranks beyond the world size"});
  for (auto& blob : gather.blobs) {
    std::vector<RankRun> runs;
    for (const RankPattern& pattern : blob.ranks) append_runs(pattern, runs);
    auto& sayers = round.said[std::move(blob.bytes)];
    for (const RankRun& run : runs) {
      RankSet fresh(run);
      if (round.there.overlaps(run)) {  // it was said before: the first word counts
        for (const RankRun& known : round.there.runs()) fresh.remove(known);
      }
      sayers.insert(sayers.end(), fresh.runs().begin(), fresh.runs().end());
      round.there.add(run);
    }
  }
  if (round.there.size() < mine_.world_size) return fail_if_someone_left();
  alarms_.cancel(Alarm::gather);
  gathers_done_ = round.sequence;
  send_gathered(round);
  round_.reset();
}

void MeetingRoot::send_gathered(GatherRound& round) {
  std::vector<Blob> blobs;
  while (!round.said.empty()) {
    auto one = round.said.extract(round.said.begin());
    if (!one.mapped().empty()) blobs.push_back({patterns_of(std::move(one.mapped())), std::move(one.key())});
  }
  in_pieces(std::move(blobs), [&](std::vector<Blob> piece) {
    to_children(encode(Gathered{round.sequence, std::move(piece)}));
  });
}

void MeetingRoot::fail_if_someone_left() {
  if (!round_) return;
  for (const auto& run : left_.runs()) {
    for (auto rank = run.first; rank < run.first + run.count; ++rank) {
      if (round_->there.contains(rank)) continue;
      return raise({Code::peer_lost,
                    fmt::format("all-gather {} of the meeting cannot end: rank {} has left", round_->sequence, rank),
                    to_rank(rank)});
    }
  }
}

// --- the end

void MeetingRoot::left(const std::vector<RankRun>& ranks, TimePoint now) {
  for (const auto& run : ranks) {
    if (std::int64_t{run.first} + run.count <= mine_.world_size) left_.add(run);
  }
  if (left_.size() == mine_.world_size) return close(now);
  fail_if_someone_left();
}

void MeetingRoot::leads_up(std::int32_t rank, const Message& /*message*/) {
  // It left, or moves just now: who wants something of it asks again.
  log_.debug("bootstrap", "dropped a message for rank {}, which is not below the root", rank);
}

void MeetingRoot::child_gone(TimePoint now) {
  if (!family_.empty()) return;
  const bool nobody_else = closing_ || (failure_ && complete_);
  if (nobody_else) return finish();
  if (complete_) alarms_.set(Alarm::closing, now + kStrayTime);  // a hub may be on its way here
}

void MeetingRoot::close(TimePoint now) {
  if (std::exchange(closing_, true)) return;
  act(CloseDoors{});
  if (!failure_) to_children(encode(RootGone{}));
  if (family_.empty()) return finish();
  for (const auto& child : family_.children()) act(Close{child.link});
  alarms_.set(Alarm::closing, now + kDrain);
}

void MeetingRoot::finish() {
  if (!closing_ && complete_ && !family_.empty()) return;  // somebody came after all
  if (std::exchange(finished_, true)) return;
  act(CloseDoors{});
  act(Finished{});
}

}  // namespace tutti::bootstrap
