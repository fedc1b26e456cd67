#include "tools/perf/moe/benchmark.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <numeric>

#include "tools/perf/document.hpp"
#include "tools/perf/exit_code.hpp"
#include "tools/perf/moe/report.hpp"
#include "tools/perf/moe/speeds.hpp"
#include "tools/perf/moe/trial.hpp"

namespace tutti::perf::moe {
namespace {

using Clock = std::chrono::steady_clock;

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);  // a pipe shows each row as a terminal does
}

// Every rank's node, in numbers from 0, from what the library says of each.
Result<std::vector<int>> learn_nodes(Seat& seat) {
  std::string words(256, '\0');
  TUTTI_TRY(checked(tuttiCommDescribe(seat.comm(), words.data(), words.size(), nullptr), "asking where", seat.comm()));
  const auto at = words.find("node ");
  const int own = at == std::string::npos ? 0 : std::atoi(words.c_str() + at + 5);  // NOLINT: the library's own text
  std::vector<int> nodes(static_cast<std::size_t>(seat.ranks()));
  TUTTI_TRY(
      checked(tuttiAllGather(&own, nodes.data(), 1, tuttiInt32, seat.comm(), nullptr), "asking where", seat.comm()));
  return nodes;
}

// Each of these by all ranks, in the same order; the time is the slowest rank's.
struct Times {
  std::vector<double> plan;
  std::vector<double> dispatch;
  std::vector<double> combine;
};

