#include "bootstrap/session.hpp"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>

#include "base/file_descriptor.hpp"
#include "bootstrap/net/driver.hpp"
#include "bootstrap/node.hpp"
#include "bootstrap/tree/member.hpp"
#include "bootstrap/trust/id_fields.hpp"
#include "bootstrap/wire/codec.hpp"

namespace tutti::bootstrap {
namespace {

// The tree knows more about a deadline than this rank; its word is awaited for this long beyond it.
constexpr Duration kGrace = std::chrono::milliseconds(500);

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const auto byte : bytes) text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  return text;
}

class TreeSession final : public Session {
 public:
  TreeSession(const JoinRequest& request, const IdFields& id, Node node, FileDescriptor wake);
  ~TreeSession() override;

  Status meet(Deadline deadline);

  Rank rank() const override { return rank_; }
  const topology::Layout& layout() const override { return layout_; }
  const topology::Layout& machines() const override { return machines_; }
  std::string node_name(Rank peer) const override;
  void publish(std::vector<std::byte> card) override;
  std::optional<std::vector<std::byte>> find_card(Rank peer) override;
  Result<Contributions> all_gather(std::span<const std::byte> mine, Deadline deadline) override;
  void fail(const Error& error) override;
  std::optional<Error> failure() const override;
  int wait_fd() const override { return wake_.get(); }
  void acknowledge() override;
  void leave() override;

 private:
  struct KnownCard {
    std::string node_name;
    std::vector<std::byte> bytes;
  };

  static MemberSetup member_setup(const JoinRequest& request, const IdFields& id, const Node& node,
                                  const std::string& own_door);
  static Driver::Setup driver_setup(const JoinRequest& request, const IdFields& id, const Node& node);
  void news(Action& action);
  void wake();

  const Rank rank_;
  const std::int32_t world_size_;
  const Node node_;
  const FileDescriptor wake_;
  topology::Layout layout_;  // both set before `meet` returns, and then left alone
  topology::Layout machines_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<bool> has_failed_ = false;  // so that `failure` costs nothing while all is well
  std::optional<Error> failure_;
  bool met_ = false;
  std::map<Rank, KnownCard> cards_;
  std::map<Rank, bool> asked_;
  std::map<std::uint32_t, Contributions> gathered_;

  std::mutex gathering_;  // one all_gather at a time
  std::uint32_t gathers_ = 0;

  std::unique_ptr<Driver> driver_;
};

std::string own_door_name() {
  std::array<std::byte, 16> random{};
  fill_random(random);
  return "tutti-" + hex(random);
}

// Unguessable without the key, so that no stranger can take it first.
std::string hub_door_name(const Key& key, const Node& node) {
  std::array<std::byte, 8> bytes{};
  store(bytes, node.key);
  const auto secret = mac(key, {bytes_of("tutti hub"), bytes});
  return "tutti-" + hex(std::span(secret).first(16));
}

MemberSetup TreeSession::member_setup(const JoinRequest& request, const IdFields& id, const Node& node,
                                      const std::string& own_door) {
  MemberSetup setup;
  setup.rank = request.rank;
  setup.world_size = request.world_size;
  setup.root.network = id.root;
  setup.root_name = to_string(setup.root);
  setup.hub_name = hub_door_name(id.key, node);
  setup.own_door = own_door;
  setup.node = node.key;
  setup.machine = node.machine;
  setup.node_name = node.name;
  setup.hosts_root = !id.launcher && id.node == node.key && id.process == static_cast<std::uint32_t>(::getpid());
  setup.deadline = request.deadline;
  setup.log = request.log;
  return setup;
}

Driver::Setup TreeSession::driver_setup(const JoinRequest& request, const IdFields& id, const Node& node) {
  return {.key = id.key,
          .greeting = {.rank = index(request.rank), .world_size = request.world_size},
          .hub_name = hub_door_name(id.key, node),
          .iface = request.config->iface,
          .ports = {request.config->port_low, request.config->port_high},
          .log = request.log};
}

TreeSession::TreeSession(const JoinRequest& request, const IdFields& id, Node node, FileDescriptor wake)
    : rank_(request.rank), world_size_(request.world_size), node_(std::move(node)), wake_(std::move(wake)) {
  const auto own_door = own_door_name();
  driver_ = std::make_unique<Driver>(std::make_unique<Member>(member_setup(request, id, node_, own_door)),
                                     driver_setup(request, id, node_), [this](Action& action) { news(action); });
  if (id.root.empty()) {
    // One rank alone: nobody will come.
  } else if (auto door = Door::open_unix(driver_->io(), own_door)) {
    driver_->open_door(std::move(door).value());
  } else {
    request.log.warn("bootstrap", "takes in no ranks of its node: {}", door.error().text);
  }
  driver_->start();
}

// Waits for its own thread, which hands this rank's children over to others: some round trips, Member::kHandOver at
// most.
TreeSession::~TreeSession() {
  driver_->with<Member>([](Member& member, TimePoint now) { member.close(now); });
  driver_->wait_until_finished();
}

Status TreeSession::meet(Deadline deadline) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline.at + kGrace, [&] { return met_ || failure_; });
  if (failure_) return *failure_;
  if (!met_) return Error{Code::timeout, fmt::format("rank {} got no answer from the meeting", index(rank_))};
  return {};
}

