// The algorithms, one file each: pure functions that write down what the rank at `axis.self()` does.
#pragma once

#include "plan/axis.hpp"
#include "plan/phase_builder.hpp"

namespace tutti::plan {

// ring.cpp
void ring_reduce_scatter(const Axis& axis, PhaseBuilder& phase);
void ring_all_gather(const Axis& axis, PhaseBuilder& phase);
void ring_all_reduce(const Axis& axis, PhaseBuilder& phase);

// chain.cpp: `root` is a position
void chain_broadcast(const Axis& axis, std::int32_t root, PhaseBuilder& phase);
void chain_reduce(const Axis& axis, std::int32_t root, PhaseBuilder& phase);

// direct.cpp
void one_shot_all_reduce(const Axis& axis, PhaseBuilder& phase);
void two_shot_all_reduce(const Axis& axis, PhaseBuilder& phase);
void direct_reduce_scatter(const Axis& axis, PhaseBuilder& phase);
void direct_all_gather(const Axis& axis, PhaseBuilder& phase);
void direct_broadcast(const Axis& axis, std::int32_t root, PhaseBuilder& phase);
void direct_reduce(const Axis& axis, std::int32_t root, PhaseBuilder& phase);

// direct_blocks.cpp
void direct_gather(const Axis& axis, std::int32_t root, PhaseBuilder& phase);
void direct_scatter(const Axis& axis, std::int32_t root, PhaseBuilder& phase);

// all_to_all.cpp
void direct_all_to_all(const Axis& axis, PhaseBuilder& phase);
void pairwise_all_to_all(const Axis& axis, PhaseBuilder& phase);

// recursive_doubling.cpp
void recursive_doubling_all_reduce(const Axis& axis, PhaseBuilder& phase);
void recursive_halving_reduce_scatter(const Axis& axis, PhaseBuilder& phase);  // a power of two
void recursive_doubling_all_gather(const Axis& axis, PhaseBuilder& phase);     // a power of two

// circulant.cpp
void circulant_reduce_scatter(const Axis& axis, PhaseBuilder& phase);
void circulant_all_gather(const Axis& axis, PhaseBuilder& phase);
void circulant_all_reduce(const Axis& axis, PhaseBuilder& phase);

// binomial.cpp
void binomial_broadcast(const Axis& axis, std::int32_t root, PhaseBuilder& phase);
void binomial_reduce(const Axis& axis, std::int32_t root, PhaseBuilder& phase);

// dissemination.cpp
void dissemination_barrier(const Axis& axis, PhaseBuilder& phase);

}  // namespace tutti::plan
