#include "tools/sim/moe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "plan/cost/capacity.hpp"
#include "sim/network.hpp"
#include "sim/routing.hpp"
#include "sim/uneven_exchange.hpp"
#include "tools/sim/training_group.hpp"

namespace tutti::predict {
namespace {

constexpr double kMicroseconds = 1e-3;  // bytes over 1e9 bytes a second give nanoseconds

Error wrong(std::string text) {
  return {Code::invalid_argument, std::move(text)};
}

// What part of all tokens has an expert in each of some equal parts of the group.
class Parts {
 public:
  static Result<Parts> make(const std::string& routing, const MoeQuestion& question) {
    if (routing != "uniform" && routing != "zipf")
      return wrong(fmt::format("--routing {}: uniform and zipf are known", routing.substr(0, 64)));
    return Parts(routing == "uniform", question);
  }

  [[nodiscard]] std::vector<double> in(std::int64_t units) const {
    if (!is_uniform_) return zipf_.parts(units);
    const sim::UniformRouting routing{.experts = experts_, .topk = topk_};
    return std::vector<double>(static_cast<std::size_t>(units), routing.part(units));
  }

 private:
  Parts(bool is_uniform, const MoeQuestion& question)
      : is_uniform_(is_uniform),
        experts_(question.experts),
        topk_(question.topk),
        zipf_(question.experts, question.topk, is_uniform ? 0 : question.exponent, question.seed) {}

  bool is_uniform_;
  std::int64_t experts_;
  std::int64_t topk_;
  sim::ZipfRouting zipf_;
};

class Exchanging {
 public:
  Exchanging(const MoeQuestion& question, Moe& moe) : question_(question), moe_(moe) {}

  Status run() {
    for (const std::string& routing : question_.routings) {
      const Parts parts = TUTTI_TRY(Parts::make(routing, question_));
      TUTTI_TRY(go_direct(routing, parts));
      if (moe_.nodes > 1 && moe_.nodes < ranks()) TUTTI_TRY(go_by_rail(routing, parts));
    }
    return {};
  }

 private:
  [[nodiscard]] std::int64_t ranks() const { return moe_.group.fabric.ranks(); }
  [[nodiscard]] double sent_by_rank() const { return static_cast<double>(question_.tokens) * moe_.token_bytes; }

  // Everybody sends `to[position]`; and back.
  Status both_ways(const Setting& setting, const std::vector<double>& to, double& there_us, double& back_us) const {
    const auto network = TUTTI_TRY(sim::Network::make(setting.fabric, setting.shape, {}));
    const auto there = TUTTI_TRY(simulate_uneven(network, to, sim::Uneven::receivers));
    const auto back = TUTTI_TRY(simulate_uneven(network, to, sim::Uneven::senders));
    there_us = std::max(there_us, there.time_us);
    back_us = std::max(back_us, back.time_us);
    return {};
  }

  Status go_direct(const std::string& routing, const Parts& parts) {
    MoeRow row = row_of(routing, "direct", parts);
    auto bytes = parts.in(ranks());
    for (double& each : bytes) each *= sent_by_rank();
    const double node = static_cast<double>(ranks()) / static_cast<double>(moe_.nodes);
    // A rank has its own node's share of what it sends there.
    row.node_bytes = std::accumulate(bytes.begin(), bytes.end(), 0.0) * (1 - node / static_cast<double>(ranks()));
    TUTTI_TRY(both_ways(moe_.group, bytes, row.dispatch_us, row.combine_us));
    moe_.rows.push_back(std::move(row));
    return {};
  }

  // Over the rail to each node, and then inside it: one after the other, and of nodes the slowest counts.
  Status go_by_rail(const std::string& routing, const Parts& parts) {
    MoeRow row = row_of(routing, "rail", parts);
    auto to_nodes = parts.in(moe_.nodes);
    for (double& each : to_nodes) each *= sent_by_rank();
    const double nodes = static_cast<double>(moe_.nodes);
    row.node_bytes = std::accumulate(to_nodes.begin(), to_nodes.end(), 0.0) * (1 - 1 / nodes);
    TUTTI_TRY(both_ways(along_rail(moe_.group), to_nodes, row.dispatch_us, row.combine_us));
    const Setting node = inside_node(moe_.group);
    const auto to_ranks = parts.in(ranks());
    const auto width = static_cast<std::ptrdiff_t>(node.fabric.ranks());
    double there_us = 0;
    double back_us = 0;
    for (std::int64_t i = 0; i < moe_.nodes; ++i) {
      const auto first = to_ranks.begin() + static_cast<std::ptrdiff_t>(i) * width;
      std::vector<double> bytes(first, first + width);
      for (double& each : bytes) each *= sent_by_rank() * nodes;
      if (i > 0 && std::equal(first, first + width, first - width)) continue;
      TUTTI_TRY(both_ways(node, bytes, there_us, back_us));
    }
    row.dispatch_us += there_us;
    row.combine_us += back_us;
    moe_.rows.push_back(std::move(row));
    return {};
  }

  [[nodiscard]] MoeRow row_of(const std::string& routing, const char* route, const Parts& parts) const {
    MoeRow row;
    row.routing = routing;
    row.route = route;
    const auto of_ranks = parts.in(ranks());
    const double mean = std::accumulate(of_ranks.begin(), of_ranks.end(), 0.0) / static_cast<double>(ranks());
    row.busiest = mean > 0 ? *std::max_element(of_ranks.begin(), of_ranks.end()) / mean : 1;
    row.bound_us = bound_us(parts);
    return row;
  }

  // Each token must enter each unit that has one of its experts once, on each level; and one message's latency.
  [[nodiscard]] double bound_us(const Parts& parts) const {
    const topology::Fabric& fabric = moe_.group.fabric;
    double most = 0;
    double latency = fabric.link(0).latency_us;
    for (int level = 0; level < fabric.levels->depth(); ++level) {
      latency = std::min(latency, fabric.link(level).latency_us);
      const auto of_units = parts.in(fabric.levels->units(level));
      const double outside = static_cast<double>(ranks()) - fabric.ranks_in_unit(level);
      const double bytes = *std::max_element(of_units.begin(), of_units.end()) * sent_by_rank() * outside;
      most = std::max(most, bytes / plan::cut_GBps(fabric, level) * kMicroseconds);
    }
    return most + (ranks() > 1 ? latency : 0);
  }

  const MoeQuestion& question_;
  Moe& moe_;
};

}  // namespace

Result<Moe> exchange_tokens(const MoeQuestion& question) {
  Question asked;
  asked.cluster = question.cluster;
  const Setting setting = TUTTI_TRY(make_setting(asked));
  const auto type = parse_data_type(question.type);
  if (!type) return wrong(fmt::format("there is no element type '{}'", question.type.substr(0, 64)));
  Moe moe;
  moe.group =
      TUTTI_TRY(group_with_experts(setting, {question.experts, question.expert_ranks, question.topk, question.hidden}));
  moe.nodes = moe.group.fabric.ranks() / node_ranks(moe.group);
  moe.token_bytes = static_cast<double>(question.hidden) * static_cast<double>(size_of(*type));
  TUTTI_TRY(Exchanging(question, moe).run());
  return moe;
}

}  // namespace tutti::predict
