// The collectives that can be measured: their shapes, and what a bus bandwidth is for each.
#pragma once

#include <tutti/tutti.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tutti::perf {

enum class Kind : std::uint8_t { all_reduce, reduce, broadcast, reduce_scatter, all_gather, sendrecv, barrier };

struct Collective {
  Kind kind;
  std::string_view name;
  tuttiCollective_t id;  // for tuttiExplain
  bool reduces;
  bool has_root;
  bool is_in_place;  // sendrecv has no in-place form: its second half measures the same again, as in nccl-tests
};

inline constexpr std::array kCollectives = {
    Collective{Kind::all_reduce, "all_reduce", tuttiCollAllReduce, true, false, true},
    Collective{Kind::reduce, "reduce", tuttiCollReduce, true, true, true},
    Collective{Kind::broadcast, "broadcast", tuttiCollBroadcast, false, true, true},
    Collective{Kind::reduce_scatter, "reduce_scatter", tuttiCollReduceScatter, true, false, true},
    Collective{Kind::all_gather, "all_gather", tuttiCollAllGather, false, false, true},
    Collective{Kind::sendrecv, "sendrecv", tuttiCollSend, false, false, false},
    Collective{Kind::barrier, "barrier", tuttiCollBarrier, false, false, false},
};

std::optional<Collective> find_collective(std::string_view name);

/// The element counts of one call.
struct Shape {
  std::size_t count = 0;  // the call's own argument
  std::size_t send = 0;
  std::size_t recv = 0;
  std::size_t bytes = 0;  // the whole array, as nccl-tests counts it: what algbw is about
};

/// The call that moves at most `bytes` in all. Collectives of blocks round down to a whole block a rank; nccl-tests
/// rounds blocks to 16 bytes, which would leave the odd counts untested.
Shape shape_of(Kind kind, std::size_t bytes, std::size_t element, std::size_t ranks);

/// busbw = algbw * this.
double bus_factor(Kind kind, std::size_t ranks);

}  // namespace tutti::perf
