#include "bootstrap/net/driver.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>  // NOLINT: pthread_sigmask is not in <csignal>

#include <algorithm>
#include <variant>

#include "bootstrap/net/interfaces.hpp"

namespace tutti::bootstrap {
namespace {

constexpr std::size_t kMostHalfOpen = 64;
constexpr Duration kAnswerPatience = std::chrono::seconds(2);
constexpr Duration kNextAddress = std::chrono::milliseconds(30);
constexpr Duration kCallPatience = std::chrono::seconds(5);

// The process's signals are its own threads' business.
std::thread start_without_signals(std::function<void()> body) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::move(body));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

template <typename T, typename Container>
bool erase_pointer(Container& container, const T& wanted) {
  const auto at = std::find_if(container.begin(), container.end(), [&](const auto& p) { return p.get() == &wanted; });
  if (at == container.end()) return false;
  container.erase(at);
  return true;
}

}  // namespace

Driver::Driver(std::unique_ptr<Machine> machine, Setup setup, News news)
    : setup_(std::move(setup)),
      news_(std::move(news)),
      io_(1),
      work_(asio::make_work_guard(io_)),
      timer_(io_),
      machine_(std::move(machine)) {}

Driver::~Driver() {
  io_.stop();
  if (thread_.joinable()) thread_.join();
}

void Driver::wait_until_finished() {
  if (thread_.joinable()) thread_.join();
}

void Driver::open_door(std::unique_ptr<Door> door) {
  door->welcome([this](Socket socket) { came_in(std::move(socket)); });
  doors_.push_back(std::move(door));
}

void Driver::start() {
  asio::post(io_, [this] { event([this](TimePoint now) { machine_->start(now); }); });
  thread_ = start_without_signals([this] { io_.run(); });
}

// --- the machine

void Driver::event(const Event& action) {
  if (in_event_) return events_.push_back(action);
  in_event_ = true;
  action(std::chrono::steady_clock::now());
  perform_all();
  while (!events_.empty()) {
    const auto next = std::move(events_.front());
    events_.pop_front();
    next(std::chrono::steady_clock::now());
    perform_all();
  }
  in_event_ = false;
  arm();
}

void Driver::perform_all() {
  for (auto actions = machine_->take_actions(); !actions.empty(); actions = machine_->take_actions()) {
    for (auto& action : actions) {
      std::visit(
          [&](auto& what) {
            if constexpr (requires { perform(what); }) {
              perform(what);
            } else {
              news_(action);
            }
          },
          action);
      if (std::holds_alternative<Finished>(action)) end();
    }
  }
}

// Nobody is to wait at a connection that no thread serves any more.
void Driver::end() {
  doors_.clear();
  for (const auto& link : half_open_) link->drop();
  for (const auto& [id, link] : links_) link->drop();
  for (const auto& [id, dial] : dials_) {
    for (const auto& link : dial.tries) link->drop();
  }
  io_.stop();
}

void Driver::arm() {
  const auto wake = machine_->wake_at();
  if (wake == armed_) return;
  armed_ = wake;
  if (!wake) {
    timer_.cancel();
    return;
  }
  timer_.expires_at(*wake);
  timer_.async_wait([this](const asio::error_code& stopped) {
    if (stopped) return;
    armed_.reset();
    event([this](TimePoint now) { machine_->tick(now); });
  });
}

void Driver::perform(Send& action) {
  if (const auto at = links_.find(action.link); at != links_.end()) at->second->send(std::move(action.frame));
}

void Driver::perform(Close& action) {
  if (const auto dial = dials_.find(action.link); dial != dials_.end()) {
    for (const auto& link : dial->second.tries) link->drop();
    dials_.erase(dial);
  } else if (const auto at = links_.find(action.link); at != links_.end()) {
    const auto link = at->second;
    link->close_when_sent();
  }
}

void Driver::perform(CloseDoors& /*action*/) {
  doors_.clear();
}

void Driver::perform(ClaimHub& /*action*/) {
  auto door = Door::open_unix(io_, setup_.hub_name);
  std::optional<std::vector<NetAddress>> addresses;
  if (door) {
    open_door(std::move(door).value());
    addresses = open_network_doors();
  } else if (door.error().code != Code::invalid_usage) {
    setup_.log.warn("bootstrap", "{}", door.error().text);
  }
  event([this, addresses = std::move(addresses)](TimePoint now) { machine_->hub_claimed(addresses, now); });
}

// A hub that cannot listen takes in no other hubs; that is no reason to fail.
std::vector<NetAddress> Driver::open_network_doors() {
  const auto interfaces = list_interfaces();
  const auto chosen = choose_addresses(interfaces, setup_.iface);
  if (!chosen) {
    setup_.log.info("bootstrap", "takes in no other nodes: {}", chosen.error().text);
    return {};
  }
  std::vector<NetAddress> addresses;
  for (const auto& address : *chosen) {
    auto door = Door::open(io_, address, setup_.ports);
    if (!door) {
      setup_.log.info("bootstrap", "takes in no other nodes there: {}", door.error().text);
      continue;
    }
    addresses.push_back((*door)->address());
    open_door(std::move(door).value());
  }
  return addresses;
}

