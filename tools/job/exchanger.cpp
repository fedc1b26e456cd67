#include "tools/job/exchanger.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace tutti::job {
namespace {

using Clock = std::chrono::steady_clock;

struct Shape {
  std::size_t messages;
  std::size_t bytes;  // of each
};
// Sixteen small messages show what a message costs, the others what bytes cost, in the caches and beyond.
constexpr Shape kShapes[] = {
    {1, 8}, {16, 8}, {1, 1024}, {1, 8192}, {1, 1 << 16}, {1, 1 << 19}, {1, Exchanger::kMostBytes}};
constexpr double kSampleUs = 12'000;
constexpr double kLeast = 5;
constexpr double kMost = 200;
constexpr double kTooLongUs = 60'000;  // of one exchange: larger ones are left out

template <typename T>
std::span<std::byte> bytes_of(T& value) {
  return std::as_writable_bytes(std::span(&value, 1));
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

Result<double> Exchanger::once(int peer, std::size_t messages, std::size_t bytes) {
  const auto begin = Clock::now();
  TUTTI_TRY(checked(tuttiGroupStart(), "group"));
  for (std::size_t i = 0; i < messages; ++i) {
    TUTTI_TRY(member_.send({sent_.data() + i * bytes, bytes}, peer));
    TUTTI_TRY(member_.receive({received_.data() + i * bytes, bytes}, peer));
  }
  TUTTI_TRY(checked(tuttiGroupEnd(), "exchange", member_.comm()));
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

// The leading end says how often, which is how long the first exchange took; 0 ends it.
Result<std::vector<topology::ExchangeSample>> Exchanger::with(int peer, bool leads) {
  std::memset(sent_.data(), 1, sent_.size());  // pages that were never touched are no memory yet
  std::memset(received_.data(), 1, received_.size());
  std::vector<topology::ExchangeSample> samples;
  for (const Shape& shape : kShapes) {
    TUTTI_TRY(once(peer, shape.messages, shape.bytes));
    const double first = TUTTI_TRY(once(peer, shape.messages, shape.bytes));
    std::uint64_t times = static_cast<std::uint64_t>(std::clamp(kSampleUs / first, kLeast, kMost));
    TUTTI_TRY(leads ? member_.send(bytes_of(times), peer) : member_.receive(bytes_of(times), peer));
    std::vector<double> took;
    for (std::uint64_t i = 0; i < times; ++i) took.push_back(TUTTI_TRY(once(peer, shape.messages, shape.bytes)));
    const double us = median(std::move(took));
    if (leads) samples.push_back({static_cast<double>(shape.messages), static_cast<double>(shape.bytes), us});
    std::uint64_t stops = us > kTooLongUs ? 1 : 0;
    TUTTI_TRY(leads ? member_.send(bytes_of(stops), peer) : member_.receive(bytes_of(stops), peer));
    if (stops != 0) break;
  }
  return samples;
}

}  // namespace tutti::job
