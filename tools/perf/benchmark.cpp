#include "tools/perf/benchmark.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "tools/perf/document.hpp"
#include "tools/perf/exit_code.hpp"
#include "tools/perf/judge.hpp"
#include "tools/perf/plot.hpp"
#include "tools/perf/report.hpp"
#include "tools/perf/seat.hpp"
#include "tools/perf/trial.hpp"
#include "tools/perf/tune.hpp"

namespace tutti::perf {
namespace {

// What can be refused before any rank has come.
Status check_outputs(const Options& options) {
  if (!options.plot_file.empty()) TUTTI_TRY(can_plot(options.plot_file));
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

Status measure_cycle(const Options& options, Seat& seat, const std::vector<Case>& cases, Report& report) {
  const auto sizes = sizes_of(options);
  const std::size_t largest = *std::max_element(sizes.begin(), sizes.end());
  Buffer send = TUTTI_TRY(Buffer::make(largest + Judge::kGuard));
  Buffer recv = TUTTI_TRY(Buffer::make(largest + Judge::kGuard));
  Stream stream;
  if (!options.blocking) TUTTI_TRY(stream.create());
  for (const Case& series : cases) {
    Trial trial = TUTTI_TRY(Trial::make(options, seat, series, send, recv, stream.get()));
    for (const std::size_t bytes : sizes) {
      report.about_to(series, bytes);
      report.add(TUTTI_TRY(trial.run(bytes)));
    }
  }
  return {};
}

// One rank's measurement, in its seat. The exit code.
Result<int> measure(const Options& options, Seat& seat, int thread) {
  if (!options.tune_file.empty()) return tune(options, seat);
  const auto cases = TUTTI_TRY(cases_of(options, seat.ranks()));
  Job job = TUTTI_TRY(describe_job(seat, thread));
  const bool speaks = seat.rank() == 0;
  if (speaks) TUTTI_TRY(check_outputs(options));
  Report report(options, std::move(job), speaks);
  report.begin();
  for (int cycle = 0; options.cycles == 0 || cycle < options.cycles; ++cycle) {
    TUTTI_TRY(measure_cycle(options, seat, cases, report));
  }
  TUTTI_TRY(report.end());
  return report.passed() ? 0 : kFailed;
}

int take_part(const Options& options, Result<Seat> joined, int thread) {
  if (!joined) return complain("", joined.error());
  Seat seat = std::move(joined).value();
  const std::string who = fmt::format("rank {}", seat.rank());
  const auto code = measure(options, seat, thread);
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
      codes[static_cast<std::size_t>(thread)] = take_part(options, join_as_thread(options, *meeting, thread), thread);
    });
  }
  for (auto& thread : threads) thread.join();
  return *std::max_element(codes.begin(), codes.end());
}

}  // namespace

int benchmark(const Options& options) {
  if (sizes_of(options).empty()) return complain("", {Code::invalid_argument, "-b is greater than -e"});
  return options.threads > 1 ? benchmark_in_threads(options) : take_part(options, join_world(options), 0);
}

}  // namespace tutti::perf
