#include "plan/cost/footprint.hpp"

#include <algorithm>

namespace tutti::plan {
namespace {

constexpr double kOfAnExchange = 4;    // two ranks, of which each has its own message and the other's
constexpr double kPieceBytes = 32768;  // what a ring of the usual size passes on at a time (transports/shm/ring.hpp)

double of_rank(Collective collective, double bytes, double ranks, bool in_place) {
  switch (collective) {
    case Collective::all_reduce:
    case Collective::reduce:
    case Collective::all_to_all:
      return (in_place ? 1 : 2) * bytes;
    case Collective::all_gather:
    case Collective::reduce_scatter:
      return bytes + (in_place ? 0 : bytes / ranks);
    case Collective::broadcast:
      return bytes;
    case Collective::gather:
    case Collective::scatter:
      return 2 * bytes / ranks;  // on average: the root has all of it
    case Collective::barrier:
      break;
  }
  return 0;
}

}  // namespace

double footprint_of(Collective collective, double bytes, std::int32_t all_ranks, double ranks, bool in_place) {
  return ranks * of_rank(collective, bytes, all_ranks, in_place) / kOfAnExchange;
}

double bytes_us(const topology::Link& link, double bytes, double footprint, bool in_window) {
  const double by_size = link.bytes_us(bytes, in_window);
  if (!link.is_moved_by_processors() || footprint <= bytes) return by_size;
  return std::max(by_size, bytes / footprint * link.bytes_us(footprint, in_window));
}

double least_part(double bytes) {
  return bytes > kPieceBytes ? 0.5 * (1 + kPieceBytes / bytes) : 1;
}

}  // namespace tutti::plan
