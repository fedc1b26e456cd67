#include "tools/sim/trace.hpp"

#include <fmt/format.h>

#include <iterator>

namespace tutti::predict {
namespace {

constexpr std::size_t kMostSpans = 500'000;

int row_of(sim::Task::Kind kind) {
  if (kind == sim::Task::Kind::send) return 1;
  return kind == sim::Task::Kind::recv ? 2 : 0;
}

std::string name_of(const sim::Span& span) {
  switch (span.kind) {
    case sim::Task::Kind::send:
      return fmt::format("to {}", index(span.peer));
    case sim::Task::Kind::recv:
      return fmt::format("from {}", index(span.peer));
    case sim::Task::Kind::copy:
      return "copy";
    default:
      return "reduce";
  }
}

}  // namespace

std::string trace_of(const Rehearsal& rehearsal) {
  std::string text = "{\"displayTimeUnit\": \"ns\", \"traceEvents\": [\n";
  std::size_t written = 0;
  for (const sim::Span& span : rehearsal.rows.back().outcome.spans) {
    if (written == kMostSpans) break;
    fmt::format_to(std::back_inserter(text),
                   "{}{{\"name\": \"{}\", \"ph\": \"X\", \"pid\": {}, \"tid\": {}, \"ts\": {:.6f}, \"dur\": {:.6f}, "
                   "\"args\": {{\"bytes\": {}}}}}",
                   written++ == 0 ? "" : ",\n", name_of(span), index(span.rank), row_of(span.kind), span.begin_us,
                   span.end_us - span.begin_us, span.bytes);
  }
  return text + "\n]}\n";
}

}  // namespace tutti::predict
