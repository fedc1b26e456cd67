// Binomial tree (Thakur, Rabenseifner & Gropp 2005).
// Rounds: ceil(log2 p).   Bytes sent per rank: up to ceil(log2 p) vectors at the root; (p-1)/p of the blocks there for
// gather and scatter.
// Needs: a commutative operator for reduce.   Wins: small messages.
#include <algorithm>

#include "plan/algorithms/algorithms.hpp"

namespace tutti::plan {

// In round k the 2^k ranks nearest to the root (counted rightwards) each serve one that is 2^k further.
void binomial_broadcast(const Axis& axis, std::int32_t root, PhaseBuilder& phase) {
  const std::int32_t distance = axis.wrap(axis.self() - root);
  for (std::int32_t reach = 1; reach < axis.size(); reach *= 2) {
    if (distance >= reach && distance < 2 * reach) phase.recv(axis.left(reach), axis.all());
    if (distance < reach && distance + reach < axis.size()) phase.send(axis.right(reach), axis.all());
    phase.next_round();
  }
}

void binomial_reduce(const Axis& axis, std::int32_t root, PhaseBuilder& phase) {
  const std::int32_t distance = axis.wrap(axis.self() - root);
  std::int32_t reach = 1;
  while (reach < axis.size()) reach *= 2;
  for (reach /= 2; reach >= 1; reach /= 2) {
    if (distance >= reach && distance < 2 * reach) phase.send(axis.left(reach), axis.all());
    if (distance < reach && distance + reach < axis.size()) phase.recv_reduce(axis.right(reach), axis.all());
    phase.next_round();
  }
}

// A rank that is `reach` from the next subtree has collected its own `reach` ranks by then, and hands them on.
void binomial_gather(const Axis& axis, std::int32_t root, PhaseBuilder& phase) {
  const std::int32_t distance = axis.wrap(axis.self() - root);
  const auto subtree = [&](std::int32_t from, std::int32_t reach) {
    return axis.chunk(root + from, std::min(reach, axis.size() - from));
  };
  for (std::int32_t reach = 1; reach < axis.size(); reach *= 2) {
    if (distance % (2 * reach) == reach) phase.send(axis.left(reach), subtree(distance, reach));
    if (distance % (2 * reach) == 0 && distance + reach < axis.size())
      phase.recv(axis.right(reach), subtree(distance + reach, reach));
    phase.next_round();
  }
}

void binomial_scatter(const Axis& axis, std::int32_t root, PhaseBuilder& phase) {
  const std::int32_t distance = axis.wrap(axis.self() - root);
  const auto subtree = [&](std::int32_t from, std::int32_t reach) {
    return axis.chunk(root + from, std::min(reach, axis.size() - from));
  };
  std::int32_t reach = 1;
  while (reach < axis.size()) reach *= 2;
  for (reach /= 2; reach >= 1; reach /= 2) {
    if (distance % (2 * reach) == reach) phase.recv(axis.left(reach), subtree(distance, reach));
    if (distance % (2 * reach) == 0 && distance + reach < axis.size())
      phase.send(axis.right(reach), subtree(distance + reach, reach));
    phase.next_round();
  }
}

}  // namespace tutti::plan
