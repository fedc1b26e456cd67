#include "tools/job/prober.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

namespace tutti::job {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kLeastTrips = 8;
constexpr int kMostTrips = 200;
constexpr double kTripsUs = 20000;  // if they are slow: until ranks that shared a processor have found one each
constexpr int kWindow = 64;
constexpr std::size_t kLeastBytes = std::size_t{1} << 20;
constexpr int kMessages = 2;         // the better one counts
constexpr double kMessageUs = 6000;  // a message that takes so long shows the wire, and not what is around it

double us_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

template <typename T>
std::span<std::byte> bytes_of(T& value) {
  return std::as_writable_bytes(std::span(&value, 1));
}

}  // namespace

// The timing end says in each message whether another one follows. The best of all: others only met something else.
Result<double> Prober::round_trips(int peer, bool times) {
  double best = std::numeric_limits<double>::max();
  std::uint64_t more = 1;
  const auto begin = Clock::now();
  for (int trip = 1; more != 0; ++trip) {
    if (times) {
      more = trip < kLeastTrips || (trip < kMostTrips && us_since(begin) < kTripsUs) ? 1 : 0;
      const auto sent = Clock::now();
      TUTTI_TRY(member_.send(bytes_of(more), peer));
      TUTTI_TRY(member_.receive(bytes_of(more), peer));
      best = std::min(best, us_since(sent));
    } else {
      TUTTI_TRY(member_.receive(bytes_of(more), peer));
      TUTTI_TRY(member_.send(bytes_of(more), peer));
    }
  }
  return best;
}

Result<double> Prober::window(int peer, bool times, double round_trip_us) {
  std::uint64_t word = 0;
  const auto begin = Clock::now();
  TUTTI_TRY(checked(tuttiGroupStart(), "group"));
  for (int i = 0; i < kWindow; ++i) {
    const std::span<std::byte> one(memory_.data() + i, 1);
    TUTTI_TRY(times ? member_.send(one, peer) : member_.receive(one, peer));
  }
  TUTTI_TRY(checked(tuttiGroupEnd(), "window", member_.comm()));
  TUTTI_TRY(times ? member_.receive(bytes_of(word), peer) : member_.send(bytes_of(word), peer));
  return std::max(0.001, (us_since(begin) - round_trip_us) / kWindow);
}

Result<double> Prober::message(int peer, bool sends, std::size_t bytes) {
  std::uint64_t word = 0;
  const auto begin = Clock::now();
  const std::span<std::byte> data(memory_.data(), bytes);
  TUTTI_TRY(sends ? member_.send(data, peer) : member_.receive(data, peer));
  TUTTI_TRY(sends ? member_.receive(bytes_of(word), peer) : member_.send(bytes_of(word), peer));
  return us_since(begin);
}

// Grows until a message takes long enough. The timing end says the next size; 0 ends it.
Result<std::size_t> Prober::fitting_size(int peer, bool times) {
  std::size_t bytes = kLeastBytes;
  for (std::uint64_t next = bytes; next != 0;) {
    TUTTI_TRY(times ? member_.send(bytes_of(next), peer) : member_.receive(bytes_of(next), peer));
    if (next == 0) break;
    bytes = std::min<std::size_t>(next, kMostBytes);
    const double took = TUTTI_TRY(message(peer, times, bytes));
    next = took < kMessageUs && bytes < kMostBytes ? bytes * 4 : 0;
    if (times && next == 0) TUTTI_TRY(member_.send(bytes_of(next), peer));
    if (!times) next = 1;  // the other end says
  }
  return bytes;
}

Result<double> Prober::bandwidth(int peer, bool times, std::size_t bytes) {
  double took = std::numeric_limits<double>::max();
  for (int i = 0; i < kMessages; ++i) took = std::min(took, TUTTI_TRY(message(peer, times, bytes)));
  return static_cast<double>(bytes) / std::max(0.001, took) / 1e3;
}

Result<topology::Probe> Prober::probe(const topology::Pair& pair) {
  const bool times = member_.rank() == pair.first;
  const int peer = times ? pair.second : pair.first;
  topology::Probe probe{pair.first, pair.second, {}, {}, 0};
  TUTTI_TRY(round_trips(peer, times));  // finds the path, and wakes both ends
  const std::size_t bytes = TUTTI_TRY(fitting_size(peer, times));
  for (std::size_t look = 0; look < probe.latency_us.size(); ++look) {
    probe.latency_us[look] = TUTTI_TRY(round_trips(peer, times)) / 2;
    probe.GBps[look] = TUTTI_TRY(bandwidth(peer, times, bytes));
  }
  probe.overhead_us = TUTTI_TRY(window(peer, times, 2 * probe.best_latency_us()));
  return probe;
}

Result<double> Prober::load(const topology::Pair& pair, std::size_t bytes) {
  const bool sends = member_.rank() == pair.first;
  const int peer = sends ? pair.second : pair.first;
  const double took = TUTTI_TRY(message(peer, sends, std::min(bytes, kMostBytes)));
  return static_cast<double>(std::min(bytes, kMostBytes)) / std::max(0.001, took) / 1e3;
}

}  // namespace tutti::job
