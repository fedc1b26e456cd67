#include "sim/uneven_exchange.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/agenda.hpp"
#include "sim/fluid.hpp"

namespace tutti::sim {
namespace {

constexpr double kTogether = 1e-9;

// Of a position that differs from the others, and a unit of ranks that do not differ in what they have to do with it.
class UnevenExchange {
 public:
  UnevenExchange(const Network& network, std::span<const double> amounts, Uneven uneven)
      : network_(network), uneven_(uneven) {
    outcome_.bytes_by_level.assign(static_cast<std::size_t>(network.levels().depth()), 0);
    for (LinkId link = 0; link < network.links(); ++link) fluid_.add_link(network.capacity(link));
    free_at_.assign(static_cast<std::size_t>(network.ranks()), 0);
    bool grouped = network.levels().depth() > 1;
    for (int level = 0; level < network.levels().depth(); ++level)
      grouped = grouped && network.exchanges(level);  // on wires ranks of a group are not alike
    for (std::int32_t unit = 0; unit < (grouped ? network.levels().groups(0) : network.ranks()); ++unit) {
      const Position first = grouped ? network.levels().first_position(0, unit) : unit;
      const Position end = grouped ? network.levels().first_position(0, unit + 1) : unit + 1;
      for (std::int32_t further = 1; further <= network.ranks(); ++further) {
        const Position other = (first + further) % network.ranks();
        post(first, end, other, amounts[static_cast<std::size_t>(other)]);
      }
    }
  }

  UnevenOutcome run() {
    while (!agenda_.empty()) {
      now_ = agenda_.next().at_us;
      const double until = now_ + now_ * kTogether;
      while (!agenda_.empty() && agenda_.next().at_us <= until) handle(agenda_.take());
      share();
    }
    for (const double at : free_at_) outcome_.time_us = std::max(outcome_.time_us, at);
    return std::move(outcome_);
  }

 private:
  struct Messages {
    Position first = 0;  // the unit's
    Position end = 0;
    Position other = 0;  // who differs
    double left = 0;     // of each
    double since_us = 0;
    double rate = 0;
    std::uint32_t version = 0;
  };

  [[nodiscard]] static bool holds_other(const Messages& one) { return one.first <= one.other && one.other < one.end; }
  [[nodiscard]] static double parts(const Messages& one) {
    return static_cast<double>(one.end - one.first - (holds_other(one) ? 1 : 0));
  }
  // One of the unit's, for all of them.
  [[nodiscard]] static Position member(const Messages& one) {
    return one.first == one.other ? one.first + 1 : one.first;
  }
  [[nodiscard]] Position sender(const Messages& one) const {
    return uneven_ == Uneven::receivers ? member(one) : one.other;
  }
  [[nodiscard]] Position receiver(const Messages& one) const {
    return uneven_ == Uneven::receivers ? one.other : member(one);
  }
  [[nodiscard]] double overhead_us(const Messages& one) const {
    return network_.overhead_us(sender(one), receiver(one));
  }

  // A processor's turn for something that takes `us`; of a unit, all its ranks'.
  double take_turn(Position first, Position end, double us) {
    double done = 0;
    for (Position position = first; position < end; ++position) {
      double& free_at = free_at_[static_cast<std::size_t>(position)];
      free_at = std::max(free_at, now_) + us * network_.slowness(position);
      done = std::max(done, free_at);
    }
    return done;
  }

  void post(Position first, Position end, Position other, double bytes) {
    Messages messages{.first = first, .end = end, .other = other, .left = bytes};
    if (bytes <= 0 || parts(messages) <= 0) return;
    const double us = overhead_us(messages);
    const double posted =
        uneven_ == Uneven::receivers ? take_turn(first, end, us) : take_turn(other, other + 1, us * parts(messages));
    const int level = network_.meeting_level(sender(messages), receiver(messages));
    messages.left = network_.carried_bytes(level, bytes);
    // Of messages that are posted one after the other, the one in the middle stands for all.
    const double waited = uneven_ == Uneven::senders ? us * (parts(messages) - 1) / 2 : 0;
    agenda_.add({posted - waited + network_.latency_us(sender(messages), receiver(messages)),
                 static_cast<std::uint32_t>(messages_.size()), 0, Event::Kind::arrives});
    outcome_.bytes_by_level[static_cast<std::size_t>(level)] += bytes * parts(messages);
    messages_.push_back(messages);
  }

  void handle(const Event& event) {
    if (event.kind == Event::Kind::arrives) {
      begin(event.who);
    } else {
      end(event.who, event.what);
    }
  }

  // Links of the unit's own ranks are crossed by one of the messages each, but that of `other`; all others by all.
  void begin(std::uint32_t number) {
    Messages& messages = messages_[number];
    const double all = parts(messages);
    const double each = all / static_cast<double>(messages.end - messages.first);
    network_.route(sender(messages), receiver(messages), hops_);
    crossings_.clear();
    for (const Network::Hop& hop : hops_) {
      Network::Place place = network_.place_of(hop.link);
      const bool own = place.span == 1 && place.first == member(messages);
      place.first = own ? messages.first : place.first;
      crossings_.push_back({own ? network_.link_at(place) : hop.link, own ? each : all});
    }
    const FlowId flow = fluid_.begin(crossings_);
    if (number_of_.size() <= flow) number_of_.resize(flow + 1);
    number_of_[flow] = number;
    messages.since_us = now_;
  }

  void end(FlowId flow, std::uint32_t version) {
    Messages& messages = messages_[number_of_[flow]];
    if (messages.version != version || messages.left < 0) return;
    messages.left = -1;
    fluid_.end(flow);
    if (uneven_ == Uneven::receivers) {
      take_turn(messages.other, messages.other + 1, overhead_us(messages) * parts(messages));
    } else {
      take_turn(messages.first, messages.end, overhead_us(messages));
    }
  }

  void share() {
    for (const FlowId flow : fluid_.share()) {
      Messages& messages = messages_[number_of_[flow]];
      if (messages.left < 0) continue;
      messages.left = std::max(0.0, messages.left - messages.rate * (now_ - messages.since_us));
      messages.since_us = now_;
      messages.rate = fluid_.rate(flow);
      messages.version = ++versions_;  // over all: a flow's number may be given to another one
      agenda_.add({now_ + messages.left / messages.rate, flow, messages.version, Event::Kind::ends});
    }
  }

  const Network& network_;
  Uneven uneven_;
  Fluid fluid_;
  Agenda agenda_;
  double now_ = 0;
  std::uint32_t versions_ = 0;
  std::vector<Messages> messages_;
  std::vector<std::uint32_t> number_of_;  // of messages, by flow
  std::vector<double> free_at_;           // processors, by position
  std::vector<Network::Hop> hops_;
  std::vector<Crossing> crossings_;
  UnevenOutcome outcome_;
};

}  // namespace

Result<UnevenOutcome> simulate_uneven(const Network& network, std::span<const double> amounts, Uneven uneven) {
  if (network.ranks() > kMostUneven)
    return Error{Code::unsupported, fmt::format("{} ranks exchange blocks that all differ: up to {} can be simulated",
                                                network.ranks(), kMostUneven)};
  if (amounts.size() != static_cast<std::size_t>(network.ranks()))
    return Error{Code::invalid_argument,
                 fmt::format("amounts of {} ranks are given, and there are {}", amounts.size(), network.ranks())};
  return UnevenExchange(network, amounts, uneven).run();
}

}  // namespace tutti::sim
