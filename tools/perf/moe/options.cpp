#include "tools/perf/moe/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace tutti::perf::moe {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"uniform", "group-limited", "log-normal",
                                                    "zipf",    "k-hot",         "replay"};

}  // namespace

std::string_view to_string(Routing routing) {
  return kNames.at(static_cast<std::size_t>(routing));
}

perf::Options default_sweep() {
  perf::Options sweep;
  sweep.iterations = 100;
  sweep.warmups = 20;
  return sweep;
}

Result<std::vector<Routing>> parse_routings(std::string_view text) {
  if (text == "all")
    return std::vector{Routing::uniform, Routing::group_limited, Routing::log_normal, Routing::zipf, Routing::k_hot};
  std::vector<Routing> routings;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    const auto name = text.substr(begin, end - begin);
    const auto* const at = std::find(kNames.begin(), kNames.end(), name);
    if (at == kNames.end()) {
      return Error{Code::invalid_argument,
                   fmt::format("there is no routing '{}'; known are all, uniform, group-limited, log-normal, zipf, "
                               "k-hot, replay",
                               name)};
    }
    routings.push_back(static_cast<Routing>(at - kNames.begin()));
    begin = end + 1;
  }
  return routings;
}

Status check(const Options& options) {
  const auto wrong = [](std::string text) { return Error{Code::invalid_argument, std::move(text)}; };
  const auto has = [&](Routing routing) {
    return std::find(options.routings.begin(), options.routings.end(), routing) != options.routings.end();
  };
  if (options.topk > options.experts)
    return wrong(fmt::format("--topk {}: there are {} experts", options.topk, options.experts));
  if (has(Routing::replay) && options.replay_file.empty()) return wrong("--routing replay needs --replay FILE");
  if (!std::isfinite(options.sigma) || options.sigma < 0 || !std::isfinite(options.exponent) || options.exponent < 0)
    return wrong("--sigma and --exponent must not be negative");
  return {};
}

}  // namespace tutti::perf::moe
