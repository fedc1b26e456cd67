#include "transports/packets/transport.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>

#include "transports/failures.hpp"

namespace tutti::transport::packets {
namespace {

// How often lifelines are looked at: each look is a system call or two.
constexpr Duration kCalm = std::chrono::milliseconds(1);
// How often a rank that sleeps looks after a rail that wakes nobody.
constexpr std::int64_t kAlarmNanoseconds = 1'000'000;
// Bounds of what may not wait for peers, in rounds of progress: at most some milliseconds.
constexpr int kFlushRounds = 2000;
constexpr int kDrainRounds = 10'000;
// A rail on which nothing happened so often in a row is looked at less: once in so many turns.
constexpr int kQuiet = 256;
constexpr unsigned kQuietTurns = 16;
char alarm_tag = 0;  // only its address means something
// Of each rank that is not connected yet: what it may send unasked, in packets without payload.
constexpr std::size_t kMaxEarlyBirds = 2 * Allowance::kUnasked / kMessageCost;

void watch(int epoll, int fd, void* tag) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = tag;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

}  // namespace

PacketTransport::PacketTransport(std::unique_ptr<Self> self, std::string name, bool combines, FileDescriptor alarm)
    : self_(std::move(self)),
      name_(std::move(name)),
      combines_(combines),
      alarm_(std::move(alarm)),
      watches_(self_->rails.size()) {
  watch(self_->epoll.get(), alarm_.get(), &alarm_tag);
  for (std::size_t i = 0; i < watches_.size(); ++i) {
    self_->rails[i]->attach(*this, i);
    watches_[i].fd = self_->rails[i]->event_fd();
    if (watches_[i].fd >= 0) watch(self_->epoll.get(), watches_[i].fd, &watches_[i]);
  }
}

PacketTransport::~PacketTransport() {
  cancel();
}

bool PacketTransport::is_peer(const Address& address) const {
  const Address& own = self_->address;
  if (address.kind != own.kind || address.place != own.place || !SocketAddress::of(address.lifeline)) return false;
  return std::ranges::all_of(address.rails, [&](const RailAddress& rail) {
    return self_->rails.empty() || self_->rails.front()->takes(rail.native);
  });
}

bool PacketTransport::can_reach(std::span<const std::byte> address) const {
  const auto other = decode(address);
  return other && is_peer(*other);
}

Result<Endpoint*> PacketTransport::connect(Rank peer, std::span<const std::byte> address) {
  const auto other = decode(address);
  if (!other || !is_peer(*other) || index(peer) < 0) {
    return Error{Code::invalid_argument,
                 fmt::format("the address of rank {} is none that {} reaches", index(peer), self_->path)};
  }
  const auto [place, fresh] = paths_.try_emplace(index(peer));
  if (!fresh)
    return Error{Code::invalid_argument, fmt::format("rank {} is connected already ({})", index(peer), name_)};
  place->second = std::make_unique<Path>(*self_, peer);
  Path& path = *place->second;
  if (cancelled_) {
    path.cancel(path_cancelled(peer, self_->path));
    return &path;
  }
  path.open(*other, now_);
  if (const auto early = early_birds_.find(peer); early != early_birds_.end()) {
    for (auto& bird : early->second) {
      if (bird.parcel != nullptr) {
        path.announced(bird.rail, bird.header, bird.parcel, now_);
      } else {
        path.arrived(bird.rail, bird.header, bird.payload.data(), now_);
      }
    }
    early_birds_.erase(early);
  }
  return &path;
}

void PacketTransport::progress(TimePoint now, std::vector<Completion>& completed) {
  now_ = self_->now = now;
  if (!cancelled_) {
    if (now >= next_look_) look();
    advance();
    constexpr int kTurns = 8;  // enough to drain what has come, few enough not to starve other transports
    for (int turn = 0; turn < kTurns && poll_rails(turn == 0) > 0; ++turn) {
      advance();
      if (!self_->done.empty()) break;  // who waits for it need not wait for another look, which is a system call
    }
    if (!self_->ending.empty()) settle();
  }
  completed.insert(completed.end(), self_->done.begin(), self_->done.end());
  self_->done.clear();
}

// At what is not on the way of messages: lifelines, callers, and the descriptors of rails.
void PacketTransport::look() {
  next_look_ = now_ + kCalm;
  std::array<epoll_event, 64> events{};
  const int count = ::epoll_wait(self_->epoll.get(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    void* tag = events[static_cast<std::size_t>(i)].data.ptr;
    const auto rail = std::ranges::find_if(watches_, [&](const Watch& each) { return &each == tag; });
    if (rail != watches_.end()) {
      rail->rang = true;
    } else if (tag == nullptr) {
      self_->listener->poll(now_);
    } else if (tag == &alarm_tag) {
      set_alarm(0);
    } else {
      static_cast<Path*>(tag)->check();
    }
  }
}

void PacketTransport::advance() {
  auto& active = self_->active;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < active.size(); ++i) {
    Path* path = active[i];
    if (!path->advance()) active[kept++] = path;
  }
  active.resize(kept);
}

std::size_t PacketTransport::poll_rails(bool first) {
  std::size_t count = 0;
  if (first) ++turn_;
  for (std::size_t i = 0; i < watches_.size(); ++i) {
    Watch& each = watches_[i];
    if (each.quiet > kQuiet && i > 0 && !each.rang && (!first || turn_ % kQuietTurns != 0)) continue;
    Rail& rail = *self_->rails[i];
    const std::size_t happened = rail.poll(std::exchange(each.rang, false));
    each.quiet = happened > 0 ? 0 : each.quiet + 1;
    count += happened;
    if (each.fd >= 0 && rail.event_fd() < 0)
      ::epoll_ctl(self_->epoll.get(), EPOLL_CTL_DEL, std::exchange(each.fd, -1), nullptr);
  }
  return count;
}

Path* PacketTransport::path_to(const Header& header) {
  const auto place = paths_.find(index(header.from));
  return place == paths_.end() ? nullptr : place->second.get();
}

void PacketTransport::arrived(std::size_t rail, const Header& header, const std::byte* payload) {
  if (header.door != self_->address.door) return;  // of another job, or garbage
  if (Path* path = path_to(header)) return path->arrived(rail, header, payload, now_);
  keep(header, {rail, header, {payload, payload + header.payload}, nullptr});
}

void PacketTransport::announced(std::size_t rail, const Header& header, void* parcel) {
  if (header.door != self_->address.door) return self_->rails[rail]->drop(parcel);
  if (Path* path = path_to(header)) return path->announced(rail, header, parcel, now_);
  keep(header, {rail, header, {}, parcel});
}

// Only peers that have been heard, and so have connected, write.
void PacketTransport::written(std::size_t /*rail*/, std::uint32_t mark) {
  const Mark shown = Mark::of(mark);
  const auto place = paths_.find(index(shown.from));
  if (place != paths_.end()) place->second->marked(shown.put, now_);
}

Result<WindowId> PacketTransport::open_window(const WindowMemory& memory) {
  const WindowId window = TUTTI_TRY(self_->windows.open(memory.bytes, self_->path));
  std::vector<std::vector<std::byte>> exposed;
  for (const auto& rail : self_->rails)
    exposed.push_back(rail->expose(static_cast<std::uint32_t>(window), memory.bytes));
  exposures_[window] = encode_exposures(exposed);
  return window;
}

void PacketTransport::close_window(WindowId window) {
  if (exposures_.erase(window) == 0) return;
  for (const auto& rail : self_->rails) rail->conceal(static_cast<std::uint32_t>(window));
  self_->windows.close(window);
}

std::vector<std::byte> PacketTransport::window_key(WindowId window) const {
  const auto exposed = exposures_.find(window);
  if (exposed == exposures_.end()) return {};
  return self_->windows.key(window, self_->address.door, exposed->second);
}

void PacketTransport::keep(const Header& header, EarlyBird bird) {
  auto& early = early_birds_[header.from];
  if (early.size() < kMaxEarlyBirds && index(header.from) >= 0) return early.push_back(std::move(bird));
  if (bird.parcel != nullptr) self_->rails[bird.rail]->drop(bird.parcel);
}

void PacketTransport::settle() {
  advance();  // serves the receives that were posted since
  std::erase_if(self_->ending, [&](Path* path) { return path->settle(now_); });
}

void PacketTransport::cancel() {
  if (cancelled_) return;
  cancelled_ = true;
  flush();
  for (auto& [peer, path] : paths_) path->cancel(path_cancelled(to_rank(peer), self_->path));
  for (auto& [peer, early] : early_birds_) {
    for (const EarlyBird& bird : early) {
      if (bird.parcel != nullptr) self_->rails[bird.rail]->drop(bird.parcel);
    }
  }
  self_->listener->close();
  drain();
  for (const Watch& each : watches_) {
    if (each.fd >= 0) ::epoll_ctl(self_->epoll.get(), EPOLL_CTL_DEL, each.fd, nullptr);
  }
  self_->rails.clear();  // without them no memory of a transfer can be touched any more
  watches_.clear();
  self_->done.clear();
  self_->active.clear();
  self_->ending.clear();
  early_birds_.clear();
}

// What has been reported as sent may still wait in this process for room in a socket.
void PacketTransport::flush() {
  for (int round = 0; round < kFlushRounds; ++round) {
    const auto left = std::ranges::count_if(self_->rails, [](const auto& rail) { return !rail->has_left(); });
    if (left == 0) break;
    static_cast<void>(poll_rails(false));
  }
  self_->listener->poll(now_);  // who has called meanwhile hears the farewell
}

// Lets rails come to an end with what they were told to end.
void PacketTransport::drain() {
  const auto is_busy = [](const auto& rail) { return !rail->is_idle(); };
  for (int round = 0; round < kDrainRounds && std::ranges::any_of(self_->rails, is_busy); ++round)
    static_cast<void>(poll_rails(false));
}

bool PacketTransport::prepare_to_sleep() {
  if (!self_->done.empty() || !self_->active.empty()) return false;
  for (const Path* path : self_->ending) {
    if (!path->is_settled()) return false;
  }
  next_look_ = TimePoint::min();  // the next progress looks at everything
  bool needs_alarm = false;
  for (std::size_t i = 0; i < watches_.size(); ++i) {
    watches_[i].quiet = 0;
    if (watches_[i].fd < 0) {
      needs_alarm = true;
    } else if (!self_->rails[i]->may_sleep()) {
      return false;
    }
  }
  if (needs_alarm && !is_alarm_set_) set_alarm(kAlarmNanoseconds);
  return true;
}

// 0: never. Also takes back that it rang.
void PacketTransport::set_alarm(std::int64_t nanoseconds) {
  itimerspec once{};
  once.it_value.tv_nsec = nanoseconds;
  ::timerfd_settime(alarm_.get(), 0, &once, nullptr);
  is_alarm_set_ = nanoseconds > 0;
}

std::size_t PacketTransport::memory() const {
  std::size_t held = 0;
  for (const auto& rail : self_->rails) held += rail->memory();
  for (const auto& [peer, path] : paths_) held += path->memory();
  for (const auto& [peer, early] : early_birds_) {
    for (const EarlyBird& bird : early) held += kMessageCost + bird.payload.size();
  }
  return held;
}

}  // namespace tutti::transport::packets
