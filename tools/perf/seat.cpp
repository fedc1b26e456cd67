#include "tools/perf/seat.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <utility>

namespace tutti::perf {
namespace {

tuttiConfig_t config_of(const Options& options) {
  tuttiConfig_t config = TUTTI_CONFIG_INITIALIZER;
  if (options.timeout_seconds > 0) config.timeoutMs = options.timeout_seconds * 1000;
  return config;
}

// What one rank tells the others about itself.
struct Place {
  std::array<char, 64> host{};
  std::array<char, 160> words{};
  std::int32_t pid = 0;
  std::int32_t thread = 0;
};

Place place_of(const Seat& seat, int thread) {
  Place place;
  ::gethostname(place.host.data(), place.host.size() - 1);
  tuttiCommDescribe(seat.comm(), place.words.data(), place.words.size(), nullptr);
  place.pid = ::getpid();
  place.thread = thread;
  return place;
}

// The part of "rank 3 of 8, node 1 of 2 (gpu-07)" that is not in the table already.
std::string where(const Place& place) {
  const std::string words = place.words.data();
  const auto comma = words.find(", ");
  return comma == std::string::npos ? words : words.substr(comma + 2);
}

}  // namespace

Status checked(tuttiResult_t result, const char* what, tuttiComm_t comm) {
  if (result == tuttiSuccess) return {};
  std::string text = tuttiGetLastError(comm);
  if (text.empty()) text = tuttiGetLastError(nullptr);
  if (text.empty()) text = tuttiGetErrorString(result);
  return Error{static_cast<Code>(result), fmt::format("{}: {}", what, text)};
}

Seat::Seat(Seat&& other) noexcept
    : comm_(std::exchange(other.comm_, nullptr)), rank_(other.rank_), ranks_(other.ranks_) {}

Seat::~Seat() {
  if (comm_ != nullptr) tuttiCommAbort(comm_);
}

Status Seat::learn_place() {
  TUTTI_TRY(checked(tuttiCommUserRank(comm_, &rank_), "rank", comm_));
  return checked(tuttiCommCount(comm_, &ranks_), "count", comm_);
}

Result<Seat> Seat::again(const Options& options, const std::string& algorithm) const {
  tuttiConfig_t config = config_of(options);
  config.algorithm = algorithm.c_str();
  tuttiComm_t comm = nullptr;
  TUTTI_TRY(checked(tuttiCommSplit(comm_, 0, rank_, &comm, &config), "split", comm_));
  Seat seat(comm);
  TUTTI_TRY(seat.learn_place());
  return seat;
}

Status Seat::close() {
  TUTTI_TRY(checked(tuttiCommFinalize(comm_), "finalize", comm_));
  return checked(tuttiCommDestroy(std::exchange(comm_, nullptr)), "destroy");
}

Status Seat::barrier() {
  return checked(tuttiBarrier(comm_, nullptr), "barrier", comm_);
}

Status Seat::reduce(std::span<double> values, tuttiRedOp_t op) {
  return checked(tuttiAllReduce(values.data(), values.data(), values.size(), tuttiFloat64, op, comm_, nullptr),
                 "agreeing on times", comm_);
}

Result<std::uint64_t> Seat::sum(std::uint64_t value) {
  TUTTI_TRY(checked(tuttiAllReduce(&value, &value, 1, tuttiUint64, tuttiSum, comm_, nullptr), "counting", comm_));
  return value;
}

Result<Seat> join_world(const Options& options) {
  tuttiConfig_t config = config_of(options);
  tuttiComm_t comm = nullptr;
  TUTTI_TRY(checked(tuttiCommInitWorld(&comm, &config), "joining"));
  Seat seat(comm);
  TUTTI_TRY(seat.learn_place());
  return seat;
}

Result<Meeting> arrange_threads(const Options& options) {
  Seat processes = TUTTI_TRY(join_world(options));
  Meeting meeting;
  meeting.first_rank = processes.rank() * options.threads;
  meeting.ranks = processes.ranks() * options.threads;
  if (processes.rank() == 0) TUTTI_TRY(checked(tuttiGetUniqueId(&meeting.id), "unique id"));
  TUTTI_TRY(
      checked(tuttiBcast(meeting.id.internal, sizeof meeting.id.internal, tuttiUint8, 0, processes.comm(), nullptr),
              "handing out the unique id", processes.comm()));
  TUTTI_TRY(processes.close());
  return meeting;
}

Result<Seat> join_as_thread(const Options& options, const Meeting& meeting, int thread) {
  tuttiConfig_t config = config_of(options);
  tuttiComm_t comm = nullptr;
  TUTTI_TRY(checked(tuttiCommInitRankConfig(&comm, meeting.ranks, meeting.id, meeting.first_rank + thread, &config),
                    "joining"));
  Seat seat(comm);
  TUTTI_TRY(seat.learn_place());
  return seat;
}

Result<Job> describe_job(Seat& seat, int thread) {
  const Place mine = place_of(seat, thread);
  std::vector<Place> places(static_cast<std::size_t>(seat.ranks()));
  TUTTI_TRY(checked(tuttiAllGather(&mine, places.data(), sizeof mine, tuttiUint8, seat.comm(), nullptr),
                    "asking who is there", seat.comm()));
  Job job;
  job.ranks = seat.ranks();
  for (std::size_t rank = 0; rank < places.size(); ++rank) {
    const Place& place = places[rank];
    const std::string host = place.host.data();
    int node = 0;
    int nodes = 1;
    if (std::sscanf(where(place).c_str(), "node %d of %d", &node, &nodes) == 2) job.nodes = nodes;  // NOLINT
    if (std::find(job.hosts.begin(), job.hosts.end(), host) == job.hosts.end()) job.hosts.push_back(host);
    job.devices.push_back(fmt::format("  Rank {:>2} Group  0 Pid {:>6} on {:>10} device {:>2} [host memory] {}", rank,
                                      place.pid, host, place.thread, where(place)));
  }
  return job;
}

}  // namespace tutti::perf
