// The algorithms, one file each: pure functions that write down what the rank at `axis.self()` does. What each role
// takes and leaves is said at Algorithm. `root` is a position.
#pragma once

#include "plan/algorithms/catalogue.hpp"
#include "plan/axis.hpp"
#include "plan/phase_builder.hpp"
#include "topology/fabric/levels.hpp"

namespace tutti::plan {

// ring.cpp
void ring_reduce_scatter(const Axis& axis, PhaseBuilder& phase);
void ring_all_gather(const Axis& axis, PhaseBuilder& phase);

// chain.cpp
void chain_broadcast(const Axis& axis, std::int32_t root, PhaseBuilder& phase);
void chain_reduce(const Axis& axis, std::int32_t root, PhaseBuilder& phase);
void ordered_chain_reduce(const Axis& axis, std::int32_t root, PhaseBuilder& phase);

// direct.cpp
void one_shot_all_reduce(const Axis& axis, PhaseBuilder& phase);
void direct_reduce_scatter(const Axis& axis, PhaseBuilder& phase);
void direct_all_gather(const Axis& axis, PhaseBuilder& phase);

// linear.cpp
void linear_broadcast(const Axis& axis, std::int32_t root, PhaseBuilder& phase);
void linear_reduce(const Axis& axis, std::int32_t root, PhaseBuilder& phase);
void linear_gather(const Axis& axis, std::int32_t root, PhaseBuilder& phase);
void linear_scatter(const Axis& axis, std::int32_t root, PhaseBuilder& phase);
void linear_barrier(const Axis& axis, PhaseBuilder& phase);

// recursive_doubling.cpp
void recursive_doubling_all_reduce(const Axis& axis, PhaseBuilder& phase);
void recursive_halving_reduce_scatter(const Axis& axis, PhaseBuilder& phase);  // a power of two
void recursive_doubling_all_gather(const Axis& axis, PhaseBuilder& phase);     // a power of two

// circulant.cpp
void circulant_reduce_scatter(const Axis& axis, PhaseBuilder& phase);
void circulant_all_gather(const Axis& axis, PhaseBuilder& phase);

// bruck.cpp: with axis.radix()
void bruck_reduce_scatter(const Axis& axis, PhaseBuilder& phase);
void bruck_all_gather(const Axis& axis, PhaseBuilder& phase);
void bruck_all_to_all(const Axis& axis, PhaseBuilder& phase);

// pat.cpp
void pat_reduce_scatter(const Axis& axis, PhaseBuilder& phase);
void pat_all_gather(const Axis& axis, PhaseBuilder& phase);

// swing.cpp: a power of two
void swing_reduce_scatter(const Axis& axis, PhaseBuilder& phase);
void swing_all_gather(const Axis& axis, PhaseBuilder& phase);

// tree.cpp
void tree_all_reduce(const Axis& axis, PhaseBuilder& phase);
void twin_tree_all_reduce(const Axis& axis, PhaseBuilder& phase);

// binomial.cpp
void binomial_broadcast(const Axis& axis, std::int32_t root, PhaseBuilder& phase);
void binomial_reduce(const Axis& axis, std::int32_t root, PhaseBuilder& phase);
void binomial_gather(const Axis& axis, std::int32_t root, PhaseBuilder& phase);
void binomial_scatter(const Axis& axis, std::int32_t root, PhaseBuilder& phase);

// all_to_all.cpp
void direct_all_to_all(const Axis& axis, PhaseBuilder& phase);
void pairwise_all_to_all(const Axis& axis, PhaseBuilder& phase);

// rail_all_to_all.cpp: over all levels, which must be regular
void rail_all_to_all(const topology::Levels& levels, std::int32_t self, std::uint32_t first_round, PhaseBuilder& phase);
Volume rail_volume(const topology::Levels& levels);

// dissemination.cpp
void dissemination_barrier(const Axis& axis, PhaseBuilder& phase);

}  // namespace tutti::plan
