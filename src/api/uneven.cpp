// Argument checks of the V-variants: collectives of blocks that differ in length.
#include <fmt/format.h>

#include <algorithm>

#include "api/checks.hpp"
#include "api/edge.hpp"
#include "api/group.hpp"

namespace tutti::api {
namespace {

using plan::Collective;

struct Arguments {
  Collective collective{};
  BlockArguments in;
  BlockArguments out;
  tuttiDataType_t type = tuttiFloat32;
  tuttiRedOp_t op = tuttiSum;
  int root = 0;
};

Status check_own_count(const BlockArguments& in, const BlockArguments& out, std::size_t rank) {
  const std::size_t in_own = in.ranks == 1 ? 0 : rank;
  const std::size_t out_own = out.ranks == 1 ? 0 : rank;
  if (in.counts[in_own] == out.counts[out_own]) return {};
  const auto name = [&](const BlockArguments& blocks) {
    return blocks.displacements_name == nullptr ? std::string(blocks.counts_name)
                                                : fmt::format("{}[{}]", blocks.counts_name, rank);
  };
  return Error{Code::invalid_argument, fmt::format("{} is {} and {} is {}: what a rank has for itself is one block",
                                                   name(in), in.counts[in_own], name(out), out.counts[out_own])};
}

bool equal_lists(const BlockArguments& a, const BlockArguments& b) {
  if (!std::equal(a.counts, a.counts + a.ranks, b.counts)) return false;
  if (a.displacements == nullptr || b.displacements == nullptr) return a.displacements == b.displacements;
  return std::equal(a.displacements, a.displacements + a.ranks, b.displacements);
}

// In place, what is sent is part of what is received or the other way round; only the longer list counts then.
Result<bool> is_in_place(const Arguments& call, std::size_t rank, DataType type) {
  if (has_input_blocks(call.collective) && has_output_blocks(call.collective)) {
    if (call.in.data != call.out.data || call.in.data == nullptr) return false;
    if (equal_lists(call.in, call.out)) return true;
    return Error{Code::invalid_argument, "in place, the counts and displacements of both sides must be the same"};
  }
  if (has_input_blocks(call.collective)) return address_of_block(call.in, rank, type) == call.out.data;
  return address_of_block(call.out, rank, type) == call.in.data;
}

Status check_memory(const Arguments& call, bool has_in, bool has_out, std::size_t rank, DataType type) {
  thread_local std::vector<Range> ranges;
  ranges.clear();
  if (has_in) TUTTI_TRY(check_blocks(call.in, type, false, ranges));
  const std::size_t inputs = ranges.size();
  if (has_out) TUTTI_TRY(check_blocks(call.out, type, true, ranges));
  if (has_in && has_out) {
    TUTTI_TRY(check_own_count(call.in, call.out, rank));
    if (TUTTI_TRY(is_in_place(call, rank, type))) {
      const auto first_output = ranges.begin() + static_cast<std::ptrdiff_t>(inputs);
      if (has_output_blocks(call.collective)) {
        ranges.erase(ranges.begin(), first_output);
      } else {
        ranges.erase(first_output, ranges.end());
        for (Range& range : ranges) range.written = range.rank == rank;
      }
    }
  }
  return check_apart(ranges);
}

engine::Blocks blocks_of(const BlockArguments& blocks) {
  const std::size_t displacements = blocks.displacements == nullptr ? 0 : blocks.ranks;
  return {{blocks.counts, blocks.ranks}, {blocks.displacements, displacements}};
}

Status uneven(Arguments call, tuttiComm_t comm, tuttiStream_t stream) {
  auto* const communicator = TUTTI_TRY(usable(comm));
  auto* const queue = TUTTI_TRY(usable(stream));
  const DataType type = TUTTI_TRY(check_type(call.type));
  const bool rooted = has_root(call.collective);
  if (rooted) TUTTI_TRY(check_rank("root", call.root, communicator->size()));
  comm::Operator op{.user = {}};
  if (is_reduction(call.collective)) op = TUTTI_TRY(communicator->operators().find(call.op, type));
  const auto ranks = static_cast<std::size_t>(communicator->size());
  const bool is_root = call.root == index(communicator->rank());
  const bool has_in = call.collective != Collective::scatter || is_root;
  const bool has_out = call.collective != Collective::gather || is_root;
  call.in.ranks = !has_in ? 0 : has_input_blocks(call.collective) ? ranks : 1;
  call.out.ranks = !has_out ? 0 : has_output_blocks(call.collective) ? ranks : 1;
  TUTTI_TRY(check_memory(call, has_in, has_out, static_cast<std::size_t>(index(communicator->rank())), type));
  std::size_t longest = 0;
  for (const auto* blocks : {&call.in, &call.out}) {
    for (std::size_t i = 0; i < blocks->ranks; ++i) longest = std::max(longest, blocks->counts[i]);
  }
  comm::CollectiveCall made{.collective = call.collective,
                            .in = has_in ? static_cast<const std::byte*>(call.in.data) : nullptr,
                            .out = has_out ? static_cast<std::byte*>(const_cast<void*>(call.out.data)) : nullptr,
                            .count = longest,
                            .type = type,
                            .op = op,
                            .root = Rank{call.root}};
  made.uneven = {blocks_of(call.in), blocks_of(call.out)};
  return submit(*communicator, queue, std::move(made));
}

BlockArguments own_in(const void* data, const std::size_t& count) {
  return {.buffer_name = "sendbuff", .counts_name = "sendcount", .data = data, .counts = &count};
}
BlockArguments own_out(const void* data, const std::size_t& count) {
  return {.buffer_name = "recvbuff", .counts_name = "recvcount", .data = data, .counts = &count};
}
BlockArguments list_in(const void* data, const std::size_t* counts, const std::size_t* displacements,
                       const char* name = "displs") {
  return {"sendbuff", "sendcounts", name, data, counts, displacements};
}
BlockArguments list_out(const void* data, const std::size_t* counts, const std::size_t* displacements,
                        const char* name = "displs") {
  return {"recvbuff", "recvcounts", name, data, counts, displacements};
}

}  // namespace
}  // namespace tutti::api

