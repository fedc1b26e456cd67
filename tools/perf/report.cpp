#include "tools/perf/report.hpp"

#include <fmt/format.h>
#include <tutti/tutti.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/bytes.hpp"
#include "tools/gnuplot/gnuplot.hpp"
#include "tools/perf/document.hpp"
#include "tools/perf/plot.hpp"

namespace tutti::perf {
namespace {

std::optional<double> least_bus_bandwidth() {
  const char* text = std::getenv("NCCL_TESTS_MIN_BW");  // NOLINT: nothing changes the environment
  if (text == nullptr) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(text, &end);
  return end == text ? std::nullopt : std::optional(value);
}

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);  // a pipe shows each row as a terminal does
}

}  // namespace

Report::Report(const Options& options, Job job, bool speaks)
    : options_(options),
      job_(std::move(job)),
      speaks_(speaks),
      shows_progress_(speaks && ::isatty(STDERR_FILENO) == 1) {
  totals_.least_bus = least_bus_bandwidth();
}

void Report::begin() const {
  if (!speaks_) return;
  int version = 0;
  tuttiGetVersion(&version);
  print(format_head(options_, job_, version));
}

void Report::about_to(const Case& series, std::size_t bytes) const {
  if (shows_progress_) {
    fmt::print(stderr, "\r\033[K{}: {} {} ...", to_string(Bytes{bytes}), to_string(series.type), to_string(series.op));
  }
}

void Report::clear_progress() const {
  if (shows_progress_) fmt::print(stderr, "\r\033[K");
}

void Report::add(const Row& row) {
  totals_.add(options_, row, job_.ranks);
  if (!speaks_) return;
  clear_progress();
  print(format_row(options_, row, job_.ranks));
  rows_.push_back(row);
}

Status Report::end() {
  if (!speaks_) return {};
  print(format_tail(options_, totals_));
  if (!options_.json_file.empty()) {
    TUTTI_TRY(write_document(options_.json_file, document_of(options_, job_, rows_)));
  }
  if (!options_.plot_file.empty()) TUTTI_TRY(gnuplot::draw(plot_script(options_.plot_file, options_, job_, rows_)));
  return {};
}

}  // namespace tutti::perf
