// Argument checks of the collectives, of send and recv; what they mean is the communicator's.
#include <fmt/format.h>

#include <cstdint>

#include "api/checks.hpp"
#include "api/edge.hpp"
#include "api/group.hpp"

namespace tutti::api {
namespace {

using plan::Collective;

struct Arguments {
  Collective collective{};
  const void* in = nullptr;
  void* out = nullptr;
  std::size_t count = 0;
  tuttiDataType_t type = tuttiFloat32;
  tuttiRedOp_t op = tuttiSum;
  int root = 0;
};

// `allowed` is where `in` stands when the call is in-place.
Status check_overlap(const std::byte* in, std::uint64_t in_bytes, const std::byte* out, std::uint64_t out_bytes,
                     const std::byte* allowed) {
  const bool apart = in + in_bytes <= out || out + out_bytes <= in;
  if (apart || in == allowed) return {};
  return overlap_error();
}

struct Needs {
  bool in = true;
  bool out = true;
  std::uint64_t in_blocks = 1;
  std::uint64_t out_blocks = 1;
};

Needs needs_of(const Arguments& call, const comm::Communicator& communicator) {
  const auto ranks = static_cast<std::uint64_t>(communicator.size());
  const bool is_root = call.root == index(communicator.rank());
  const bool from_root = call.collective == Collective::broadcast || call.collective == Collective::scatter;
  const bool to_root = call.collective == Collective::reduce || call.collective == Collective::gather;
  return {.in = !from_root || is_root,
          .out = !to_root || is_root,
          .in_blocks = has_input_blocks(call.collective) ? ranks : 1,
          .out_blocks = has_output_blocks(call.collective) ? ranks : 1};
}

Status check_buffers(const Arguments& call, DataType type, const comm::Communicator& communicator) {
  const Needs needs = needs_of(call, communicator);
  const std::uint64_t block =
      TUTTI_TRY(check_bytes("count", call.count, type, static_cast<std::uint64_t>(communicator.size())));
  if (call.count == 0) return {};
  if (needs.in && call.in == nullptr) return null_argument("sendbuff");
  if (needs.out && call.out == nullptr) return null_argument("recvbuff");
  if (needs.in) TUTTI_TRY(check_alignment("sendbuff", call.in, type));
  if (needs.out) TUTTI_TRY(check_alignment("recvbuff", call.out, type));
  if (!needs.in || !needs.out) return {};
  const auto* const in = static_cast<const std::byte*>(call.in);
  const auto* const out = static_cast<const std::byte*>(call.out);
  const auto own = static_cast<std::uint64_t>(index(communicator.rank())) * block;
  const std::byte* in_place = out;
  if (needs.out_blocks > needs.in_blocks) in_place = out + own;
  if (needs.in_blocks > needs.out_blocks) in_place = in + own == out ? in : nullptr;
  return check_overlap(in, block * needs.in_blocks, out, block * needs.out_blocks, in_place);
}

Status collective(const Arguments& call, tuttiComm_t comm, tuttiStream_t stream) {
  auto* const communicator = TUTTI_TRY(usable(comm));
  auto* const queue = TUTTI_TRY(usable(stream));
  const DataType type = TUTTI_TRY(check_type(call.type));
  if (has_root(call.collective)) TUTTI_TRY(check_rank("root", call.root, communicator->size()));
  comm::Operator op{.user = {}};
  if (is_reduction(call.collective)) op = TUTTI_TRY(communicator->operators().find(call.op, type));
  if (call.collective != Collective::barrier) TUTTI_TRY(check_buffers(call, type, *communicator));
  return submit(*communicator, queue,
                comm::CollectiveCall{.collective = call.collective,
                                     .in = static_cast<const std::byte*>(call.in),
                                     .out = static_cast<std::byte*>(call.out),
                                     .count = call.count,
                                     .type = type,
                                     .op = op,
                                     .root = Rank{call.root}});
}

Status message(bool sends, void* buffer, std::size_t count, tuttiDataType_t datatype, int peer, tuttiComm_t comm,
               tuttiStream_t stream) {
  auto* const communicator = TUTTI_TRY(usable(comm));
  auto* const queue = TUTTI_TRY(usable(stream));
  const DataType type = TUTTI_TRY(check_type(datatype));
  TUTTI_TRY(check_rank("peer", peer, communicator->size()));
  const std::uint64_t bytes = TUTTI_TRY(check_bytes("count", count, type, 1));
  if (bytes > 0 && buffer == nullptr) return null_argument(sends ? "sendbuff" : "recvbuff");
  if (peer == index(communicator->rank()) && !in_group()) {
    return Error{Code::invalid_usage, fmt::format("rank {} {} itself outside a group: it would wait for ever", peer,
                                                  sends ? "sends to" : "receives from")};
  }
  return submit(*communicator, queue, comm::MessageCall{{{sends, Rank{peer}, static_cast<std::byte*>(buffer), bytes}}});
}

}  // namespace
}  // namespace tutti::api

