// Argument checks of the collectives, of send and recv; what they mean is the communicator's.
#include <fmt/format.h>

#include <cstdint>

#include "api/edge.hpp"
#include "api/group.hpp"

namespace tutti::api {
namespace {

using plan::Collective;

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 60;

struct Arguments {
  Collective collective{};
  const void* in = nullptr;
  void* out = nullptr;
  std::size_t count = 0;
  tuttiDataType_t type = tuttiFloat32;
  tuttiRedOp_t op = tuttiSum;
  int root = 0;
};

Result<DataType> check_type(tuttiDataType_t type) {
  if (static_cast<int>(type) < 0 || type >= tuttiNumTypes)
    return Error{Code::invalid_argument, fmt::format("datatype is {}: there is no such type", static_cast<int>(type))};
  return static_cast<DataType>(type);
}

Status check_rank(const char* name, int rank, int size) {
  if (rank < 0 || rank >= size)
    return Error{Code::invalid_argument, fmt::format("{} is {}: it must be between 0 and {}", name, rank, size - 1)};
  return {};
}

Result<std::uint64_t> check_bytes(std::size_t count, DataType type, std::uint64_t blocks) {
  if (count > kMostBytes / (size_of(type) * blocks))
    return Error{Code::invalid_argument, fmt::format("count is {}: that is more than 2^60 bytes", count)};
  return count * size_of(type);
}

Status check_alignment(const char* name, const void* buffer, DataType type) {
  if (reinterpret_cast<std::uintptr_t>(buffer) % size_of(type) == 0) return {};
  return Error{Code::invalid_argument, fmt::format("{} is not aligned to an element of {}", name, to_string(type))};
}

// `allowed` is where `in` stands when the call is in-place.
Status check_overlap(const std::byte* in, std::uint64_t in_bytes, const std::byte* out, std::uint64_t out_bytes,
                     const std::byte* allowed) {
  const bool apart = in + in_bytes <= out || out + out_bytes <= in;
  if (apart || in == allowed) return {};
  return Error{Code::invalid_argument, "sendbuff and recvbuff overlap, and not as this call's in-place form does"};
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
  switch (call.collective) {
    case Collective::reduce:
      return {.out = is_root};
    case Collective::broadcast:
      return {.in = is_root};
    case Collective::reduce_scatter:
      return {.in_blocks = ranks};
    case Collective::all_gather:
      return {.out_blocks = ranks};
    default:
      return {};
  }
}

Status check_buffers(const Arguments& call, DataType type, const comm::Communicator& communicator) {
  const Needs needs = needs_of(call, communicator);
  const std::uint64_t block = TUTTI_TRY(check_bytes(call.count, type, static_cast<std::uint64_t>(communicator.size())));
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
  if (call.collective == Collective::all_gather) in_place = out + own;
  if (call.collective == Collective::reduce_scatter) in_place = in + own == out ? in : nullptr;
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
  const std::uint64_t bytes = TUTTI_TRY(check_bytes(count, type, 1));
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
