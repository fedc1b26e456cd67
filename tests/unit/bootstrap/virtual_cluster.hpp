// Any number of ranks and a root in one thread: machines over a network that is a queue. Time is virtual, every message
// takes a (seeded) while, and links keep their order, so that a run replays from its seed.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "bootstrap/tree/meeting_root.hpp"
#include "bootstrap/tree/member.hpp"

namespace tutti::bootstrap {

class VirtualCluster {
 public:
  struct Seat {  // one rank, and what its machine told
    std::unique_ptr<Machine> machine;
    Greeting greeting;
    int node = 0;
    bool alive = true;
    bool doors_open = true;
    bool finished = false;
    std::shared_ptr<const topology::Layout> layout;  // all seats share equal ones
    std::shared_ptr<const topology::Layout> machines;
    std::optional<Error> failure;
    std::map<std::int32_t, CardArrived> cards;
    std::vector<GatherDone> gathers;
    std::size_t messages_sent = 0;
    std::size_t messages_received = 0;
    std::size_t bytes_sent = 0;
    std::size_t bytes_received = 0;
    std::size_t links = 0;
    std::size_t most_links = 0;
    LinkId next_newcomer = 2;
    TimePoint wake{};
  };

  explicit VirtualCluster(std::uint32_t seed = 1) : random_(seed) {}

  Seat& add_root(Duration patience = std::chrono::seconds(60)) {
    auto& root = seats_.emplace_back();
    root.machine = std::make_unique<MeetingRoot>("root-node", patience, Log());
    root.greeting = {.role = Role::root};
    root.node = -1;
    network_[kRootAddress] = 0;
    start(0);
    return root;
  }

  /// The rank's index in the cluster is rank + 1 if ranks are added in order after the root.
  std::size_t add_rank(std::int32_t rank, std::int32_t world_size, int node,
                       Duration patience = std::chrono::seconds(60), bool hosts_root = false) {
    const auto id = seats_.size();
    MemberSetup setup;
    setup.rank = to_rank(rank);
    setup.world_size = world_size;
    setup.root.network = {address(kRootAddress)};
    setup.root_name = "10.0.0.1:1";
    setup.hub_name = "hub" + std::to_string(node);
    setup.own_door = "door" + std::to_string(id);
    setup.node = static_cast<std::uint64_t>(node) + 1000;
    setup.machine = static_cast<std::uint64_t>(node) + 5000;
    setup.node_name = "node" + std::to_string(node);
    setup.hosts_root = hosts_root;
    setup.deadline = {now_ + patience};
    auto& seat = seats_.emplace_back();
    seat.machine = std::make_unique<Member>(setup);
    seat.greeting = {.rank = rank, .world_size = world_size};
    seat.node = node;
    unix_["door" + std::to_string(id)] = id;
    network_[static_cast<std::uint32_t>(id + 10)] = id;
    start(id);
    return id;
  }

  void start(std::size_t id) {
    schedule({}, [this, id] { call(id, [&](Machine& m) { m.start(now_); }); });
  }

  Seat& seat(std::size_t id) { return seats_[id]; }
  const Seat& seat(std::size_t id) const { return seats_[id]; }
  std::size_t size() const { return seats_.size(); }
  Member& member(std::size_t id) { return dynamic_cast<Member&>(*seats_[id].machine); }
  TimePoint now() const { return now_; }

  /// Does something to a machine now, and what follows from it.
  template <typename Do>
  void call(std::size_t id, Do&& action) {
    Seat& seat = seats_[id];
    if (!seat.alive) return;
    action(*seat.machine);
    for (auto& wanted : seat.machine->take_actions()) {
      std::visit([&](auto& a) { perform(id, a); }, wanted);
    }
    arm(id);
  }

  /// The process ends without a word.
  void kill(std::size_t id) {
    seats_[id].alive = false;
    close_doors(id);
    for (auto& [pipe, ends] : pipes_) {
      for (int side = 0; side < 2; ++side) {
        if (ends.end[side].id == id) end_of_pipe(pipe, 1 - side, "connection reset");
      }
    }
  }

