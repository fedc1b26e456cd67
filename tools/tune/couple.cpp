#include "tools/tune/couple.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <utility>

namespace tutti::tune {
namespace {

using Clock = std::chrono::steady_clock;
using topology::MessageTimes;

constexpr std::size_t kMostBytes = 2 * std::size_t{16} << 20;  // two blocks of the greatest size
// What calls work on was written before them, by a program that needs some memory: it is in no core's own cache.
constexpr std::size_t kMoved = std::size_t{4} << 20;
constexpr double kSampleUs = 10;          // a sample is as many calls as take about so long
constexpr double kSizeUs = 8'000;         // all samples of a size, ...
constexpr std::size_t kLeastSamples = 3;  // ... if that are no fewer than this
constexpr std::size_t kMostSamples = 101;

double us_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

double median(std::vector<double>& values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

// What a call of so many bytes takes, more or less: both ranks must make as many.
double guess_us(std::size_t bytes) {
  constexpr double kCallUs = 0.3;
  constexpr double kBytesPerUs = 6000;
  return kCallUs + static_cast<double>(bytes) / kBytesPerUs;
}

// Medians of calls that are made by turns, so that what slows the machine down for a while slows all of them: of the
// first as it is, of the others by what they take longer than the first did beside them. No two have the same number:
// none finds in its caches what another left there.
template <std::size_t kCalls>
Result<std::array<double, kCalls>> time_by_turns(std::size_t bytes,
                                                 const std::array<std::function<Status(std::size_t)>, kCalls>& calls) {
  const double guess = guess_us(bytes);
  const auto many = static_cast<std::size_t>(std::max(1.0, kSampleUs / guess));
  const auto samples =
      std::clamp(static_cast<std::size_t>(kSizeUs / guess / static_cast<double>(many)), kLeastSamples, kMostSamples);
  std::array<std::vector<double>, kCalls> times;
  for (std::size_t sample = 0; sample < samples + 2; ++sample) {  // two for what is only done once
    double first = 0;
    for (std::size_t which = 0; which < kCalls; ++which) {
      const auto begin = Clock::now();
      for (std::size_t i = 0; i < many; ++i) TUTTI_TRY(calls[which]((sample * many + i) * kCalls + which));
      const double us = us_since(begin) / static_cast<double>(many);
      if (sample >= 2) times[which].push_back(us - first);
      if (which == 0) first = us;
    }
  }
  std::array<double, kCalls> medians{};
  for (std::size_t which = 0; which < kCalls; ++which)
    medians[which] = which == 0 ? median(times[0]) : medians[0] + std::max(0.0, median(times[which]));
  return medians;
}

Result<double> time_calls(std::size_t bytes, const std::function<Status(std::size_t)>& call) {
  return TUTTI_TRY(time_by_turns<1>(bytes, {call}))[0];
}

// Another one each time, as long as there is one.
std::size_t place_of(std::size_t number, std::size_t bytes, std::size_t all) {
  return number % std::max<std::size_t>(1, std::min(all, kMoved) / bytes) * bytes;
}

// Memory of a window of one communicator.
class Window {
 public:
  static Result<std::unique_ptr<Window>> make(tuttiComm_t comm, std::size_t bytes) {
    auto made = std::make_unique<Window>(comm);
    TUTTI_TRY(job::checked(tuttiMemAlloc(&made->memory_, bytes), "memory for a window"));
    std::memset(made->memory_, 0, bytes);
    made->bytes_ = bytes;
    TUTTI_TRY(job::checked(tuttiWindowRegister(comm, made->memory_, bytes, &made->window_), "a window", comm));
    return made;
  }
  explicit Window(tuttiComm_t comm) : comm_(comm) {}
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;
  ~Window() {
    tuttiWindowDeregister(comm_, window_);
    tuttiMemFree(memory_);
  }
  [[nodiscard]] std::span<std::byte> memory() const { return {static_cast<std::byte*>(memory_), bytes_}; }

 private:
  tuttiComm_t comm_;
  void* memory_ = nullptr;
  std::size_t bytes_ = 0;
  tuttiWindow_t window_ = nullptr;
};

Result<Handling> measure(job::Member& member, int color, bool every_size) {
  constexpr std::size_t kShort = 8;
  Handling found;
  std::vector<std::byte> in(kMoved);
  std::vector<std::byte> out(kMoved);
  Couple couple = TUTTI_TRY(Couple::make(member, color, "all_gather:direct/1;all_reduce:recursive_doubling/1"));
  Couple storing = TUTTI_TRY(Couple::make(member, color, "all_reduce:one_shot/1"));
  Couple twice = TUTTI_TRY(Couple::make(member, color, "all_reduce:rabenseifner/1"));
  if (!couple.is_alone()) {
    const auto reducing = [&](Couple& on, std::size_t bytes) {
      return [&, bytes](std::size_t number) { return on.reduce(out, bytes, number); };
    };
    const auto rounds = TUTTI_TRY(time_by_turns<2>(kShort, {reducing(couple, kShort), reducing(twice, kShort)}));
    found.one_round_us = rounds[0];
    found.two_rounds_us = rounds[1];
    constexpr auto kHandled = Handling::kHandled;
    const auto exchanging = [&](std::size_t number) { return couple.exchange(out, kHandled, number); };
    const auto handled =
        TUTTI_TRY(time_by_turns<3>(kHandled, {exchanging, reducing(couple, kHandled), reducing(storing, kHandled)}));
    found.exchanged_us = handled[0];
    found.combined_us = handled[1];
    found.stored_us = handled[2];
    if (every_size) TUTTI_TRY(couple.exchange_every_size(found));
    for (Couple* const each : {&couple, &storing, &twice}) TUTTI_TRY(each->close());
  }
  found.copied_us = TUTTI_TRY(time_calls(Handling::kHandled, [&](std::size_t number) -> Status {
    const std::size_t place = place_of(number, Handling::kHandled, kMoved);
    std::memcpy(out.data() + place, in.data() + place, Handling::kHandled);
    return {};
  }));
  return found;
}

}  // namespace

Result<Couple> Couple::make(job::Member& member, int color, const std::string& algorithm) {
  tuttiConfig_t config = TUTTI_CONFIG_INITIALIZER;
  config.algorithm = algorithm.c_str();
  tuttiComm_t comm = nullptr;
  TUTTI_TRY(
      job::checked(tuttiCommSplit(member.comm(), color, member.rank(), &comm, &config), "pairing off", member.comm()));
  Couple couple(comm);
  if (comm != nullptr) TUTTI_TRY(job::checked(tuttiCommUserRank(comm, &couple.rank_), "rank", comm));
  return couple;
}

Couple::Couple(Couple&& other) noexcept : comm_(std::exchange(other.comm_, nullptr)), rank_(other.rank_) {}

Couple::~Couple() {
  if (comm_ != nullptr) tuttiCommAbort(comm_);
}

Status Couple::exchange(std::span<std::byte> memory, std::size_t bytes, std::size_t number) {
  std::byte* const all = memory.data() + place_of(number, 2 * bytes, memory.size());
  return job::checked(
      tuttiAllGather(all + static_cast<std::size_t>(rank_) * bytes, all, bytes, tuttiUint8, comm_, nullptr), "exchange",
      comm_);
}

Status Couple::reduce(std::span<std::byte> memory, std::size_t bytes, std::size_t number) {
  std::byte* const place = memory.data() + place_of(number, bytes, memory.size());
  return job::checked(tuttiAllReduce(place, place, bytes / sizeof(float), tuttiFloat32, tuttiSum, comm_, nullptr),
                      "reducing", comm_);
}

Status Couple::every_size(std::span<std::byte> memory, Handling::Times& times) {
  for (std::size_t i = 0; i < times.size(); ++i) {
    const auto bytes = static_cast<std::size_t>(MessageTimes::kBytes[i]);
    times[i] = TUTTI_TRY(time_calls(bytes, [&](std::size_t number) { return exchange(memory, bytes, number); }));
  }
  return {};
}

Status Couple::exchange_every_size(Handling& handling) {
  {
    std::vector<std::byte> memory(kMostBytes);
    TUTTI_TRY(every_size(memory, handling.exchange));
  }
  const auto window = TUTTI_TRY(Window::make(comm_, kMostBytes));
  return every_size(window->memory(), handling.window);
}

Status Couple::close() {
  TUTTI_TRY(job::checked(tuttiCommFinalize(comm_), "parting", comm_));
  return job::checked(tuttiCommDestroy(std::exchange(comm_, nullptr)), "parting");
}

Result<std::optional<Handling>> measure_handling(job::Member& member, const std::vector<Pair>& pairs, bool every_size) {
  int color = TUTTI_SPLIT_NOCOLOR;
  bool leads = false;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (member.rank() != pairs[i].first && member.rank() != pairs[i].second) continue;
    color = static_cast<int>(i);
    leads = member.rank() == pairs[i].first;
  }
  const Handling handling = TUTTI_TRY(measure(member, color, every_size));
  return leads ? std::optional<Handling>(handling) : std::optional<Handling>();
}

}  // namespace tutti::tune
