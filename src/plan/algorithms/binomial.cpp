// Binomial tree (Thakur, Rabenseifner & Gropp 2005).
// Rounds: ceil(log2 p).   Bytes sent per rank: up to ceil(log2 p) vectors at the root.
// Needs: a commutative operator for reduce.   Wins: small messages.
#include "plan/algorithms/algorithms.hpp"

namespace tutti::plan {

// In round k the 2^k ranks nearest to the root (counted rightwards) each serve one that is 2^k further.
void binomial_broadcast(const Axis& axis, std::int32_t root, PhaseBuilder& phase) {
  const std::int32_t distance = axis.wrap(axis.self() - root);
  for (std::int32_t reach = 1; reach < axis.size(); reach *= 2) {
    if (distance >= reach && distance < 2 * reach) phase.recv(axis.left(reach), {0, 1});
    if (distance < reach && distance + reach < axis.size()) phase.send(axis.right(reach), {0, 1});
    phase.next_round();
  }
  if (distance == 0) phase.finish({0, 1});
}

void binomial_reduce(const Axis& axis, std::int32_t root, PhaseBuilder& phase) {
  const std::int32_t distance = axis.wrap(axis.self() - root);
  std::int32_t reach = 1;
  while (reach < axis.size()) reach *= 2;
  for (reach /= 2; reach >= 1; reach /= 2) {
    if (distance >= reach && distance < 2 * reach) phase.send(axis.left(reach), {0, 1});
    if (distance < reach && distance + reach < axis.size()) phase.recv_reduce(axis.right(reach), {0, 1});
    phase.next_round();
  }
  if (distance == 0) phase.finish({0, 1});
}

}  // namespace tutti::plan
