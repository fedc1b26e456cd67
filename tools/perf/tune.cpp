#include "tools/perf/tune.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/text_file.hpp"
#include "plan/exchange/exchange.hpp"
#include "tools/perf/judge.hpp"
#include "tools/perf/trial.hpp"

namespace tutti::perf {
namespace {

using plan::MeasuredWay;
using plan::TuningTable;

constexpr double kWorthIt = 0.97;  // of the model's time: less is noise, and the model knows sizes in between

// A way on a communicator of its own.
struct Contestant {
  MeasuredWay way;
  Seat seat;
  std::unique_ptr<Trial> trial;
  std::vector<double> times;
};

// What the library would do, and could.
struct Prospects {
  plan::Site site;
  std::vector<MeasuredWay> ways;  // the model's choice first
};

Error wrong(std::string text) {
  return {Code::invalid_argument, "--tune: " + std::move(text)};
}

Result<Prospects> ask(const Trial& trial, const Shape& shape, int most) {
  const auto json = trial.explanation(shape);
  if (!json.is_object()) return Error{Code::internal, "--tune: the library does not say what it would choose"};
  const std::string chosen_by = json.value("chosen_by", "");
  if (chosen_by != "model") return wrong(fmt::format("{} would choose: unset it", chosen_by));
  if (json.value("deterministic", false))
    return wrong("TUTTI_DETERMINISTIC leaves too little to choose from: unset it");
  const auto& site = json.at("site");
  Prospects prospects{.site = {.ranks = site.at("ranks"),
                               .nodes = site.at("nodes"),
                               .levels = site.at("levels"),
                               .transports = site.at("transports"),
                               .cpu = site.at("cpu"),
                               .cores = site.at("cores"),
                               .fingerprint = site.at("fingerprint")},
                      .ways = {}};
  for (const auto& candidate : json.at("candidates")) {
    if (candidate.contains("refused") || prospects.ways.size() == static_cast<std::size_t>(most)) continue;
    prospects.ways.push_back({candidate.at("algorithm"), candidate.at("segments"), 0});
  }
  return prospects;
}

class Tuner {
 public:
  Tuner(const Options& options, Seat& seat, const Case& series, Buffer& send, Buffer& recv)
      : options_(options), checking_(options), seat_(seat), series_(series), send_(send), recv_(recv) {
    checking_.iterations = 1;
    checking_.warmups = 1;
    checking_.checks = std::max(1, options.checks);
  }

  Status run(std::size_t bytes) {
    const Trial own = TUTTI_TRY(Trial::make(options_, seat_, series_, send_, recv_, nullptr));
    const Shape shape = own.shape_for(bytes);
    if (!sizes_.empty() && sizes_.back() >= shape.bytes) return {};  // rounded to whole blocks
    Prospects prospects = TUTTI_TRY(ask(own, shape, options_.tuned_ways));
    site_ = prospects.site;
    std::vector<std::unique_ptr<Contestant>> all;
    for (MeasuredWay& way : prospects.ways) all.push_back(TUTTI_TRY(contestant(std::move(way), bytes)));
    TUTTI_TRY(race(all, shape));
    decide(all, shape.bytes);
    for (auto& one : all) {
      one->trial.reset();
      TUTTI_TRY(one->seat.close());
    }
    return {};
  }

  [[nodiscard]] std::uint64_t wrong_elements() const { return wrong_; }

  void take_in(TuningTable& table) const {
    if (sizes_.empty()) return;
    const auto ranges = plan::ranges_of(sizes_);
    for (std::size_t i = 0; i < sizes_.size(); ++i) {
      plan::TunedChoice choice = choices_[i];
      choice.least_bytes = ranges[i].least;
      choice.most_bytes = ranges[i].most;
      table.at(site_).put(choice);
    }
  }

 private:
  Result<std::unique_ptr<Contestant>> contestant(MeasuredWay way, std::size_t bytes) {
    const std::string forced = fmt::format("{}:{}/{}", options_.collective.name, way.way, way.segments);
    auto one = std::make_unique<Contestant>(
        Contestant{.way = std::move(way), .seat = TUTTI_TRY(seat_.again(options_, forced)), .trial = {}, .times = {}});
    one->trial = std::make_unique<Trial>(TUTTI_TRY(Trial::make(checking_, one->seat, series_, send_, recv_, nullptr)));
    const Row row = TUTTI_TRY(one->trial->run(bytes));
    for (const Side* const side : {&row.out_of_place, &row.in_place}) wrong_ += side->wrong.value_or(0);
    return one;
  }

