// The collectives that can be measured: their shapes, and what a bus bandwidth is for each.
#pragma once

#include <tutti/tutti.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace tutti::perf {

enum class Kind : std::uint8_t {
  all_reduce,
  reduce,
  broadcast,
  reduce_scatter,
  all_gather,
  gather,
  scatter,
  all_to_all,
  sendrecv,
  barrier
};

struct Collective {
  Kind kind;
  std::string_view name;
  tuttiCollective_t id;  // for tuttiExplain
  bool reduces;
  bool has_root;
  bool is_in_place;     // sendrecv has no in-place form: its second half measures the same again, as in nccl-tests
  bool uneven = false;  // a V-variant: blocks of different lengths
};

inline constexpr std::array kCollectives = {
    Collective{Kind::all_reduce, "all_reduce", tuttiCollAllReduce, true, false, true},
    Collective{Kind::reduce, "reduce", tuttiCollReduce, true, true, true},
    Collective{Kind::broadcast, "broadcast", tuttiCollBroadcast, false, true, true},
    Collective{Kind::reduce_scatter, "reduce_scatter", tuttiCollReduceScatter, true, false, true},
    Collective{Kind::all_gather, "all_gather", tuttiCollAllGather, false, false, true},
    Collective{Kind::gather, "gather", tuttiCollGather, false, true, true},
    Collective{Kind::scatter, "scatter", tuttiCollScatter, false, true, true},
    Collective{Kind::all_to_all, "all_to_all", tuttiCollAlltoAll, false, false, true},
    Collective{Kind::reduce_scatter, "reduce_scatter_v", tuttiCollReduceScatter, true, false, true, true},
    Collective{Kind::all_gather, "all_gather_v", tuttiCollAllGather, false, false, true, true},
    Collective{Kind::gather, "gather_v", tuttiCollGather, false, true, true, true},
    Collective{Kind::scatter, "scatter_v", tuttiCollScatter, false, true, true, true},
    Collective{Kind::all_to_all, "all_to_all_v", tuttiCollAlltoAll, false, false, true, true},
    Collective{Kind::sendrecv, "sendrecv", tuttiCollSend, false, false, false},
    Collective{Kind::barrier, "barrier", tuttiCollBarrier, false, false, false},
};

/// nccl-tests' and our own ways to write a name.
inline constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kOtherNames = {
    {{"alltoall", "all_to_all"}, {"send_recv", "sendrecv"}}};

/// By either name.
std::optional<Collective> find_collective(std::string_view name);

/// The element counts of one call.
struct Shape {
  std::size_t count = 0;  // the call's own argument; of a V-variant, what blocks of equal lengths would have
  std::size_t send = 0;
  std::size_t recv = 0;
  std::size_t bytes = 0;  // the whole array, as nccl-tests counts it: what algbw is about
};

/// The call that moves at most `bytes` in all. Collectives of blocks round down to a whole block a rank; nccl-tests
/// rounds blocks to 16 bytes, which would leave the odd counts untested.
Shape shape_of(const Collective& collective, std::size_t bytes, std::size_t element, std::size_t ranks,
               std::size_t rank);

/// busbw = algbw * this.
double bus_factor(Kind kind, std::size_t ranks);

}  // namespace tutti::perf
