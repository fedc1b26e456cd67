// How much memory the ranks of a node go through together in a call: what caches hold is moved faster.
#pragma once

#include "plan/plan.hpp"
#include "topology/fabric/links.hpp"

namespace tutti::plan {

/// The bytes of a message whose exchange between two ranks, in place, goes through as much memory as `ranks` ranks do
/// in this call. `bytes` is the whole vector, or all blocks.
double footprint_of(Collective collective, double bytes, std::int32_t all_ranks, double ranks, bool in_place);

/// What the bytes of one message take, beyond latency and overheads: as its size says, and no less a byte than where
/// two ranks go through so much memory by themselves.
double bytes_us(const topology::Link& link, double bytes, double footprint, bool in_window = false);

/// The least part of `bytes_us` that passes before a message's last byte is there, where processors move it and have
/// nothing else to do. The receiver takes one piece while the sender is at the next: half of it, but all of it for a
/// message of one piece.
double least_part(double bytes);

}  // namespace tutti::plan
