#include "tools/perf/moe/choices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/text_file.hpp"

namespace tutti::perf::moe {
namespace {

constexpr std::size_t kMostReplayBytes = std::size_t{1} << 30;

std::uint64_t mix(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  std::uint64_t mixed = a * 0x9e3779b97f4a7c15 + b * 0xbf58476d1ce4e5b9 + c * 0x94d049bb133111eb + 1;
  mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
  return mixed ^ mixed >> 31;
}

// Above 0, up to 1.
double fraction(std::uint64_t random) {
  return (static_cast<double>(random >> 11) + 1) * 0x1.0p-53;
}

// How much each expert is liked. The popular ones lie anywhere: the order is drawn too.
std::vector<double> likings(const Options& options, Routing routing) {
  std::vector<double> log_weight(static_cast<std::size_t>(options.experts), 0.0);
  for (std::size_t expert = 0; expert < log_weight.size(); ++expert) {
    const double u = fraction(mix(options.seed, expert, 101));
    const double v = fraction(mix(options.seed, expert, 102));
    if (routing == Routing::log_normal)
      log_weight[expert] = options.sigma * std::sqrt(-2 * std::log(u)) * std::cos(2 * std::acos(-1.0) * v);
  }
  if (routing != Routing::zipf) return log_weight;
  std::vector<std::size_t> order(log_weight.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return mix(options.seed, a, 103) < mix(options.seed, b, 103); });
  for (std::size_t place = 0; place < order.size(); ++place)
    log_weight[order[place]] = -options.exponent * std::log(static_cast<double>(place + 1));
  return log_weight;
}

// Without replacement and by weight: those with the greatest log(weight) + Gumbel noise (Vieira 2014).
class Drawing {
 public:
  Drawing(const Options& options, Routing routing, const Homes& homes)
      : options_(options),
        homes_(homes),
        limited_(routing == Routing::group_limited),
        likings_(likings(options, routing)),
        scores_(likings_.size()) {
    for (int expert = 0; expert < options.experts; ++expert) nodes_.push_back(homes.node_of(expert));
  }

  void draw(int rank, std::int64_t token, std::int32_t* out) {
    const auto who = static_cast<std::uint64_t>(rank) << 40 | static_cast<std::uint64_t>(token);
    const auto allowed = allowed_nodes(who);
    for (std::size_t expert = 0; expert < scores_.size(); ++expert) {
      const double noise = -std::log(-std::log(fraction(mix(options_.seed, who, expert))) + 1e-300);
      const bool may = !limited_ || allowed[static_cast<std::size_t>(nodes_[expert])];
      scores_[expert] = {may ? likings_[expert] + noise : -std::numeric_limits<double>::infinity(),
                         static_cast<std::int32_t>(expert)};
    }
    const auto best = scores_.begin() + options_.topk;
    std::partial_sort(scores_.begin(), best, scores_.end(), std::greater<>());
    for (auto at = scores_.begin(); at != best; ++at) *out++ = std::isinf(at->first) ? -1 : at->second;
  }

 private:
  std::vector<bool> allowed_nodes(std::uint64_t who) const {
    const auto nodes = static_cast<std::size_t>(homes_.nodes);
    std::vector<bool> allowed(nodes, false);
    if (!limited_) return allowed;
    std::vector<std::pair<std::uint64_t, std::size_t>> drawn;
    for (std::size_t node = 0; node < nodes; ++node) drawn.emplace_back(mix(options_.seed + 7, who, node), node);
    std::sort(drawn.begin(), drawn.end());
    for (std::size_t i = 0; i < std::min(nodes, static_cast<std::size_t>(options_.groups)); ++i)
      allowed[drawn[i].second] = true;
    return allowed;
  }

  const Options& options_;
  const Homes& homes_;
  bool limited_;
  std::vector<double> likings_;
  std::vector<std::pair<double, std::int32_t>> scores_;
  std::vector<int> nodes_;
};

// Every token goes to the same experts, on as many ranks as there are.
std::int32_t hot_expert(const Options& options, int k) {
  return static_cast<std::int32_t>(std::int64_t{k} * options.experts / options.topk);
}

Error bad_line(const Options& options, std::size_t line, const std::string& what) {
  return {Code::invalid_argument, fmt::format("{}:{}: {}", options.replay_file, line, what)};
}

Result<std::vector<std::int32_t>> read_line(const Options& options, std::string_view text, std::size_t line) {
  std::vector<std::int32_t> experts;
  while (true) {
    const auto begin = text.find_first_not_of(" \t,\r");
    if (begin == std::string_view::npos) return experts;
    text.remove_prefix(begin);
    std::int32_t expert = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), expert);
    if (error != std::errc() || expert < -1 || expert >= options.experts)
      return bad_line(options, line, fmt::format("'{}' is no expert of {}", text.substr(0, 12), options.experts));
    if (static_cast<int>(experts.size()) == options.topk)
      return bad_line(options, line, fmt::format("more experts than --topk {}", options.topk));
    experts.push_back(expert);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  }
}

// Token t of rank r has line r * tokens + t, and the file begins anew at its end.
Result<std::vector<std::int32_t>> read_choices(const Options& options, int rank) {
  const std::string text = TUTTI_TRY(read_text(options.replay_file, kMostReplayBytes));
  std::vector<std::string_view> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    lines.push_back(std::string_view(text).substr(begin, end - begin));
    begin = end + 1;
  }
  if (lines.empty()) return Error{Code::invalid_argument, options.replay_file + " has no line"};
  const auto topk = static_cast<std::size_t>(options.topk);
  std::vector<std::int32_t> ids(static_cast<std::size_t>(options.tokens) * topk, -1);
  for (std::int64_t token = 0; token < options.tokens; ++token) {
    const auto line = static_cast<std::size_t>(rank * options.tokens + token) % lines.size();
    const auto experts = TUTTI_TRY(read_line(options, lines[line], line + 1));
    std::copy(experts.begin(), experts.end(), ids.begin() + token * options.topk);
  }
  return ids;
}

}  // namespace

int Homes::rank_of(int expert) const {
  return static_cast<int>(std::upper_bound(first.begin(), first.end(), expert) - first.begin()) - 1;
}

Homes even_homes(int experts, std::vector<int> node_of_rank) {
  Homes homes;
  const int ranks = static_cast<int>(node_of_rank.size());
  homes.first.push_back(0);
  for (int rank = 0; rank < ranks; ++rank)
    homes.first.push_back(homes.first.back() + experts / ranks + (rank < experts % ranks ? 1 : 0));
  homes.nodes = node_of_rank.empty() ? 1 : *std::max_element(node_of_rank.begin(), node_of_rank.end()) + 1;
  homes.node_of_rank = std::move(node_of_rank);
  return homes;
}

Result<std::vector<std::int32_t>> choose(const Options& options, Routing routing, const Homes& homes, int rank) {
  if (routing == Routing::replay) return read_choices(options, rank);
  std::vector<std::int32_t> ids(static_cast<std::size_t>(options.tokens) * static_cast<std::size_t>(options.topk));
  Drawing drawing(options, routing, homes);
  for (std::int64_t token = 0; token < options.tokens; ++token) {
    auto* const row = ids.data() + token * options.topk;
    if (routing != Routing::k_hot) drawing.draw(rank, token, row);
    for (int k = 0; routing == Routing::k_hot && k < options.topk; ++k) row[k] = hot_expert(options, k);
  }
  return ids;
}

}  // namespace tutti::perf::moe
