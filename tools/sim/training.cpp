#include "tools/sim/training.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "base/bytes.hpp"
#include "tools/sim/training_group.hpp"

namespace tutti::predict {
namespace {

constexpr std::int64_t kMostBuckets = 10'000'000;
constexpr double kMostParameters = 1e18;

Error wrong(std::string text) {
  return {Code::invalid_argument, std::move(text)};
}

// "70G", "1.5T", "4096": powers of ten, as models are counted.
Result<double> parse_count(const std::string& text) {
  char* end = nullptr;
  double value = std::strtod(text.c_str(), &end);
  const std::string unit = end;
  constexpr std::array<std::pair<const char*, double>, 6> kUnits{
      {{"", 1}, {"K", 1e3}, {"M", 1e6}, {"G", 1e9}, {"B", 1e9}, {"T", 1e12}}};
  double factor = 0;
  for (const auto& [name, its] : kUnits) {
    if (unit == name) factor = its;
  }
  value *= factor;
  if (end == text.c_str() || factor == 0 || !(value >= 0 && value <= kMostParameters))
    return wrong(fmt::format("--parameters '{}': a number from 0 to 1e18, K, M, G (or B) and T are powers of ten",
                             text.substr(0, 64)));
  return std::round(value);
}

class Trainer {
 public:
  Trainer(const TrainingQuestion& question, const Report& report) : question_(question), report_(report) {}

  Result<Training> run() {
    TUTTI_TRY(make_world());
    TUTTI_TRY(add_gradients());
    if (question_.experts > 0) TUTTI_TRY(add_exchange());
    sim::TrainingStep& step = training_.step;
    step.layers = static_cast<std::int32_t>(question_.layers);
    step.backward_us = question_.compute_ms * 1e3 * question_.backward;
    step.forward_us = question_.compute_ms * 1e3 - step.backward_us;
    training_.times = play(step);
    return std::move(training_);
  }

 private:
  Status make_world() {
    Question question;
    question.cluster = question_.cluster;
    question.routing = question_.routing;
    question.sizes = question_.bucket;
    training_.setting = TUTTI_TRY(make_setting(question));
    const auto type = parse_data_type(question_.type);
    if (!type) return wrong(fmt::format("there is no element type '{}'", question_.type.substr(0, 64)));
    element_ = static_cast<double>(size_of(*type));
    return {};
  }

  // `way`: empty for the planned one.
  Result<Row> simulate(const char* collective, const char* way, double bytes, Setting setting) {
    Question question;
    question.call.collective = collective;
    question.call.type = question_.type;
    question.routing = question_.routing;
    question.algo = way;
    setting.sizes = {static_cast<std::uint64_t>(std::ceil(bytes))};
    Rehearsal rehearsal = TUTTI_TRY(rehearse(question, std::move(setting), report_));
    return std::move(rehearsal.rows.front());
  }

  // Tokens go to everybody at once.
  Result<double> exchanged(double bytes, const Setting& setting) {
    return TUTTI_TRY(simulate("all_to_all", "direct", bytes, setting)).time_us;
  }

  Status add_gradients() {
    const double bytes = TUTTI_TRY(parse_count(question_.parameters)) * element_;
    training_.gradient_bytes = bytes;
    if (bytes <= 0) return {};
    const auto bucket = std::min(bytes, static_cast<double>(training_.setting.sizes.front()));
    const double buckets = std::ceil(bytes / bucket);
    if (buckets > static_cast<double>(kMostBuckets))
      return wrong(
          fmt::format("{:g} bytes of gradients in buckets of {:g} are more than {} all-reduces: larger ones "
                      "make sense",
                      bytes, bucket, kMostBuckets));
    sim::TrainingStep& step = training_.step;
    step.buckets = static_cast<std::int64_t>(buckets);
    training_.bucket = TUTTI_TRY(simulate("all_reduce", "", bucket, training_.setting));
    step.bucket_us = step.last_bucket_us = training_.bucket->time_us;
    const double last = bytes - bucket * (buckets - 1);
    if (last >= bucket) return {};
    training_.last_bucket = TUTTI_TRY(simulate("all_reduce", "", last, training_.setting));
    step.last_bucket_us = training_.last_bucket->time_us;
    step.last_bucket_part = last / bucket;
    return {};
  }

  Status add_exchange() {
    const Setting group = TUTTI_TRY(group_with_experts(
        training_.setting, {question_.experts, question_.expert_ranks, question_.topk, question_.hidden}));
    const std::int64_t ranks = group.fabric.ranks();
    Exchange exchange;
    const std::int64_t nodes = ranks / node_ranks(group);
    exchange.routing = {.tokens = static_cast<double>(question_.tokens),
                        .token_bytes = static_cast<double>(question_.hidden) * element_,
                        .experts = question_.experts,
                        .topk = question_.topk,
                        .ranks = ranks,
                        .nodes = nodes};
    if (ranks > 1) exchange.direct_us = TUTTI_TRY(exchanged(exchange.routing.direct_bytes(), group));
    if (nodes > 1 && nodes < ranks) {
      exchange.rail_us = TUTTI_TRY(exchanged(exchange.routing.rail_bytes(), along_rail(group))) +
                         TUTTI_TRY(exchanged(exchange.routing.node_bytes(), inside_node(group)));
    }
    training_.step.exchange_us = exchange.us();
    training_.exchange = exchange;
    return {};
  }

  const TrainingQuestion& question_;
  const Report& report_;
  double element_ = 1;
  Training training_;
};

}  // namespace

Result<Training> train(const TrainingQuestion& question, const Report& report) {
  return Trainer(question, report).run();
}

std::string dominant(const sim::TrainingTimes& times) {
  if (times.exposed_us() <= times.compute_us) return "computing";
  return times.exposed_gradients_us > times.exposed_exchanges_us ? "gradients" : "exchanges";
}

}  // namespace tutti::predict