void TreeSession::news(Action& action) {
  {
    const std::lock_guard lock(mutex_);
    if (auto* complete = std::get_if<MeetingComplete>(&action)) {
      layout_ = std::move(complete->layout);
      machines_ = std::move(complete->machines);
      met_ = true;
    } else if (auto* failed = std::get_if<MeetingFailed>(&action)) {
      if (!failure_) failure_ = std::move(failed->error);
      has_failed_.store(true, std::memory_order_release);
    } else if (auto* card = std::get_if<CardArrived>(&action)) {
      cards_[to_rank(card->owner)] = {std::move(card->node_name), std::move(card->bytes)};
    } else if (auto* gather = std::get_if<GatherDone>(&action)) {
      gathered_[gather->sequence] = std::move(gather->contributions);
    }
  }
  changed_.notify_all();
  if (std::holds_alternative<MeetingFailed>(action) || std::holds_alternative<CardArrived>(action)) wake();
}

void TreeSession::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof(one));
}

void TreeSession::acknowledge() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto read = ::read(wake_.get(), &count, sizeof(count));
}

std::string TreeSession::node_name(Rank peer) const {
  if (layout_.node_of(peer) >= 0 && layout_.node_of(peer) == layout_.node_of(rank_)) return node_.name;
  const std::lock_guard lock(mutex_);
  const auto at = cards_.find(peer);
  return at == cards_.end() ? std::string() : at->second.node_name;
}

void TreeSession::publish(std::vector<std::byte> card) {
  if (card.size() > kMaxCard) {
    return fail({Code::internal, fmt::format("the card of rank {} has {} bytes, at most {} are carried", index(rank_),
                                             card.size(), kMaxCard)});
  }
  {
    const std::lock_guard lock(mutex_);
    cards_[rank_] = {node_.name, card};
  }
  driver_->with<Member>([card = std::move(card)](Member& member, TimePoint) { member.publish(card); });
}

std::optional<std::vector<std::byte>> TreeSession::find_card(Rank peer) {
  if (index(peer) < 0 || index(peer) >= world_size_) return std::nullopt;
  {
    const std::lock_guard lock(mutex_);
    if (const auto at = cards_.find(peer); at != cards_.end()) return at->second.bytes;
    if (peer == rank_ || !asked_.try_emplace(peer, true).second) return std::nullopt;
  }
  driver_->with<Member>([owner = index(peer)](Member& member, TimePoint now) { member.ask(owner, now); });
  return std::nullopt;
}

Result<Contributions> TreeSession::all_gather(std::span<const std::byte> mine, Deadline deadline) {
  if (mine.size() > kMaxContribution) {
    return Error{Code::invalid_argument,
                 fmt::format("a contribution has {} bytes, at most {} are carried", mine.size(), kMaxContribution)};
  }
  const std::lock_guard one_at_a_time(gathering_);
  const auto sequence = ++gathers_;
  driver_->with<Member>([=, bytes = std::vector(mine.begin(), mine.end())](Member& member, TimePoint now) {
    member.gather(sequence, bytes, deadline, now);
  });
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline.at, [&] { return gathered_.contains(sequence) || failure_; });
  if (auto done = gathered_.extract(sequence)) return std::move(done.mapped());
  if (failure_) return *failure_;
  lock.unlock();
  const Error late{Code::timeout,
                   fmt::format("all-gather {} of the meeting: not every rank contributed in time", sequence)};
  fail(late);
  return late;
}

void TreeSession::fail(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    if (failure_) return;
    failure_ = error;
    has_failed_.store(true, std::memory_order_release);
  }
  changed_.notify_all();
  wake();
  driver_->with<Member>([error](Member& member, TimePoint) { member.raise(error); });
}

std::optional<Error> TreeSession::failure() const {
  if (!has_failed_.load(std::memory_order_acquire)) return std::nullopt;
  const std::lock_guard lock(mutex_);
  return failure_;
}

void TreeSession::leave() {
  driver_->with<Member>([](Member& member, TimePoint now) { member.leave(now); });
}

Status check(const JoinRequest& request, const IdFields& id) {
  const auto rank = index(request.rank);
  if (request.world_size < 1 || request.world_size > kMostRanks) {
    return Error{Code::invalid_argument,
                 fmt::format("the world size {} is not between 1 and {}", request.world_size, kMostRanks)};
  }
  if (rank < 0 || (id.root.empty() && rank >= request.world_size)) {
    return Error{
        Code::invalid_argument,
        fmt::format("rank {} is out of range: the world size is {}, and ranks count from 0", rank, request.world_size)};
  }
  if (id.root.empty() && request.world_size > 1) {
    return Error{Code::invalid_argument,
                 fmt::format("this unique id is for one rank alone, but the world size is {}", request.world_size)};
  }
  if (request.config == nullptr) return Error{Code::internal, "a join request needs a configuration"};
  return {};
}

}  // namespace

// A rank that is out of range goes to the meeting all the same: the others, who wait for the right one, learn of it
// there.
Result<std::unique_ptr<Session>> Session::join(const JoinRequest& request) {
  const auto id = TUTTI_TRY(decode(request.id));
  TUTTI_TRY(check(request, id));
  FileDescriptor wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return Error{Code::system, "no file descriptor is left for the meeting"};
  auto session = std::make_unique<TreeSession>(request, id, this_node(*request.config), std::move(wake));
  TUTTI_TRY(session->meet(request.deadline));
  return std::unique_ptr<Session>(std::move(session));
}

}  // namespace tutti::bootstrap