  /// Runs until nothing happens any more, or `enough` holds, or virtual time is over. Returns whether `enough` held.
  template <typename Enough>
  bool run(Enough&& enough, Duration at_most = std::chrono::seconds(120)) {
    const TimePoint end = now_ + at_most;
    std::size_t asked_at = SIZE_MAX;  // `enough` is about outcomes: it is asked again only after a new one
    while (std::exchange(asked_at, outcomes_) == outcomes_ || !enough()) {
      if (queue_.empty() || queue_.top().at > end) return false;
      auto event = queue_.top();
      queue_.pop();
      now_ = std::max(now_, event.at);
      (*event.what)();
    }
    return true;
  }
  void settle(Duration time) {
    run([] { return false; }, time);
    now_ += time;
  }

 private:
  static constexpr std::uint32_t kRootAddress = 1;
  struct End {
    std::size_t id = 0;
    LinkId link = kNoLink;
    bool open = false;
  };
  struct Pipe {
    End end[2];
    TimePoint last[2]{};  // arrival of the latest message towards each end
  };
  struct Event {
    TimePoint at;
    std::uint64_t order;
    std::shared_ptr<std::function<void()>> what;
    bool operator<(const Event& other) const { return std::tie(other.at, other.order) < std::tie(at, order); }
  };

  // There are more ranks than ports.
  static NetAddress address(std::uint32_t number) {
    auto net = *NetAddress::parse_ip("10.0.0.1");
    net.ip[14] = static_cast<std::byte>(number >> 16U);
    net.port = static_cast<std::uint16_t>(number);
    return net;
  }
  static std::uint32_t number_of(const NetAddress& net) {
    return std::to_integer<std::uint32_t>(net.ip[14]) << 16U | net.port;
  }

  Duration latency() { return std::chrono::microseconds(20 + random_() % 200); }

  void schedule(Duration after, std::function<void()> what) {
    queue_.push({now_ + after, order_++, std::make_shared<std::function<void()>>(std::move(what))});
  }

  void arm(std::size_t id) {
    const auto wake = seats_[id].machine->wake_at();
    if (!wake || *wake == seats_[id].wake) return;
    seats_[id].wake = *wake;
    queue_.push({*wake, order_++, std::make_shared<std::function<void()>>([this, id, at = *wake] {
                   if (seats_[id].wake != at) return;  // armed anew
                   seats_[id].wake = {};
                   call(id, [&](Machine& m) { m.tick(now_); });
                 })});
  }

  std::optional<std::size_t> find(const Where& where, int node) {
    if (!where.unix_name.empty()) {
      const auto at = unix_.find(where.unix_name);
      if (at == unix_.end() || seats_[at->second].node != node) return std::nullopt;
      return at->second;
    }
    for (const auto& net : where.network) {
      if (const auto at = network_.find(number_of(net)); at != network_.end()) return at->second;
    }
    return std::nullopt;
  }

  void perform(std::size_t id, Connect& a) {
    dials_.insert({id, a.link});
    schedule(latency(), [this, id, a] {
      if (dials_.erase({id, a.link}) == 0) return;
      const auto to = find(a.where, seats_[id].node);
      if (!to || !seats_[*to].alive || !seats_[*to].doors_open) {
        return call(id, [&](Machine& m) { m.closed(a.link, Ending::unreachable, "connection refused", now_); });
      }
      const LinkId theirs = seats_[*to].next_newcomer;
      seats_[*to].next_newcomer += 2;
      const auto pipe = next_pipe_++;
      pipes_[pipe] = {{{id, a.link, true}, {*to, theirs, true}}, {}};
      ends_[{id, a.link}] = {pipe, 0};
      ends_[{*to, theirs}] = {pipe, 1};
      for (const auto side : {id, *to}) {
        ++seats_[side].links;
        seats_[side].most_links = std::max(seats_[side].most_links, seats_[side].links);
      }
      call(*to, [&](Machine& m) { m.opened(theirs, seats_[id].greeting, now_); });
      call(id, [&](Machine& m) { m.opened(a.link, seats_[*to].greeting, now_); });
    });
  }

  void perform(std::size_t id, Send& a) {
    const auto at = ends_.find({id, a.link});
    if (at == ends_.end()) return;
    auto [pipe, side] = at->second;
    ++seats_[id].messages_sent;
    seats_[id].bytes_sent += a.frame->size();
    deliver(pipe, 1 - side, [this, frame = a.frame](std::size_t to, LinkId link) {
      ++seats_[to].messages_received;
      seats_[to].bytes_received += frame->size();
      call(to, [&](Machine& m) { m.received(link, std::span(*frame).subspan(4), now_); });
    });
  }