// --- newcomers

void Driver::came_in(Socket socket) {
  if (half_open_.size() >= kMostHalfOpen) evict_the_oldest();
  const auto link = std::make_shared<Link>(std::move(socket), next_newcomer_, setup_.key, setup_.greeting, events());
  next_newcomer_ += 2;
  half_open_.push_back(link);
  link->answer(kAnswerPatience);
}

void Driver::evict_the_oldest() {
  const auto oldest = half_open_.front();
  half_open_.pop_front();
  stranger(oldest->peer_text(), "silent while others knocked");
  oldest->drop();
}

void Driver::stranger(const std::string& who, const std::string& why) {
  if (++strangers_ == 1) {
    setup_.log.info("bootstrap", "dropped a stranger from {}: {}; further ones are reported at debug only", who, why);
  } else {
    setup_.log.debug("bootstrap", "dropped a stranger from {}: {}; number {}", who, why, strangers_);
  }
}

// --- callers

void Driver::perform(Connect& action) {
  Dial& dial = dials_[action.link];
  if (!action.where.unix_name.empty()) {
    dial.addresses = 1;
    try_address(dial, action.link, endpoint_of_unix(action.where.unix_name), "this node's hub");
    return;
  }
  dial.addresses = action.where.network.size();
  for (const auto& address : action.where.network) {
    try_address(dial, action.link, endpoint_of(address), to_string(address));
  }
}

void Driver::try_address(Dial& dial, LinkId id, const Endpoint& to, const std::string& text) {
  const auto link = std::make_shared<Link>(Socket(io_), id, setup_.key, setup_.greeting, events());
  dial.tries.push_back(link);
  // The first address that works usually answers before the next is tried: the root is spared the other connections.
  const auto start = std::make_shared<asio::steady_timer>(io_, kNextAddress * (dial.tries.size() - 1));
  start->async_wait([start, link, to, text](const asio::error_code&) { link->call(to, text, kCallPatience); });
}

void Driver::dial_opened(Link& link) {
  const auto at = dials_.find(link.id());
  if (at == dials_.end()) return link.drop();
  for (const auto& other : at->second.tries) {
    if (other.get() != &link) other->drop();
  }
  if (at->second.addresses > 1) {
    setup_.log.info("bootstrap", "chose {}: of {} addresses the first that answered with the job's key",
                    link.peer_text(), at->second.addresses);
  }
  links_[link.id()] = link.shared_from_this();
  dials_.erase(at);
  event([this, id = link.id(), peer = link.peer()](TimePoint now) { machine_->opened(id, peer, now); });
}

void Driver::dial_ended(Link& link, Ending ending, const std::string& why) {
  const auto at = dials_.find(link.id());
  if (at == dials_.end()) return;
  Dial& dial = at->second;
  dial.troubles += (dial.troubles.empty() ? "" : "; ") + why;
  if (ending == Ending::wrong_key || ending == Ending::other_version) dial.worst = ending;
  if (!erase_pointer(dial.tries, link) || !dial.tries.empty()) return;
  const auto troubles = std::move(dial.troubles);
  const auto worst = dial.worst;
  dials_.erase(at);
  event([this, id = link.id(), worst, troubles](TimePoint now) { machine_->closed(id, worst, troubles, now); });
}

// --- links

void Driver::link_opened(Link& link) {
  if (link.id() % 2 == 1) return dial_opened(link);
  if (link.peer().version == setup_.greeting.version) return;  // its first frame says what it wants
  links_[link.id()] = link.shared_from_this();
  erase_pointer(half_open_, link);
  event([this, id = link.id(), peer = link.peer()](TimePoint now) { machine_->opened(id, peer, now); });
}

void Driver::link_received(Link& link, std::span<const std::byte> body) {
  if (erase_pointer(half_open_, link)) {
    link.settle();
    links_[link.id()] = link.shared_from_this();
    event([this, id = link.id(), peer = link.peer()](TimePoint now) { machine_->opened(id, peer, now); });
  }
  event([&, id = link.id()](TimePoint now) { machine_->received(id, body, now); });
}

void Driver::link_ended(Link& link, Ending ending, const std::string& why) {
  if (dials_.contains(link.id())) return dial_ended(link, ending, why);
  if (links_.erase(link.id()) > 0) {
    event([this, id = link.id(), ending, why](TimePoint now) { machine_->closed(id, ending, why, now); });
    return;
  }
  if (erase_pointer(half_open_, link) && link.peer().role != Role::probe) stranger(link.peer_text(), why);
}

}  // namespace tutti::bootstrap
