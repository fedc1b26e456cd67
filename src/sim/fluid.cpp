#include "sim/fluid.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <queue>
#include <utility>

namespace tutti::sim {
namespace {

constexpr double kSame = 1e-12;  // rates whose difference is rounding

}  // namespace

std::uint32_t Fluid::add_link(double capacity) {
  links_.emplace_back().capacity = capacity;
  return static_cast<std::uint32_t>(links_.size() - 1);
}

void Fluid::mark(std::uint32_t link) {
  if (links_[link].dirty) return;
  links_[link].dirty = true;
  dirty_.push_back(link);
}

FlowId Fluid::begin(std::span<const Crossing> crossings) {
  FlowId id = 0;
  if (free_.empty()) {
    id = static_cast<FlowId>(flows_.size());
    flows_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  Flow& flow = flows_[id];
  flow.rate = -1;
  flow.alone = std::numeric_limits<double>::infinity();
  flow.taken.clear();
  for (const Crossing& crossing : crossings)
    flow.alone = std::min(flow.alone, links_[crossing.link].capacity / crossing.times);
  for (const Crossing& crossing : crossings) {
    Link& link = links_[crossing.link];
    flow.taken.push_back({crossing.link, crossing.times, static_cast<std::uint32_t>(link.parts.size())});
    link.parts.push_back({id, static_cast<std::uint32_t>(flow.taken.size() - 1)});
    link.wanted += crossing.times * flow.alone;
    if (is_crowded(link)) mark(crossing.link);
  }
  began_.push_back(id);
  return id;
}

void Fluid::end(FlowId id) {
  Flow& flow = flows_[id];
  for (const Taken& taken : flow.taken) {
    Link& link = links_[taken.link];
    if (is_crowded(link)) mark(taken.link);
    link.wanted -= taken.times * flow.alone;
    const Part last = link.parts.back();
    link.parts[taken.place] = last;
    flows_[last.flow].taken[last.crossing].place = taken.place;
    link.parts.pop_back();
    if (link.parts.empty()) link.wanted = 0;  // what rounding has left
  }
  flow.taken.clear();
  free_.push_back(id);
}

double Fluid::load(std::uint32_t link) const {
  double sum = 0;
  for (const Part& part : links_[link].parts) {
    const Flow& flow = flows_[part.flow];
    sum += flow.rate * flow.taken[part.crossing].times;
  }
  return sum;
}

// All flows that crowded links bring together with those of dirty links.
void Fluid::search() {
  component_.clear();
  component_links_.clear();
  for (const std::uint32_t link : dirty_) {
    links_[link].dirty = false;
    if (links_[link].reached) continue;
    links_[link].reached = true;
    component_links_.push_back(link);
  }
  dirty_.clear();
  for (std::size_t i = 0; i < component_links_.size(); ++i) {
    for (const Part& part : links_[component_links_[i]].parts) {
      Flow& flow = flows_[part.flow];
      if (flow.reached) continue;
      flow.reached = true;
      component_.push_back(part.flow);
      for (const Taken& taken : flow.taken) {
        Link& other = links_[taken.link];
        if (other.reached || !is_crowded(other)) continue;
        other.reached = true;
        component_links_.push_back(taken.link);
      }
    }
  }
}

void Fluid::freeze(FlowId id, double rate) {
  Flow& flow = flows_[id];
  flow.open = false;
  if (std::abs(rate - flow.rate) > kSame * rate) {
    flow.rate = rate;
    changed_.push_back(id);
  }
  for (const Taken& taken : flow.taken) {
    Link& link = links_[taken.link];
    if (!link.reached) continue;
    link.left -= taken.times * rate;
    link.times -= taken.times;
  }
}

// All rates rise alike until a link is full or a flow is as fast as it can be; those stop there, and the others go on.
void Fluid::fill() {
  for (const std::uint32_t number : component_links_) {
    links_[number].left = links_[number].capacity;
    links_[number].times = 0;
  }
  for (const FlowId id : component_) {
    flows_[id].open = true;
    for (const Taken& taken : flows_[id].taken) {
      if (links_[taken.link].reached) links_[taken.link].times += taken.times;
    }
  }
  std::sort(component_.begin(), component_.end(), [&](FlowId a, FlowId b) {
    return flows_[a].alone != flows_[b].alone ? flows_[a].alone < flows_[b].alone : a < b;
  });
  // What a link would leave to each of its open flows only grows, so that links are looked at again only when they
  // come first.
  using Offer = std::pair<double, std::uint32_t>;
  std::priority_queue<Offer, std::vector<Offer>, std::greater<>> offers;
  const auto offer_of = [&](std::uint32_t number) { return std::max(0.0, links_[number].left) / links_[number].times; };
  for (const std::uint32_t number : component_links_) {
    if (links_[number].times > 0) offers.emplace(offer_of(number), number);
  }
  std::size_t next = 0;  // of the flows that nothing has stopped yet
  while (true) {
    while (next < component_.size() && !flows_[component_[next]].open) ++next;
    if (next == component_.size()) break;
    double level = std::numeric_limits<double>::infinity();
    while (!offers.empty()) {
      const auto [offer, number] = offers.top();
      const bool is_open = links_[number].times > 0.5;
      if (is_open && offer_of(number) <= offer * (1 + kSame)) {
        level = offer;
        break;
      }
      offers.pop();
      if (is_open) offers.emplace(offer_of(number), number);
    }
    if (flows_[component_[next]].alone <= level * (1 + kSame)) {
      for (; next < component_.size() && flows_[component_[next]].alone <= level * (1 + kSame); ++next) {
        if (flows_[component_[next]].open) freeze(component_[next], flows_[component_[next]].alone);
      }
      continue;
    }
    const std::uint32_t full = offers.top().second;
    offers.pop();
    for (const Part& part : links_[full].parts) {
      if (flows_[part.flow].open) freeze(part.flow, level);
    }
  }
}

std::span<const FlowId> Fluid::share() {
  changed_.clear();
  if (!dirty_.empty()) {
    search();
    fill();
    for (const FlowId id : component_) flows_[id].reached = false;
    for (const std::uint32_t number : component_links_) links_[number].reached = false;
  }
  for (const FlowId id : began_) {
    Flow& flow = flows_[id];
    if (flow.rate >= 0 || flow.taken.empty()) continue;
    flow.rate = flow.alone;
    changed_.push_back(id);
  }
  began_.clear();
  return changed_;
}

}  // namespace tutti::sim
