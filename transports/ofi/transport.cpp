#include "transports/ofi/transport.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/timerfd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "transports/failures.hpp"

namespace tutti::transport::ofi {
namespace {

// How often lifelines are looked at: each look is a system call or two.
constexpr Duration kCalm = std::chrono::milliseconds(1);
// How often a rank that sleeps looks after a provider that wakes nobody.
constexpr std::int64_t kAlarmNanoseconds = 1'000'000;
// How long the last packets may take to leave this process, in rounds of progress: at most some milliseconds.
constexpr int kFlushRounds = 2000;
// A descriptor that was readable so often in a row, and nothing had come, is of no use.
constexpr int kMaxFutile = 64;
char alarm_tag = 0;  // only its address means something
constexpr std::size_t kMaxEarlyBirds = 2 * Allowance::kUnasked / kMessageCost;

Error no_descriptor(const char* what) {
  return {Code::system, fmt::format("ofi: no {}: {}", what, std::strerror(errno))};
}

void watch(int epoll, int fd, void* tag = nullptr) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = tag;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

std::string kind_of(const Offer& offer) {
  return fmt::format("{}/{}", offer.provider(), offer.info->addr_format);
}

Error nothing_fits(const OfiOptions& options) {
  return {Code::transport,
          fmt::format("ofi: no provider of libfabric has reliable messages{}{}; `fi_info -t FI_EP_RDM` lists them, and "
                      "FI_PROVIDER may exclude some",
                      options.provider.empty() ? "" : " under the name " + options.provider,
                      options.addresses.empty() ? "" : " at the interfaces that TUTTI_IFACE allows")};
}

}  // namespace

Result<std::unique_ptr<Transport>> create(const OfiOptions& options) {
  if (index(options.rank) < 0) return Error{Code::invalid_argument, "ofi: a rank is not negative"};
  const auto library = TUTTI_TRY(Library::open());
  auto offered = TUTTI_TRY(offers(library, options));
  if (offered.empty()) return nothing_fits(options);
  auto self = std::make_unique<Self>();
  self->rank = options.rank;
  if (::getrandom(&self->door, sizeof(self->door), 0) != sizeof(self->door)) return no_descriptor("random number");
  self->epoll = FileDescriptor(::epoll_create1(EPOLL_CLOEXEC));
  if (!self->epoll) return no_descriptor("epoll");
  SocketAddress lifeline = offered.front().lifeline;
  self->path = fmt::format("ofi {} {}", offered.front().provider(), offered.front().device());
  self->rail = TUTTI_TRY(Rail::create(library, std::move(offered.front())));
  const Listener::Options listening{.door = self->door, .epoll = self->epoll.get(), .log = options.log};
  self->listener.emplace(TUTTI_TRY(Listener::create(lifeline, listening)));
  FileDescriptor alarm(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!alarm) return no_descriptor("timer");
  watch(self->epoll.get(), alarm.get(), &alarm_tag);
  if (self->rail->event_fd() >= 0) watch(self->epoll.get(), self->rail->event_fd(), self->rail.get());
  const auto version = library->version();
  options.log.info("ofi", "version {}.{} path {}", FI_MAJOR(version), FI_MINOR(version), self->path);
  return std::unique_ptr<Transport>(std::make_unique<OfiTransport>(std::move(self), lifeline, std::move(alarm)));
}

OfiTransport::OfiTransport(std::unique_ptr<Self> self, const SocketAddress& lifeline, FileDescriptor alarm)
    : self_(std::move(self)), alarm_(std::move(alarm)), needs_alarm_(self_->rail->event_fd() < 0) {
  const auto socket = lifeline.bytes();
  address_ = {.kind = kind_of(self_->rail->offer()),
              .place = self_->rail->offer().place,
              .door = self_->door,
              .lifeline = {socket.begin(), socket.end()},
              .fabric = self_->rail->address()};
}

OfiTransport::~OfiTransport() {
  cancel();
}

bool OfiTransport::is_peer(const Address& address) const {
  return address.kind == address_.kind && address.place == address_.place &&
         address.fabric.size() == address_.fabric.size() && SocketAddress::of(address.lifeline).has_value();
}

bool OfiTransport::can_reach(std::span<const std::byte> address) const {
  const auto other = decode(address);
  return other && is_peer(*other);
}

Result<Endpoint*> OfiTransport::connect(Rank peer, std::span<const std::byte> address) {
  const auto other = decode(address);
  if (!other || !is_peer(*other) || index(peer) < 0) {
    return Error{Code::invalid_argument,
                 fmt::format("the address of rank {} is none that {} reaches", index(peer), self_->path)};
  }
  const auto [place, fresh] = endpoints_.try_emplace(index(peer));
  if (!fresh) return Error{Code::invalid_argument, fmt::format("rank {} is connected already (ofi)", index(peer))};
  place->second = std::make_unique<OfiEndpoint>(*self_, peer);
  OfiEndpoint& endpoint = *place->second;
  if (cancelled_) {
    endpoint.cancel(path_cancelled(peer, self_->path));
    return &endpoint;
  }
  endpoint.open(*other, now_);
  if (const auto early = early_birds_.find(peer); early != early_birds_.end()) {
    for (auto& packet : early->second) {
      Header header;
      std::memcpy(&header, packet.data(), sizeof(header));
      endpoint.arrived(header, packet.data() + sizeof(header), now_);
    }
    early_birds_.erase(early);
  }
  return &endpoint;
}

void OfiTransport::progress(TimePoint now, std::vector<Completion>& completed) {
  now_ = now;
  if (!cancelled_) {
    const bool rang = now >= next_check_ && check_lifelines();
    advance();
    constexpr int kTurns = 8;  // enough to drain what has come, few enough not to starve other transports
    int turn = 0;
    for (; turn < kTurns && poll_rail(rang && turn == 0) > 0; ++turn) advance();
    if (rang || turn > 0) judge_descriptor(turn > 0);
    if (!self_->ending.empty()) settle();
  }
  completed.insert(completed.end(), self_->done.begin(), self_->done.end());
  self_->done.clear();
}

// True: the rail's descriptor says that it has something.
bool OfiTransport::check_lifelines() {
  next_check_ = now_ + kCalm;
  std::array<epoll_event, 64> events{};
  const int count = ::epoll_wait(self_->epoll.get(), events.data(), static_cast<int>(events.size()), 0);
  bool rang = false;
  for (int i = 0; i < count; ++i) {
    void* tag = events[static_cast<std::size_t>(i)].data.ptr;
    if (tag == self_->rail.get()) {
      rang = true;
    } else if (tag == nullptr) {
      self_->listener->poll(now_);
    } else if (tag != &alarm_tag) {
      static_cast<OfiEndpoint*>(tag)->check();
    }
  }
  return rang;
}

// Some providers have a descriptor that stays readable whatever one does: a rank that trusted it would never sleep.
void OfiTransport::judge_descriptor(bool something_came) {
  futile_ = something_came ? 0 : futile_ + 1;
  if (futile_ < kMaxFutile || needs_alarm_) return;
  needs_alarm_ = true;
  ::epoll_ctl(self_->epoll.get(), EPOLL_CTL_DEL, self_->rail->event_fd(), nullptr);
}

void OfiTransport::advance() {
  auto& active = self_->active;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < active.size(); ++i) {
    OfiEndpoint* endpoint = active[i];
    if (!endpoint->advance()) active[kept++] = endpoint;
  }
  active.resize(kept);
}