using namespace tutti::api;

tuttiResult_t tuttiAllGatherV(const void* sendbuff, size_t sendcount, void* recvbuff, const size_t* recvcounts,
                              const size_t* displs, tuttiDataType_t datatype, tuttiComm_t comm, tuttiStream_t stream) {
  return guarded([&] {
    return uneven(
        {Collective::all_gather, own_in(sendbuff, sendcount), list_out(recvbuff, recvcounts, displs), datatype}, comm,
        stream);
  });
}

tuttiResult_t tuttiReduceScatterV(const void* sendbuff, const size_t* sendcounts, const size_t* displs, void* recvbuff,
                                  size_t recvcount, tuttiDataType_t datatype, tuttiRedOp_t op, tuttiComm_t comm,
                                  tuttiStream_t stream) {
  return guarded([&] {
    return uneven(
        {Collective::reduce_scatter, list_in(sendbuff, sendcounts, displs), own_out(recvbuff, recvcount), datatype, op},
        comm, stream);
  });
}

tuttiResult_t tuttiGatherV(const void* sendbuff, size_t sendcount, void* recvbuff, const size_t* recvcounts,
                           const size_t* displs, tuttiDataType_t datatype, int root, tuttiComm_t comm,
                           tuttiStream_t stream) {
  return guarded([&] {
    return uneven({Collective::gather, own_in(sendbuff, sendcount), list_out(recvbuff, recvcounts, displs), datatype,
                   tuttiSum, root},
                  comm, stream);
  });
}

tuttiResult_t tuttiScatterV(const void* sendbuff, const size_t* sendcounts, const size_t* displs, void* recvbuff,
                            size_t recvcount, tuttiDataType_t datatype, int root, tuttiComm_t comm,
                            tuttiStream_t stream) {
  return guarded([&] {
    return uneven({Collective::scatter, list_in(sendbuff, sendcounts, displs), own_out(recvbuff, recvcount), datatype,
                   tuttiSum, root},
                  comm, stream);
  });
}

tuttiResult_t tuttiAlltoAllV(const void* sendbuff, const size_t* sendcounts, const size_t* sdispls, void* recvbuff,
                             const size_t* recvcounts, const size_t* rdispls, tuttiDataType_t datatype,
                             tuttiComm_t comm, tuttiStream_t stream) {
  return guarded([&] {
    return uneven({Collective::all_to_all, list_in(sendbuff, sendcounts, sdispls, "sdispls"),
                   list_out(recvbuff, recvcounts, rdispls, "rdispls"), datatype},
                  comm, stream);
  });
}
