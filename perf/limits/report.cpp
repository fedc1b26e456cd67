#include "perf/limits/report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "base/bytes.hpp"

namespace tutti::limits {
namespace {

using Json = nlohmann::ordered_json;

double gigabytes(std::size_t bytes, int cores, double us) {
  return static_cast<double>(bytes) * cores / us / 1000;
}

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

const Bandwidth* find(const Report& report, std::string_view what, std::string_view stores, int cores,
                      std::size_t bytes) {
  for (const Bandwidth& row : report.bandwidth) {
    if (row.what == what && row.stores == stores && row.cores == cores && row.bytes == bytes) return &row;
  }
  return nullptr;
}

// A line a size: GB/s of output, all cores together.
std::string format_bandwidth(const Report& report, int cores) {
  std::string text = fmt::format("\n# {} core{}: GB/s written, together\n#{:>11}{:>12}{:>12}{:>12}{:>12}\n", cores,
                                 cores == 1 ? "" : "s", "bytes each", "copy", "streaming", "reduce", "streaming");
  for (const Bandwidth& first : report.bandwidth) {
    if (first.cores != cores || find(report, "copy", "plain", cores, first.bytes) != &first) continue;
    text += fmt::format("{:>12}", to_string(Bytes{first.bytes}));
    for (const char* const what : {"copy", "reduce"}) {
      for (const char* const stores : {"plain", "streaming"}) {
        const Bandwidth* const row = find(report, what, stores, cores, first.bytes);
        text += fmt::format("{:>12.2f}", gigabytes(row->bytes, row->cores, row->us));
      }
    }
    text += "\n";
  }
  return text;
}

}  // namespace

Report describe_machine() {
  Report report;
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  report.host = host.data();
  report.cpu = cpu_name();
  return report;
}

std::string format_text(const Report& report) {
  std::string text = fmt::format("# {}: {}, cores {}\n", report.host, report.cpu, fmt::join(report.cores, ","));
  if (report.round_trip_us) text += fmt::format("cache line there and back    {:>10.3f} us\n", *report.round_trip_us);
  for (const WakeUp& wake : report.wake_up) {
    text += fmt::format("wake-up by {:<8}{:<10}{:>10.2f} us\n", wake.by, wake.same_core ? "same core" : "", wake.us);
  }
  text += fmt::format("hand-over of a shared core   {:>10.2f} us\n", report.hand_over_us);
  for (const int cores : team_sizes(static_cast<int>(report.cores.size()))) text += format_bandwidth(report, cores);
  text += "\n# Copy out of another process (process_vm_readv), one core\n";
  if (!report.foreign.refusal.empty()) text += fmt::format("# not allowed here: {}\n", report.foreign.refusal);
  for (const ForeignCopy& row : report.foreign.rows) {
    text += fmt::format("{:>12}{:>12.2f} us{:>12.2f} GB/s\n", to_string(Bytes{row.bytes}), row.us,
                        gigabytes(row.bytes, 1, row.us));
  }
  if (report.all_reduce.empty()) return text;
  text += fmt::format("\n# All-reduce on buffers that all cores reach, us\n#{:>11}{:>8}{:>12}{:>12}{:>12}  best\n",
                      "bytes", "ranks", "limit", "plain", "streaming");
  for (const AllReduce& row : report.all_reduce) {
    text += fmt::format("{:>12}{:>8}{:>12.3f}{:>12.3f}{:>12.3f}  {}\n", to_string(Bytes{row.bytes}), row.ranks, row.us,
                        row.plain_us, row.streaming_us, row.best);
  }
  return text;
}

Json document_of(const Report& report) {
  Json json = {{"schema", "tutti.limits/1"},
               {"host", report.host},
               {"cpu", report.cpu},
               {"cores", report.cores},
               {"round_trip_us", report.round_trip_us ? Json(*report.round_trip_us) : Json(nullptr)},
               {"wake_up", Json::array()},
               {"hand_over_us", report.hand_over_us},
               {"bandwidth", Json::array()},
               {"process_vm_readv", Json::array()},
               {"all_reduce", Json::array()}};
  for (const WakeUp& row : report.wake_up)
    json["wake_up"].push_back({{"by", row.by}, {"same_core", row.same_core}, {"us", row.us}});
  for (const Bandwidth& row : report.bandwidth) {
    json["bandwidth"].push_back({{"what", row.what},
                                 {"stores", row.stores},
                                 {"cores", row.cores},
                                 {"bytes", row.bytes},
                                 {"us", row.us},
                                 {"GBps", gigabytes(row.bytes, row.cores, row.us)}});
  }
  for (const ForeignCopy& row : report.foreign.rows) {
    json["process_vm_readv"].push_back(
        {{"bytes", row.bytes}, {"us", row.us}, {"GBps", gigabytes(row.bytes, 1, row.us)}});
  }
  if (!report.foreign.refusal.empty()) json["process_vm_readv"] = report.foreign.refusal;
  for (const AllReduce& row : report.all_reduce) {
    json["all_reduce"].push_back({{"ranks", row.ranks},
                                  {"bytes", row.bytes},
                                  {"us", row.us},
                                  {"best", row.best},
                                  {"plain_us", row.plain_us},
                                  {"streaming_us", row.streaming_us}});
  }
  return json;
}

}  // namespace tutti::limits
