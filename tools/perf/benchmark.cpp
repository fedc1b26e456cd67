#include "tools/perf/benchmark.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "tools/gnuplot/gnuplot.hpp"
#include "tools/perf/compare/limits.hpp"
#include "tools/perf/compare/peer.hpp"
#include "tools/perf/document.hpp"
#include "tools/perf/exit_code.hpp"
#include "tools/perf/judge.hpp"
#include "tools/perf/report.hpp"
#include "tools/perf/seat.hpp"
#include "tools/perf/trial.hpp"
#include "tools/perf/tune.hpp"

namespace tutti::perf {
namespace {

// What can be refused before any rank has come.
Status check_outputs(const Options& options) {
  if (!options.plot_file.empty()) TUTTI_TRY(gnuplot::can_plot(options.plot_file));
  if (!options.json_file.empty()) TUTTI_TRY(write_document(options.json_file, nlohmann::ordered_json::object()));
  return {};
}

class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { tuttiStreamDestroy(stream_); }
  Status create() { return checked(tuttiStreamCreate(&stream_), "stream"); }
  [[nodiscard]] tuttiStream_t get() const { return stream_; }

 private:
  tuttiStream_t stream_ = nullptr;
};

// What a measurement may be beside.
struct Company {
  std::optional<Peer> peer;
  Limits limits;
};

Status measure_cycle(const Options& options, Seat& seat, Company& company, const std::vector<Case>& cases,
                     Report& report) {
  const auto sizes = sizes_of(options);
  const std::size_t largest = *std::max_element(sizes.begin(), sizes.end());
  const auto make_buffer = [&] {
    const std::size_t bytes = largest + Judge::kGuard;
    return options.windows ? Buffer::make_window(bytes, seat.comm()) : Buffer::make(bytes);
  };
  Buffer send = TUTTI_TRY(make_buffer());
  Buffer recv = TUTTI_TRY(make_buffer());
  Stream stream;
  if (!options.blocking) TUTTI_TRY(stream.create());
  for (const Case& series : cases) {
    Trial trial = TUTTI_TRY(Trial::make(options, seat, series, send, recv, stream.get()));
    std::unique_ptr<Rival> rival;
    if (company.peer) rival = TUTTI_TRY(company.peer->rival_for(options, series));
    for (const std::size_t bytes : sizes) {
      report.about_to(series, bytes);
      Row row = TUTTI_TRY(rival ? trial.run_against(*rival, bytes) : trial.run(bytes));
      row.limit_us = company.limits.of(options.collective.kind, row.shape.bytes, seat.ranks());
      report.add(row);
    }
  }
  return {};
}

// One rank's measurement, in its seat. The exit code.
Result<int> measure(const Options& options, Seat& seat, Company& company, int thread) {
  if (!options.tune_file.empty()) return tune(options, seat);
  const auto cases = TUTTI_TRY(cases_of(options, seat.ranks()));
  Job job = TUTTI_TRY(describe_job(seat, thread));
  if (company.peer) job.peer = company.peer->name();
  const bool speaks = seat.rank() == 0;
  if (!options.limits_file.empty()) company.limits = TUTTI_TRY(read_limits(options.limits_file, seat.ranks()));
  if (speaks) TUTTI_TRY(check_outputs(options));
  Report report(options, std::move(job), speaks);
  report.begin();
  for (int cycle = 0; options.cycles == 0 || cycle < options.cycles; ++cycle) {
    TUTTI_TRY(measure_cycle(options, seat, company, cases, report));
  }
  TUTTI_TRY(report.end());
  return report.passed() ? 0 : kFailed;
}

int take_part(const Options& options, Result<Seat> joined, Company& company, int thread) {
  if (!joined) return complain("", joined.error());
  Seat seat = std::move(joined).value();
  const std::string who = fmt::format("rank {}", seat.rank());
  const auto code = measure(options, seat, company, thread);
  if (!code && code.error().code == Code::invalid_argument && seat.rank() != 0) return kUsage;  // rank 0 says the same
  if (!code) return complain(who, code.error());
  if (const auto closed = seat.close(); !closed) return complain(who, closed.error());
  return *code;
}

int benchmark_in_threads(const Options& options) {
  const auto meeting = arrange_threads(options);
  if (!meeting) return complain("", meeting.error());
  std::vector<int> codes(static_cast<std::size_t>(options.threads), kFailed);
  std::vector<std::thread> threads;
  threads.reserve(codes.size());
  for (int thread = 0; thread < options.threads; ++thread) {
    threads.emplace_back([&, thread] {
      Company alone;
      codes[static_cast<std::size_t>(thread)] =
          take_part(options, join_as_thread(options, *meeting, thread), alone, thread);
    });
  }
  for (auto& thread : threads) thread.join();
  return *std::max_element(codes.begin(), codes.end());
}

// What --compare cannot go together with.
Status check_comparison(const Options& options) {
  const auto refuse = [](const char* why) { return Error{Code::invalid_argument, fmt::format("--compare {}", why)}; };
  if (options.threads > 1) return refuse("needs a process for each rank: leave -t away");
  if (!options.blocking || options.aggregated > 1) return refuse("is about calls one by one: leave -z and -m away");
  if (!options.tune_file.empty()) return refuse("and --tune are two measurements: give one of them");
  if (options.collective.uneven) return refuse("is about blocks of one length: leave the _v away");
  return {};
}

// Every process finds the same mistake; the launcher's first tells it.
int complain_once(const Error& error) {
  for (const char* const variable : {"OMPI_COMM_WORLD_RANK", "PMI_RANK"}) {
    const char* const rank = std::getenv(variable);  // NOLINT: nothing changes the environment
    if (rank != nullptr && std::string_view(rank) != "0")
      return error.code == Code::invalid_argument ? kUsage : kFailed;
  }
  return complain("", error);
}

Result<Peer> load_peer(const Options& options) {
  TUTTI_TRY(check_comparison(options));
  return Peer::load(TUTTI_TRY(plugin_for(options.peer)));
}

int benchmark_beside(const Options& options) {
  Company company;
  auto peer = load_peer(options);
  if (!peer) return complain_once(peer.error());
  company.peer.emplace(std::move(*peer));
  return take_part(options, company.peer->join(options), company, 0);
}

}  // namespace

int benchmark(const Options& options) {
  if (sizes_of(options).empty()) return complain("", {Code::invalid_argument, "-b is greater than -e"});
  if (!options.peer.empty()) return benchmark_beside(options);
  if (options.threads > 1) return benchmark_in_threads(options);
  Company alone;
  return take_part(options, join_world(options), alone, 0);
}

}  // namespace tutti::perf