using namespace tutti::api;

tuttiResult_t tuttiAllReduce(const void* sendbuff, void* recvbuff, size_t count, tuttiDataType_t datatype,
                             tuttiRedOp_t op, tuttiComm_t comm, tuttiStream_t stream) {
  return guarded([&] {
    return collective({Collective::all_reduce, sendbuff, recvbuff, count, datatype, op}, comm, stream);
  });
}

tuttiResult_t tuttiReduce(const void* sendbuff, void* recvbuff, size_t count, tuttiDataType_t datatype, tuttiRedOp_t op,
                          int root, tuttiComm_t comm, tuttiStream_t stream) {
  return guarded([&] {
    return collective({Collective::reduce, sendbuff, recvbuff, count, datatype, op, root}, comm, stream);
  });
}

tuttiResult_t tuttiBroadcast(const void* sendbuff, void* recvbuff, size_t count, tuttiDataType_t datatype, int root,
                             tuttiComm_t comm, tuttiStream_t stream) {
  return guarded([&] {
    return collective({Collective::broadcast, sendbuff, recvbuff, count, datatype, tuttiSum, root}, comm, stream);
  });
}

tuttiResult_t tuttiBcast(void* buff, size_t count, tuttiDataType_t datatype, int root, tuttiComm_t comm,
                         tuttiStream_t stream) {
  return tuttiBroadcast(buff, buff, count, datatype, root, comm, stream);
}

tuttiResult_t tuttiReduceScatter(const void* sendbuff, void* recvbuff, size_t recvcount, tuttiDataType_t datatype,
                                 tuttiRedOp_t op, tuttiComm_t comm, tuttiStream_t stream) {
  return guarded([&] {
    return collective({Collective::reduce_scatter, sendbuff, recvbuff, recvcount, datatype, op}, comm, stream);
  });
}

tuttiResult_t tuttiAllGather(const void* sendbuff, void* recvbuff, size_t sendcount, tuttiDataType_t datatype,
                             tuttiComm_t comm, tuttiStream_t stream) {
  return guarded([&] {
    return collective({Collective::all_gather, sendbuff, recvbuff, sendcount, datatype}, comm, stream);
  });
}

tuttiResult_t tuttiGather(const void* sendbuff, void* recvbuff, size_t count, tuttiDataType_t datatype, int root,
                          tuttiComm_t comm, tuttiStream_t stream) {
  return guarded([&] {
    return collective({Collective::gather, sendbuff, recvbuff, count, datatype, tuttiSum, root}, comm, stream);
  });
}

tuttiResult_t tuttiScatter(const void* sendbuff, void* recvbuff, size_t count, tuttiDataType_t datatype, int root,
                           tuttiComm_t comm, tuttiStream_t stream) {
  return guarded([&] {
    return collective({Collective::scatter, sendbuff, recvbuff, count, datatype, tuttiSum, root}, comm, stream);
  });
}

tuttiResult_t tuttiAlltoAll(const void* sendbuff, void* recvbuff, size_t count, tuttiDataType_t datatype,
                            tuttiComm_t comm, tuttiStream_t stream) {
  return guarded([&] {
    return collective({Collective::all_to_all, sendbuff, recvbuff, count, datatype}, comm, stream);
  });
}

tuttiResult_t tuttiBarrier(tuttiComm_t comm, tuttiStream_t stream) {
  return guarded([&] { return collective({.collective = Collective::barrier}, comm, stream); });
}

tuttiResult_t tuttiSend(const void* sendbuff, size_t count, tuttiDataType_t datatype, int peer, tuttiComm_t comm,
                        tuttiStream_t stream) {
  return guarded([&] { return message(true, const_cast<void*>(sendbuff), count, datatype, peer, comm, stream); });
}

tuttiResult_t tuttiRecv(void* recvbuff, size_t count, tuttiDataType_t datatype, int peer, tuttiComm_t comm,
                        tuttiStream_t stream) {
  return guarded([&] { return message(false, recvbuff, count, datatype, peer, comm, stream); });
}
