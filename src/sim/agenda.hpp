// What happens when: a queue of events, the earliest first.
#pragma once

#include <cstdint>
#include <vector>

namespace tutti::sim {

struct Event {
  enum class Kind : std::uint8_t {
    starts,    // a player
    computed,  // a task's part at a processor is over
    arrives,   // a message's first byte: now it takes bandwidth
    ends,      // a message's last byte
  };
  double at_us = 0;
  std::uint32_t who = 0;   // player; of `ends` the flow
  std::uint32_t what = 0;  // task; of `ends` the flow's version
  Kind kind = Kind::starts;
};

/// A heap with four children a node: shallow, and a node's children lie in two cache lines.
class Agenda {
 public:
  void add(const Event& event);
  [[nodiscard]] bool empty() const { return heap_.empty(); }
  [[nodiscard]] const Event& next() const { return heap_.front(); }
  Event take();

 private:
  std::vector<Event> heap_;
};

}  // namespace tutti::sim
