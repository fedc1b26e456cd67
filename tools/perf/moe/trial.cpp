#include "tools/perf/moe/trial.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "tools/perf/encode.hpp"

namespace tutti::perf::moe {
namespace {

// Between -8 and 8: sums of a few dozen experts' results stay exact.
float value_of(std::uint64_t turn, int rank, std::int64_t token, std::size_t at) {
  const auto mixed = turn * 13 + static_cast<std::uint64_t>(rank) * 7 + static_cast<std::uint64_t>(token) * 3 + at * 5;
  return static_cast<float>(static_cast<int>(mixed % 17) - 8);
}

float apply_expert(int expert, float value) {
  return value * static_cast<float>(1 + expert % 3) + static_cast<float>(expert % 5);
}

// Written apart from the library's own conversions, so that it can judge them.
float half_value(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const int fraction = bits & 1023;
  const float size = exponent == 31  ? std::numeric_limits<float>::infinity()
                     : exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                                     : std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
  return (bits >> 15) != 0 ? -size : size;
}

tuttiEpWire_t wire_of(const std::string& name) {
  if (name == "bfloat16") return tuttiEpWireBfloat16;
  if (name == "half") return tuttiEpWireFloat16;
  return name == "f8" ? tuttiEpWireFloat8Blocks : tuttiEpWireFloat32;
}

// Of the sum of what is added: what rounding to the wire, twice, and to the result may change.
double tolerance(const Options& options) {
  const double wire = options.wire == "f8"         ? 0x1p-4
                      : options.wire == "bfloat16" ? 0x1p-8
                      : options.wire == "half"     ? 0x1p-11
                                                   : 0;
  const double result = options.type == "bfloat16" ? 0x1p-8 : options.type == "half" ? 0x1p-11 : 0x1p-24;
  return 2.5 * wire + 2 * result;
}

}  // namespace

Result<Trial> Trial::make(const Options& options, Seat& seat, std::vector<std::int32_t> choices) {
  Trial trial(options, seat, std::move(choices));
  TUTTI_TRY(trial.create());
  return trial;
}

Trial::Trial(Trial&& other) noexcept
    : options_(other.options_),
      seat_(other.seat_),
      choices_(std::move(other.choices_)),
      type_(other.type_),
      ep_(std::exchange(other.ep_, nullptr)),
      plan_(std::exchange(other.plan_, nullptr)),
      in_(std::move(other.in_)),
      rows_(std::move(other.rows_)),
      out_(std::move(other.out_)) {}

Trial::~Trial() {
  tuttiEpPlanDestroy(plan_);
  tuttiEpDestroy(ep_);
}

Status Trial::create() {
  type_ = *parse_data_type(options_.type);
  tuttiEpConfig_t config = TUTTI_EP_CONFIG_INITIALIZER;
  config.numExperts = options_.experts;
  config.maxTopk = options_.topk;
  config.maxTokens = std::max<std::int64_t>(1, options_.tokens);
  config.maxRowBytes = std::max(row_bytes(), options_.hidden * (options_.wire == "float" ? 4U : 2U));
  config.stagingBytes = options_.staging;
  config.route = options_.route == "direct"         ? tuttiEpRouteDirect
                 : options_.route == "hierarchical" ? tuttiEpRouteHierarchical
                                                    : tuttiEpRouteAuto;
  TUTTI_TRY(settle(tuttiEpCreate(seat_.comm(), &config, &ep_), "making the group"));
  in_.resize(static_cast<std::size_t>(options_.tokens) * row_bytes());
  out_.resize(in_.size());
  fill(0);
  TUTTI_TRY(plan());
  return fit_rows();
}

Status Trial::plan() {
  tuttiEpRouting_t routing = {};
  routing.size = sizeof routing;
  routing.ids = choices_.data();
  routing.idType = tuttiInt32;
  routing.tokens = options_.tokens;
  routing.topk = options_.topk;
  if (plan_ == nullptr) return settle(tuttiEpPlanCreate(ep_, &routing, tuttiEpFlat, 0, &plan_), "plan");
  return settle(tuttiEpPlanUpdate(plan_, &routing), "plan");
}

Status Trial::fit_rows() {
  tuttiEpPlanInfo_t info = {};
  info.size = sizeof info;
  TUTTI_TRY(settle(tuttiEpPlanGet(plan_, 0, &info), "plan"));
  rows_.resize(static_cast<std::size_t>(info.recvRows) * row_bytes());
  return {};
}

Status Trial::dispatch() {
  const tuttiEpColumn_t column = {in_.data(), 0, rows_.data(), 0, row_bytes()};
  return settle(tuttiEpDispatch(plan_, 0, &column, 1, 0, nullptr), "dispatch");
}

Status Trial::combine() {
  tuttiEpCombine_t call = {};
  call.size = sizeof call;
  call.elements = options_.hidden;
  call.in = rows_.data();
  call.inType = call.outType = call.biasType = static_cast<tuttiDataType_t>(type_);
  call.out = out_.data();
  call.wire = wire_of(options_.wire);
  return settle(tuttiEpCombine(plan_, 0, &call, 0, nullptr), "combine");
}

float Trial::read(const std::byte* row, std::size_t at) const {
  if (type_ == DataType::f32) {
    float value = 0;
    std::memcpy(&value, row + at * sizeof value, sizeof value);
    return value;
  }
  std::uint16_t bits = 0;
  std::memcpy(&bits, row + at * sizeof bits, sizeof bits);
  return type_ == DataType::bf16 ? std::bit_cast<float>(std::uint32_t{bits} << 16) : half_value(bits);
}

void Trial::write(std::byte* row, std::size_t at, float value) const {
  store(row, at, type_, encode(type_, value));
}

void Trial::fill(std::uint64_t turn) {
  std::array<std::uint64_t, 17> bits{};  // of the values that there are
  for (std::size_t i = 0; i < bits.size(); ++i) bits.at(i) = encode(type_, static_cast<double>(i) - 8);
  for (std::int64_t token = 0; token < options_.tokens; ++token) {
    std::byte* const row = in_.data() + static_cast<std::size_t>(token) * row_bytes();
    for (std::size_t at = 0; at < options_.hidden; ++at)
      store(row, at, type_, bits.at(static_cast<std::size_t>(value_of(turn, seat_.rank(), token, at) + 8)));
  }
}

// Checks what came, and puts the sum of this rank's experts' results in its place.
Result<std::uint64_t> Trial::apply_experts(std::uint64_t turn) {
  tuttiEpPlanInfo_t info = {};
  info.size = sizeof info;
  TUTTI_TRY(settle(tuttiEpPlanGet(plan_, 0, &info), "plan"));
  std::uint64_t wrong = 0;
  std::vector<float> sum(options_.hidden);
  for (std::int64_t choice = 0; choice < info.choices;) {
    const auto place = info.choiceRow[choice];
    std::byte* const row = rows_.data() + static_cast<std::size_t>(place) * row_bytes();
    std::fill(sum.begin(), sum.end(), 0.0F);
    for (; choice < info.choices && info.choiceRow[choice] == place; ++choice) {
      const int expert = info.slotExpert[info.choiceSlot[choice]];
      for (std::size_t at = 0; at < options_.hidden; ++at) {
        const float wanted = value_of(turn, info.rowSource[place], info.rowToken[place], at);
        wrong += read(row, at) == wanted ? 0 : 1;
        sum[at] += apply_expert(expert, wanted);
      }
    }
    for (std::size_t at = 0; at < options_.hidden; ++at) write(row, at, sum[at]);
  }
  return wrong;
}

std::uint64_t Trial::count_wrong(std::uint64_t turn) const {
  std::uint64_t wrong = 0;
  const auto topk = static_cast<std::size_t>(options_.topk);
  for (std::int64_t token = 0; token < options_.tokens; ++token) {
    const auto first = static_cast<std::size_t>(token);
    for (std::size_t at = 0; at < options_.hidden; ++at) {
      const float value = value_of(turn, seat_.rank(), token, at);
      double sum = 0;
      double size = 0;
      for (std::size_t k = first * topk; k < (first + 1) * topk; ++k) {
        if (choices_[k] < 0) continue;
        const double result = apply_expert(choices_[k], value);
        sum += result;
        size += std::fabs(result);
      }
      const double got = read(out_.data() + first * row_bytes(), at);
      wrong += std::fabs(got - sum) <= size * tolerance(options_) ? 0 : 1;
    }
  }
  return wrong;
}

Result<std::uint64_t> Trial::check(std::uint64_t turn) {
  fill(turn);
  std::fill(rows_.begin(), rows_.end(), std::byte{0xff});
  std::fill(out_.begin(), out_.end(), std::byte{0xff});
  TUTTI_TRY(plan());
  TUTTI_TRY(dispatch());
  const std::uint64_t wrong = TUTTI_TRY(apply_experts(turn));
  TUTTI_TRY(combine());
  return wrong + count_wrong(turn);
}

Result<tuttiEpStats_t> Trial::statistics() const {
  tuttiEpStats_t stats = {};
  stats.size = sizeof stats;
  TUTTI_TRY(settle(tuttiEpGetStats(ep_, &stats), "statistics"));
  return stats;
}

Result<std::string> Trial::route() const {
  std::size_t needed = 0;
  TUTTI_TRY(settle(tuttiEpPlanDescribe(plan_, nullptr, 0, &needed), "plan"));
  std::string text(needed, '\0');
  TUTTI_TRY(settle(tuttiEpPlanDescribe(plan_, text.data(), text.size(), nullptr), "plan"));
  const auto json = nlohmann::json::parse(text.c_str(), nullptr, false);
  if (!json.is_object()) return Error{Code::internal, "the library does not describe the plan"};
  std::string route = "none";
  for (const auto& each : json["routes"]) {
    const auto name = each.value("route", std::string());
    route = route == "none" || route == name ? name : "mixed";
  }
  return route;
}

}  // namespace tutti::perf::moe