  // In order on its link.
  void deliver(std::uint64_t pipe, int side, std::function<void(std::size_t, LinkId)> what) {
    auto& last = pipes_[pipe].last[side];
    last = std::max(last, now_ + latency());
    queue_.push({last, order_++, std::make_shared<std::function<void()>>([this, pipe, side, what = std::move(what)] {
                   const auto at = pipes_.find(pipe);
                   if (at == pipes_.end() || !at->second.end[side].open) return;
                   what(at->second.end[side].id, at->second.end[side].link);
                 })});
  }

  void perform(std::size_t id, Close& a) {
    dials_.erase({id, a.link});
    const auto at = ends_.find({id, a.link});
    if (at == ends_.end()) return;
    const auto [pipe, side] = at->second;
    end_of_pipe(pipe, 1 - side, "end of file");
    end_of_pipe(pipe, side, "closed here");
  }

  void end_of_pipe(std::uint64_t pipe, int side, const char* why) {
    deliver(pipe, side, [this, pipe, side, why](std::size_t to, LinkId link) {
      pipes_[pipe].end[side].open = false;
      ends_.erase({to, link});
      --seats_[to].links;
      call(to, [&](Machine& m) { m.closed(link, Ending::closed, why, now_); });
      // The other end reads the end of the stream, too.
      if (pipes_[pipe].end[1 - side].open) end_of_pipe(pipe, 1 - side, "end of file");
    });
  }

  void perform(std::size_t id, ClaimHub& /*a*/) {
    const auto name = "hub" + std::to_string(seats_[id].node);
    const bool won = unix_.try_emplace(name, id).second;
    schedule({}, [this, id, won] {
      std::optional<std::vector<NetAddress>> doors;
      if (won) doors.emplace({address(static_cast<std::uint32_t>(id + 10))});
      call(id, [&](Machine& m) { m.hub_claimed(doors, now_); });
    });
  }

  void perform(std::size_t id, CloseDoors& /*a*/) { close_doors(id); }
  void close_doors(std::size_t id) {
    seats_[id].doors_open = false;
    std::erase_if(unix_, [&](const auto& door) { return door.second == id; });
  }

  static std::shared_ptr<const topology::Layout> kept(topology::Layout layout,
                                                      std::shared_ptr<const topology::Layout>& known) {
    if (!known || *known != layout) known = std::make_shared<const topology::Layout>(std::move(layout));
    return known;
  }

  void perform(std::size_t id, MeetingComplete& a) {
    seats_[id].layout = kept(std::move(a.layout), layout_);
    seats_[id].machines = kept(std::move(a.machines), machines_);
    ++outcomes_;
  }
  void perform(std::size_t id, MeetingFailed& a) {
    seats_[id].failure = a.error;
    ++outcomes_;
  }
  void perform(std::size_t id, CardArrived& a) {
    seats_[id].cards[a.owner] = a;
    ++outcomes_;
  }
  void perform(std::size_t id, GatherDone& a) {
    seats_[id].gathers.push_back(a);
    ++outcomes_;
  }
  void perform(std::size_t id, Finished& /*a*/) {
    seats_[id].finished = true;
    ++outcomes_;
  }

  std::vector<Seat> seats_;
  std::shared_ptr<const topology::Layout> layout_;
  std::shared_ptr<const topology::Layout> machines_;
  std::map<std::string, std::size_t> unix_;
  std::map<std::uint32_t, std::size_t> network_;
  std::set<std::pair<std::size_t, LinkId>> dials_;
  std::map<std::uint64_t, Pipe> pipes_;
  std::map<std::pair<std::size_t, LinkId>, std::pair<std::uint64_t, int>> ends_;
  std::priority_queue<Event> queue_;
  std::mt19937 random_;
  TimePoint now_{std::chrono::seconds(1)};
  std::uint64_t order_ = 0;
  std::uint64_t next_pipe_ = 1;
  std::size_t outcomes_ = 0;
};

}  // namespace tutti::bootstrap
