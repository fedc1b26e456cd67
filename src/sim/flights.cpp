#include "sim/flights.hpp"

#include <algorithm>

namespace tutti::sim {
namespace {

constexpr std::uint32_t kNoLink = ~0U;

}  // namespace

Flights::Flights(const Ensemble& ensemble, const Network& network, const Memory& memory)
    : ensemble_(ensemble), network_(network), memory_(memory), order_(ensemble.symmetry().order()) {
  link_number_.assign(network.links(), kNoLink);
  const auto depth = static_cast<std::size_t>(network.levels().depth());
  level_rate_.assign(depth, 0);
  level_bytes_.assign(depth, 0);
}

std::uint32_t Flights::number_of(LinkId link, int level) {
  if (link_number_[link] == kNoLink) {
    link_number_[link] = fluid_.add_link(network_.capacity(link));
    link_bytes_.resize(fluid_.links(), 0);
    link_level_.resize(fluid_.links(), level);
  }
  return link_number_[link];
}

// Links that a change of places takes to each other are one, and are crossed by all flows that it takes to each other.
void Flights::cross(LinkId link, int level) {
  double places = 1;
  if (order_ > 1) {
    Network::Place place = network_.place_of(link);
    place.first = ensemble_.symmetry().moved(place.first, place.first);
    places = ensemble_.symmetry().places(place.span);
    link = network_.link_at(place);
  }
  const std::uint32_t number = number_of(link, level);
  const auto known = std::find_if(crossings_.begin(), crossings_.end(),
                                  [&](const Crossing& crossing) { return crossing.link == number; });
  if (known != crossings_.end()) {
    known->times += order_ / places;
  } else {
    crossings_.push_back({number, order_ / places});
  }
}

void Flights::find_crossings(Position from, Position to) {
  network_.route(from, to, hops_);
  crossings_.clear();
  for (const Network::Hop& hop : hops_) cross(hop.link, hop.level);
}

// As the closed form has it (plan/cost/loads.cpp): in a window lies what is the user's, and what has been made just
// before is a segment of all.
double Flights::carried_bytes(const Player& sender, std::uint32_t task, int level) const {
  const Match& match = ensemble_.match(sender.first + task);
  const Task& sent = ensemble_.list_of(sender).tasks[task];
  const Task& received = ensemble_.list_of(ensemble_.players()[match.player]).tasks[match.task];
  return network_.carried_bytes(level, sent.bytes, received.is_result ? memory_.of_results : memory_.footprint,
                                memory_.in_windows && sent.of_user);
}

// Over `crossings_`.
Flights::Flight& Flights::begin_flow() {
  const FlowId id = fluid_.begin(crossings_);
  if (flights_.size() <= id) flights_.resize(id + 1);
  return flights_[id];
}

void Flights::begin(std::uint32_t player, std::uint32_t task, double now) {
  const Player& sender = ensemble_.players()[player];
  find_crossings(sender.position, ensemble_.peer(sender.first + task));
  const double bytes = ensemble_.list_of(sender).tasks[task].bytes;
  const int level = hops_.front().level;
  for (const Crossing& crossing : crossings_) link_bytes_[crossing.link] += bytes * crossing.times;
  level_bytes_[static_cast<std::size_t>(level)] += bytes * order_;
  const double carried = carried_bytes(sender, task, level);
  const double least_us = network_.least_us(hops_.front().link, bytes, carried);
  Flight& flight = begin_flow();
  flight = {player, task, flight.version + 1, level, carried, now, now + least_us, 0, true, true};
}

void Flights::begin_copy(std::uint32_t player, std::uint32_t task, LinkId core, double us, double now) {
  crossings_.clear();
  cross(core, 0);
  Flight& flight = begin_flow();
  flight = {player, task, flight.version + 1, 0, us * network_.capacity(core), now, now, 0, true, false};
}

// What messages move is told.
void Flights::change_rate(Flight& flight, double rate) {
  if (flight.is_message) level_rate_[static_cast<std::size_t>(flight.level)] += (rate - flight.rate) * order_;
  flight.rate = rate;
}

Flights::Landing Flights::end(FlowId id, std::uint32_t version) {
  Flight& flight = flights_[id];
  if (!flight.on || flight.version != version) return {};
  flight.on = false;
  change_rate(flight, 0);
  fluid_.end(id);
  return {true, flight.player, flight.task};
}

void Flights::share(double now, Agenda& agenda) {
  for (const FlowId id : fluid_.share()) {
    Flight& flight = flights_[id];
    if (!flight.on) continue;
    flight.left = std::max(0.0, flight.left - flight.rate * (now - flight.since_us));
    flight.since_us = now;
    change_rate(flight, fluid_.rate(id));
    ++flight.version;
    agenda.add({std::max(now + flight.left / flight.rate, flight.least_at_us), id, flight.version, Event::Kind::ends});
  }
}

std::vector<double> Flights::most_bytes() const {
  std::vector<double> most(level_bytes_.size(), 0);
  for (std::size_t link = 0; link < link_bytes_.size(); ++link) {
    double& its = most[static_cast<std::size_t>(link_level_[link])];
    its = std::max(its, link_bytes_[link]);
  }
  return most;
}

}  // namespace tutti::sim
