// Moves exchanges: posts their items in order, within what staging memory and what is on its way to each peer allow.
// Poll-driven, like the engine.
//
// Several exchanges may be in flight. On each path those that began earlier go first, in both directions, at all ranks
// alike; and so does staging memory.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "engine/peers.hpp"
#include "engine/work.hpp"
#include "moe/exchange.hpp"
#include "moe/site.hpp"
#include "moe/staging.hpp"

namespace tutti::moe {

/// What went out of this rank.
struct Traffic {
  std::uint64_t network_bytes = 0;  // to other nodes
  std::uint64_t node_bytes = 0;     // to other ranks of the node
  std::uint64_t messages = 0;
};

struct MoverOptions {
  std::size_t staging = 0;    // bytes, for each purpose
  std::size_t in_flight = 0;  // bytes on their way to one peer; one item may exceed it
};

class Mover {
 public:
  Mover(const Site& site, const MoverOptions& options);

  /// The next poll begins it, behind those that are in flight.
  void start(std::shared_ptr<Exchange> exchange);

  /// Advances everything that can advance. An error is final: everything is to be abandoned.
  Status poll(engine::Peers& peers, TimePoint now, bool& moved);

  [[nodiscard]] bool is_over(const Exchange& exchange) const;
  [[nodiscard]] bool is_idle() const { return flights_.empty(); }

  /// All transfers have been forgotten: drops all exchanges.
  void abandon();

  /// What the oldest exchange waits for.
  [[nodiscard]] engine::Stall stall() const;

  [[nodiscard]] const Traffic& traffic() const { return traffic_; }
  [[nodiscard]] std::size_t staging_held() const;

 private:
  struct Standing {
    std::uint32_t outstanding = 0;
    std::uint64_t bytes = 0;
    Staging::Block* memory = nullptr;
    bool posted = false;
    bool near = false;
  };
  struct Leaving {  // an item on its way to another node
    Exchange::Item item = 0;
    std::int32_t node = 0;
  };
  struct Flight {
    std::shared_ptr<Exchange> exchange;
    std::uint16_t serial = 0;
    std::vector<Standing> items;
    std::vector<Exchange::Item> unposted;  // in order, from `first` on
    std::size_t first = 0;
    std::size_t left = 0;  // items that are not over
    std::vector<Leaving> leaving;
  };

  Status post_all(engine::Peers& peers, bool& moved);
  Status post_first(Flight& flight, engine::Peers& peers, bool& moved);
  Result<bool> post(Flight& flight, Exchange::Item item, engine::Peers& peers);
  Status finish(Flight& flight, Exchange::Item item);
  Status handle(const transport::Completion& completion, engine::Peers& peers);
  bool work_all();
  void release(Flight& flight, Exchange::Item item);
  [[nodiscard]] bool is_held(Purpose purpose) const;
  [[nodiscard]] bool has_to_wait(const Flight& flight, Exchange::Item item) const;
  bool reserve(Standing& standing, std::size_t bytes, Purpose purpose);
  void hold_channel(const Exchange::End& end);
  void hold(const Exchange::End& end);
  [[nodiscard]] std::int32_t node_of(std::int32_t peer) const { return site_.node_of[static_cast<std::size_t>(peer)]; }
  [[nodiscard]] static std::size_t channel(const Exchange::End& end) {
    return 2 * static_cast<std::size_t>(end.peer) + (end.sends ? 1 : 0);
  }
  void count(const Exchange::End& end, std::uint64_t bytes, std::size_t messages);

  const Site& site_;
  MoverOptions options_;
  std::array<Staging, kPurposes> staging_;
  std::deque<Flight> flights_;  // in the order in which they began
  std::uint16_t next_serial_ = 0;
  std::vector<std::uint64_t> on_the_way_;  // bytes to each peer
  std::vector<std::uint64_t> far_;         // of these, to each other node
  Traffic traffic_;
  bool restless_ = true;  // something may be posted
  bool seeking_ = false;  // a path is being found

  // A pass over the items ends when each direction to each peer that has some is held: a long list is not walked.
  std::vector<std::uint32_t> unposted_;  // items, of each direction to each peer
  std::size_t waiting_ = 0;              // directions that have some

  // Marks of one pass over the items: what an earlier one waits for, no later one gets.
  std::vector<std::uint64_t> held_channel_;
  std::array<std::uint64_t, kPurposes> held_purpose_{};
  std::uint64_t pass_ = 0;
  std::size_t held_ = 0;  // directions

  std::vector<transport::Transfer> messages_;
  std::vector<transport::Completion> completed_;
  std::vector<Exchange::Item> freed_;
};

}  // namespace tutti::moe