  // By turns, so that what disturbs the machine disturbs all alike; everybody begins in turn.
  Status race(std::vector<std::unique_ptr<Contestant>>& all, const Shape& shape) {
    for (int i = 0; i < options_.iterations; ++i) {
      for (std::size_t turn = 0; turn < all.size(); ++turn) {
        Contestant& one = *all[(turn + static_cast<std::size_t>(i)) % all.size()];
        one.times.push_back(TUTTI_TRY(one.trial->time_calls(shape, static_cast<std::size_t>(i))));
      }
    }
    for (const auto& one : all) {
      TUTTI_TRY(seat_.reduce(one->times, tuttiMax));
      one->way.us = statistics_of(one->times).p50;
    }
    return {};
  }

  void decide(const std::vector<std::unique_ptr<Contestant>>& all, std::uint64_t bytes) {
    const auto best =
        std::min_element(all.begin(), all.end(), [](const auto& a, const auto& b) { return a->way.us < b->way.us; });
    const MeasuredWay& model = all.front()->way;
    const MeasuredWay& winner = (*best)->way.us < kWorthIt * model.us ? (*best)->way : model;
    const auto collective = plan::parse_collective(options_.collective.name);
    choices_.push_back({.collective = *collective, .measured_bytes = bytes, .best = winner, .model = model});
    sizes_.push_back(bytes);
    if (seat_.rank() != 0) return;
    std::string others;
    for (const auto& one : all) {
      if (&one->way != &winner) others += fmt::format("  {}/{} {:.1f}", one->way.way, one->way.segments, one->way.us);
    }
    fmt::print("{:>12}  {:<32} {:>10.1f} {:>10.1f} {}\n", bytes, fmt::format("{}/{}", winner.way, winner.segments),
               winner.us, model.us, others);
    std::fflush(stdout);
  }

  const Options& options_;
  Options checking_;
  Seat& seat_;
  Case series_;
  Buffer& send_;
  Buffer& recv_;
  plan::Site site_;
  std::vector<std::uint64_t> sizes_;
  std::vector<plan::TunedChoice> choices_;
  std::uint64_t wrong_ = 0;
};

// A file that is not there is as one in which nothing was measured.
Result<TuningTable> read_table(const std::string& file) {
  if (::access(file.c_str(), F_OK) != 0) return TuningTable{};
  auto table = plan::read_tuning(TUTTI_TRY(read_text(file, plan::ExchangeLimits{}.bytes)));
  if (!table) return wrong(fmt::format("{}: {}", file, table.error().text));
  return table;
}

}  // namespace

Result<int> tune(const Options& options, Seat& seat) {
  if (options.collective.uneven || !plan::parse_collective(options.collective.name))
    return wrong(fmt::format("{} has no ways of its own to choose from", options.collective.name));
  if (seat.ranks() == 1) return wrong("one rank has nothing to choose from: start more, as with tutti run -n 4");
  const auto cases = TUTTI_TRY(cases_of(options, seat.ranks()));
  if (cases.size() != 1) return wrong("one type, operator and root at a time");
  const bool speaks = seat.rank() == 0;
  TuningTable table;
  if (speaks) {
    table = TUTTI_TRY(read_table(options.tune_file));
    TUTTI_TRY(write_text(options.tune_file, plan::write_tuning(table)));  // nobody measures for a file that cannot be
    fmt::print("# Tuning {} on {} ranks, medians in us of the slowest rank\n#{:>11}  {:<32} {:>10} {:>10}   others\n",
               options.collective.name, seat.ranks(), "bytes", "best", "time", "model's");
  }
  const auto sizes = sizes_of(options);
  const std::size_t largest = *std::max_element(sizes.begin(), sizes.end());
  Buffer send = TUTTI_TRY(Buffer::make(largest + Judge::kGuard));
  Buffer recv = TUTTI_TRY(Buffer::make(largest + Judge::kGuard));
  Tuner tuner(options, seat, cases.front(), send, recv);
  for (const std::size_t bytes : sizes) TUTTI_TRY(tuner.run(bytes));
  if (tuner.wrong_elements() > 0) {
    if (speaks) fmt::print("# {} wrong elements: nothing is kept\n", tuner.wrong_elements());
    return 1;
  }
  if (!speaks) return 0;
  tuner.take_in(table);
  TUTTI_TRY(write_text(options.tune_file, plan::write_tuning(table)));
  fmt::print("# Kept in {}: use it with TUTTI_TUNING={}\n", options.tune_file, options.tune_file);
  return 0;
}

}  // namespace tutti::perf
