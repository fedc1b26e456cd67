#include "sim/agenda.hpp"

#include <algorithm>

namespace tutti::sim {
namespace {

constexpr std::size_t kChildren = 4;

}  // namespace

void Agenda::add(const Event& event) {
  std::size_t at = heap_.size();
  heap_.push_back(event);
  while (at > 0) {
    const std::size_t parent = (at - 1) / kChildren;
    if (heap_[parent].at_us <= event.at_us) break;
    heap_[at] = heap_[parent];
    at = parent;
  }
  heap_[at] = event;
}

Event Agenda::take() {
  const Event first = heap_.front();
  const Event last = heap_.back();
  heap_.pop_back();
  const std::size_t size = heap_.size();
  if (size == 0) return first;
  std::size_t at = 0;
  while (true) {
    const std::size_t begin = at * kChildren + 1;
    if (begin >= size) break;
    std::size_t least = begin;
    for (std::size_t child = begin + 1; child < std::min(begin + kChildren, size); ++child) {
      if (heap_[child].at_us < heap_[least].at_us) least = child;
    }
    if (heap_[least].at_us >= last.at_us) break;
    heap_[at] = heap_[least];
    at = least;
  }
  heap_[at] = last;
  return first;
}

}  // namespace tutti::sim