template <typename Call>
Result<double> time_us(Seat& seat, Call&& call) {
  TUTTI_TRY(seat.barrier());
  const auto begin = Clock::now();
  TUTTI_TRY(call());
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

Result<Times> measure(const Options& options, Seat& seat, Trial& trial) {
  Times times;
  for (int i = -options.sweep.warmups; i < options.sweep.iterations; ++i) {
    const double plan = TUTTI_TRY(time_us(seat, [&] { return trial.plan(); }));
    const double dispatch = TUTTI_TRY(time_us(seat, [&] { return trial.dispatch(); }));
    const double combine = TUTTI_TRY(time_us(seat, [&] { return trial.combine(); }));
    if (i < 0) continue;
    times.plan.push_back(plan);
    times.dispatch.push_back(dispatch);
    times.combine.push_back(combine);
  }
  for (auto* const each : {&times.plan, &times.dispatch, &times.combine}) TUTTI_TRY(seat.reduce(*each, tuttiMax));
  return times;
}

Result<Rows> all_rows(Seat& seat, Rows rows) {
  for (auto* const each : {&rows.out_of_node, &rows.into_node, &rows.into_rank, &rows.out_of_rank})
    TUTTI_TRY(seat.reduce(*each, tuttiSum));
  return rows;
}

// What all ranks' plans chose, told as one word.
Result<std::string> route_of_all(Seat& seat, const Trial& trial) {
  static const std::map<std::string, std::size_t> kNumbers = {
      {"none", 0}, {"direct", 1}, {"hierarchical", 2}, {"mixed", 3}};
  std::array<double, 4> chosen = {};
  chosen.at(kNumbers.at(TUTTI_TRY(trial.route()))) = 1;
  TUTTI_TRY(seat.reduce(chosen, tuttiSum));
  if (chosen[3] > 0 || (chosen[1] > 0 && chosen[2] > 0)) return std::string("mixed");
  return std::string(chosen[1] > 0 ? "direct" : chosen[2] > 0 ? "hierarchical" : "none");
}

struct Place {
  Homes homes;
  Speeds speeds;
};

void bound(const Options& options, const Rows& rows, const Place& place, Row& row) {
  const auto bytes_of = [](const std::string& type) {
    return type == "float" ? 4.0 : type == "f8" ? 1.0 + 1.0 / 128 : 2.0;
  };
  const auto elements = static_cast<double>(options.hidden);
  const double there = elements * bytes_of(options.type);
  const double back = elements * bytes_of(options.wire);
  Rows reversed = rows;  // results go the other way
  std::swap(reversed.out_of_node, reversed.into_node);
  std::swap(reversed.into_rank, reversed.out_of_rank);
  row.bound_us = bound_us(rows, there, place.speeds) + bound_us(reversed, back, place.speeds);
  const double count = place.homes.nodes > 1 ? rows.network() : rows.between_ranks();
  row.bound_bytes = count * (there + back);
  const double busiest = *std::max_element(rows.into_rank.begin(), rows.into_rank.end());
  const double mean = rows.between_ranks() / static_cast<double>(rows.into_rank.size());
  row.skew = mean > 0 ? busiest / mean : 1;
}

Result<Row> measure_routing(const Options& options, Routing routing, const Place& place, Seat& seat) {
  Row row;
  row.routing = routing;
  auto choices = TUTTI_TRY(choose(options, routing, place.homes, seat.rank()));
  const Rows rows = TUTTI_TRY(all_rows(seat, rows_of(choices, options.topk, place.homes, seat.rank())));
  Trial trial = TUTTI_TRY(Trial::make(options, seat, std::move(choices)));
  std::uint64_t wrong = 0;
  if (options.sweep.checks > 0) wrong += TUTTI_TRY(trial.check(1));
  const auto before = TUTTI_TRY(trial.statistics());
  const Times times = TUTTI_TRY(measure(options, seat, trial));
  const auto after = TUTTI_TRY(trial.statistics());
  if (options.sweep.checks > 0) wrong += TUTTI_TRY(trial.check(2));
  row.route = TUTTI_TRY(route_of_all(seat, trial));
  row.plan_us = statistics_of(times.plan);
  row.dispatch_us = statistics_of(times.dispatch);
  row.combine_us = statistics_of(times.combine);
  const double turns = options.sweep.iterations + options.sweep.warmups;
  const bool far = place.homes.nodes > 1;
  std::array<double, 2> sent = {
      static_cast<double>(far ? after.networkBytes - before.networkBytes : after.nodeBytes - before.nodeBytes) / turns,
      static_cast<double>(after.messages - before.messages) / turns};
  TUTTI_TRY(seat.reduce(sent, tuttiSum));
  row.wire_bytes = sent[0];
  row.messages = sent[1];
  row.staging_bytes = static_cast<double>(after.stagingBytes);
  TUTTI_TRY(seat.reduce({&row.staging_bytes, 1}, tuttiMax));
  bound(options, rows, place, row);
  row.ok = TUTTI_TRY(seat.sum(wrong)) == 0;
  return row;
}

Result<int> take_part(const Options& options, Seat& seat) {
  const bool tells = seat.rank() == 0;
  const std::string& file = options.sweep.json_file;
  if (tells && !file.empty()) TUTTI_TRY(write_document(file, nlohmann::ordered_json::object()));
  const Job job = TUTTI_TRY(describe_job(seat, 0));
  const auto nodes = TUTTI_TRY(learn_nodes(seat));
  const Place place{even_homes(options.experts, nodes), TUTTI_TRY(measure_speeds(seat, nodes))};
  if (tells) print(format_head(options, job, place.speeds));
  std::vector<Row> rows;
  for (const Routing routing : options.routings) {
    rows.push_back(TUTTI_TRY(measure_routing(options, routing, place, seat)));
    if (tells) print(format_row(rows.back()));
  }
  if (tells) print(format_tail(rows));
  if (tells && !file.empty()) TUTTI_TRY(write_document(file, document_of(options, job, place.speeds, rows)));
  const bool ok = std::all_of(rows.begin(), rows.end(), [](const Row& row) { return row.ok; });
  return ok ? 0 : kFailed;
}

}  // namespace

int benchmark(const Options& options) {
  if (const auto fine = check(options); !fine) return complain("", fine.error());
  auto joined = join_world(options.sweep);
  if (!joined) return complain("", joined.error());
  Seat seat = std::move(joined).value();
  const std::string who = fmt::format("rank {}", seat.rank());
  const auto code = take_part(options, seat);
  if (!code) return complain(who, code.error());
  if (const auto closed = seat.close(); !closed) return complain(who, closed.error());
  return *code;
}

}  // namespace tutti::perf::moe
