// What this machine's memory, cores and kernel can do, in the units of `tutti perf`.
//
//   cmake --preset release && cmake --build --preset release -t limits
//   build/release/perf/limits --json limits.json
//   mpirun -n 2 --bind-to core tutti perf all_reduce -b 8 -e 64M -f 2 --compare mpi --limits limits.json
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <exception>

#include "base/bytes.hpp"
#include "base/text_file.hpp"
#include "perf/limits/report.hpp"
#include "perf/limits/team.hpp"

namespace {

using namespace tutti;  // NOLINT: a program of this project

struct Words {
  std::string most = "64M";
  int cores = 0;  // all
  int samples = 9;
  std::string json_file;
};

constexpr std::int64_t kLeastBytes = std::int64_t{4} << 10;
constexpr std::int64_t kMostBytes = std::int64_t{1} << 32;

Result<limits::Settings> settings_of(const Words& words) {
  limits::Settings settings;
  settings.cores = limits::allowed_cores();
  settings.samples = words.samples;
  if (settings.cores.empty()) return Error{Code::system, "the system does not say which cores may be used"};
  if (words.cores > static_cast<int>(settings.cores.size()))
    return Error{Code::invalid_argument,
                 fmt::format("--cores {}: this process may use {}", words.cores, settings.cores.size())};
  if (words.cores > 0) settings.cores.resize(static_cast<std::size_t>(words.cores));
  auto most = parse_bytes(words.most);
  if (!most) return std::move(most).error().within("--max");
  if (most->value < kLeastBytes || most->value > kMostBytes)
    return Error{Code::invalid_argument, fmt::format("--max {}: 4K to 4G make sense", words.most)};
  settings.most_bytes = most->value;
  return settings;
}

Status measure(const Words& words) {
  const limits::Settings settings = TUTTI_TRY(settings_of(words));
  if (!words.json_file.empty()) TUTTI_TRY(write_text(words.json_file, "{}\n"));  // nobody waits for what cannot be kept
  limits::Report report = limits::describe_machine();
  report.cores = settings.cores;
  report.foreign = TUTTI_TRY(limits::measure_foreign_copy(settings));
  if (settings.cores.size() > 1) report.round_trip_us = TUTTI_TRY(limits::measure_round_trip(settings));
  report.wake_up = TUTTI_TRY(limits::measure_wake_up(settings));
  report.hand_over_us = TUTTI_TRY(limits::measure_hand_over(settings));
  report.bandwidth = TUTTI_TRY(limits::measure_bandwidth(settings));
  report.all_reduce = TUTTI_TRY(limits::measure_all_reduce(settings));
  fmt::print("{}", limits::format_text(report));
  if (words.json_file.empty()) return {};
  return write_text(words.json_file, limits::document_of(report).dump(2) + "\n");
}

int run(int argc, char** argv) {
  Words words;
  CLI::App app("Measures what this machine's cores can do at best: flags, copies, additions, wake-ups, all-reduces",
               "limits");
  app.add_option("-e,--max", words.most, "Largest size")->capture_default_str();
  app.add_option("--cores", words.cores, "How many cores, of those that this process may use; 0: all")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  app.add_option("-n,--samples", words.samples, "Samples of which the median is told")
      ->check(CLI::Range(1, 1001))
      ->capture_default_str();
  app.add_option("-J,--json", words.json_file, "Write it as data (schema tutti.limits/1) to FILE")->type_name("FILE");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const Status done = measure(words);
  if (done) return 0;
  fmt::print(stderr, "limits: {}\n", done.error().text);
  return done.error().code == Code::invalid_argument ? 2 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "limits: {}\n", error.what());
    return 1;
  }
}