std::size_t OfiTransport::poll_rail(bool rang) {
  std::array<Rail::Done, 32> done;
  const std::size_t count = self_->rail->poll(done.data(), done.size(), rang);
  for (std::size_t i = 0; i < count; ++i) {
    Packet& packet = *done[i].packet;
    if (packet.endpoint == nullptr) {
      if (done[i].error == 0) take(packet, done[i].bytes);
      self_->rail->receive_again(packet);
    } else {
      packet.endpoint->sent(done[i].error);
      self_->rail->give_back(packet);
    }
  }
  return count;
}

void OfiTransport::take(Packet& packet, std::size_t bytes) {
  if (bytes < sizeof(Header)) return;
  const Header header = packet.header();
  if (header.door != self_->door || header.payload != bytes - sizeof(Header)) return;  // of another job, or garbage
  if (const auto place = endpoints_.find(index(header.from)); place != endpoints_.end()) {
    place->second->arrived(header, packet.payload(), now_);
  } else if (auto& early = early_birds_[header.from]; early.size() < kMaxEarlyBirds) {
    early.emplace_back(packet.memory, packet.memory + bytes);
  }
}

void OfiTransport::settle() {
  advance();  // serves the receives that were posted since
  std::erase_if(self_->ending, [&](OfiEndpoint* endpoint) { return endpoint->settle(now_); });
}

void OfiTransport::cancel() {
  if (cancelled_) return;
  cancelled_ = true;
  flush();
  for (auto& [peer, endpoint] : endpoints_) endpoint->cancel(path_cancelled(to_rank(peer), self_->path));
  self_->listener->close();
  self_->rail.reset();
  self_->done.clear();
  self_->active.clear();
  self_->ending.clear();
  early_birds_.clear();
}

// What has been reported as sent may still wait in this process for room in a socket.
void OfiTransport::flush() {
  for (int round = 0; round < kFlushRounds && self_->in_flight > 0; ++round) {
    static_cast<void>(poll_rail(false));
  }
  self_->listener->poll(now_);  // who has called meanwhile hears the farewell
}

bool OfiTransport::prepare_to_sleep() {
  if (!self_->done.empty() || !self_->active.empty()) return false;
  for (const OfiEndpoint* endpoint : self_->ending) {
    if (!endpoint->is_settled()) return false;
  }
  next_check_ = TimePoint::min();  // the next progress looks at everything
  if (cancelled_) return true;
  if (needs_alarm_) {
    itimerspec once{};
    once.it_value.tv_nsec = kAlarmNanoseconds;
    ::timerfd_settime(alarm_.get(), 0, &once, nullptr);  // also takes back that it rang
    return true;
  }
  return self_->rail->may_sleep();
}

}  // namespace tutti::transport::ofi
