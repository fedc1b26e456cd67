#include "tools/perf/p2p/benchmark.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <limits>

#include "tools/perf/document.hpp"
#include "tools/perf/exit_code.hpp"
#include "tools/perf/p2p/document.hpp"
#include "tools/perf/p2p/measure.hpp"
#include "tools/perf/p2p/table.hpp"

namespace tutti::perf::p2p {
namespace {

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);  // a pipe shows each row as a terminal does
}

// A seat without a communicator where the color is TUTTI_SPLIT_NOCOLOR.
Result<Seat> split(const Seat& world, int color, int key, tuttiConfig_t* config) {
  tuttiComm_t comm = nullptr;
  TUTTI_TRY(checked(tuttiCommSplit(world.comm(), color, key, &comm, config), "split", world.comm()));
  Seat seat(comm);
  if (comm != nullptr) TUTTI_TRY(seat.learn_place());
  return seat;
}

// Where all wait until the pair is done, however long that takes: each of the pair's own calls has its deadline, and if
// one of the two is lost or gives up, the others learn it here.
Result<Seat> waiting_room(const Seat& world) {
  tuttiConfig_t config = TUTTI_CONFIG_INITIALIZER;
  config.timeoutMs = std::numeric_limits<int>::max();
  return split(world, 0, world.rank(), &config);
}

Result<Site> describe_site(Pair& pair, const Ends& ends, int ranks) {
  TUTTI_TRY(pair.turn(Mode::latency, {.bytes = 1}));  // a path is found when it is first needed
  std::string text(4096, '\0');
  TUTTI_TRY(checked(
      tuttiExplain(pair.seat().comm(), tuttiCollSend, 0, tuttiUint8, tuttiSum, text.data(), text.size(), nullptr),
      "asking for the path", pair.seat().comm()));
  const auto json = nlohmann::json::parse(text.c_str(), nullptr, false);
  if (!json.is_object()) return Error{Code::internal, "the library does not say over which path it sends"};
  const Job job = TUTTI_TRY(describe_job(pair.seat(), 0));
  return Site{.ranks = ranks,
              .ends = ends,
              .from_host = job.hosts.front(),
              .to_host = job.hosts.back(),
              .same_node = job.nodes == 1,
              .transports = json.value("transports", std::vector<std::string>()),
              .paths = json.value("paths", std::vector<std::string>())};
}

// The exit code of one of the two.
Result<int> measure_sweep(const Options& options, const Ends& ends, Seat& seat, int ranks) {
  const auto sizes = sizes_of(options.sweep);
  std::size_t largest = 0;
  for (const std::size_t bytes : sizes)
    largest = std::max(largest, bytes * static_cast<std::size_t>(window_of(options, bytes)));
  Buffer send = TUTTI_TRY(Buffer::make(largest + Pair::kGuard));
  Buffer recv = TUTTI_TRY(Buffer::make(largest + Pair::kGuard));
  Pair pair(seat, send, recv);
  const std::string& file = options.sweep.json_file;
  if (pair.is_first() && !file.empty()) TUTTI_TRY(write_document(file, nlohmann::ordered_json::object()));
  const Site site = TUTTI_TRY(describe_site(pair, ends, ranks));
  if (pair.is_first()) print(format_head(options, site));
  std::vector<Row> rows;
  std::uint64_t wrong = 0;
  for (const std::size_t bytes : sizes) {
    rows.push_back(TUTTI_TRY(measure(options, pair, bytes)));
    wrong += rows.back().wrong.value_or(0);
    if (pair.is_first()) print(format_row(options, rows.back()));
  }
  if (pair.is_first()) print(format_tail(wrong));
  if (pair.is_first() && !file.empty()) TUTTI_TRY(write_document(file, document_of(options, site, rows)));
  return wrong == 0 ? 0 : kFailed;
}

Result<int> take_part(const Options& options, const Ends& ends, Seat& world) {
  Seat waiting = TUTTI_TRY(waiting_room(world));
  const bool measures = world.rank() == ends.from || world.rank() == ends.to;
  Seat seat = TUTTI_TRY(split(world, measures ? 0 : TUTTI_SPLIT_NOCOLOR, world.rank() == ends.from ? 0 : 1, nullptr));
  int code = 0;
  if (measures) {
    code = TUTTI_TRY(measure_sweep(options, ends, seat, world.ranks()));
    TUTTI_TRY(seat.close());
  }
  TUTTI_TRY(waiting.barrier());
  TUTTI_TRY(waiting.close());
  return code;
}

}  // namespace

int benchmark(const Options& options) {
  if (sizes_of(options.sweep).empty()) return complain("", {Code::invalid_argument, "-b is greater than -e"});
  auto joined = join_world(options.sweep);
  if (!joined) return complain("", joined.error());
  Seat world = std::move(joined).value();
  const auto ends = ends_of(options, world.ranks());
  if (!ends) return world.rank() == 0 ? complain("", ends.error()) : kUsage;  // all find the same, and one says it
  const std::string who = fmt::format("rank {}", world.rank());
  const auto code = take_part(options, *ends, world);
  if (!code) return complain(who, code.error());
  if (const auto closed = world.close(); !closed) return complain(who, closed.error());
  return *code;
}

}  // namespace tutti::perf::p2p
