// The messages that are on their way, and what they have put on which link.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/agenda.hpp"
#include "sim/ensemble.hpp"
#include "sim/fluid.hpp"

namespace tutti::sim {

class Flights {
 public:
  /// How much memory a call goes through (see Network::carried_bytes), and how it lies.
  struct Memory {
    double footprint = 0;
    double of_results = 0;  // where caches hold them, as they were made just before, a segment at a time
    bool in_windows = false;
  };
  Flights(const Ensemble& ensemble, const Network& network, const Memory& memory);

  /// The first byte of a sender's task has arrived.
  void begin(std::uint32_t player, std::uint32_t task, double now);

  /// A processor copies, and has so much less time for what it moves.
  void begin_copy(std::uint32_t player, std::uint32_t task, LinkId core, double us, double now);

  /// A sender's task, or what is copied, and whether it ends when an event says so: not if its rate has changed since.
  struct Landing {
    bool lands = false;
    std::uint32_t player = 0;
    std::uint32_t task = 0;
  };
  Landing end(FlowId id, std::uint32_t version);

  /// Rates after all that has begun and ended at this time; new ends go to the agenda.
  void share(double now, Agenda& agenda);

  /// What moves now, by level: bytes a microsecond of all ranks.
  [[nodiscard]] const std::vector<double>& rates() const { return level_rate_; }
  /// Of all ranks so far: between ranks that meet at a level.
  [[nodiscard]] const std::vector<double>& bytes_by_level() const { return level_bytes_; }
  /// By level: what the busiest link with messages of it has carried.
  [[nodiscard]] std::vector<double> most_bytes() const;

 private:
  struct Flight {
    std::uint32_t player = 0;
    std::uint32_t task = 0;
    std::uint32_t version = 0;
    int level = 0;
    double left = 0;
    double since_us = 0;
    double least_at_us = 0;  // no sooner than this is its last byte there
    double rate = 0;
    bool on = false;
    bool is_message = true;
  };
  void find_crossings(Position from, Position to);
  void cross(LinkId link, int level);
  Flight& begin_flow();
  void change_rate(Flight& flight, double rate);
  [[nodiscard]] std::uint32_t number_of(LinkId link, int level);
  [[nodiscard]] double carried_bytes(const Player& sender, std::uint32_t task, int level) const;

  const Ensemble& ensemble_;
  const Network& network_;
  Memory memory_;
  double order_;  // ranks in a class
  Fluid fluid_;
  std::vector<std::uint32_t> link_number_;  // in `fluid_`, by LinkId
  std::vector<double> link_bytes_;          // by number in `fluid_`
  std::vector<int> link_level_;
  std::vector<Flight> flights_;
  std::vector<Network::Hop> hops_;
  std::vector<Crossing> crossings_;
  std::vector<double> level_rate_;
  std::vector<double> level_bytes_;
};

}  // namespace tutti::sim
