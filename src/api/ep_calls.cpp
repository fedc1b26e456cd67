// Dispatch and combine: argument checks, and calls in one piece or in halves.
#include <fmt/format.h>

#include "api/ep_handles.hpp"
#include "api/group.hpp"

namespace tutti::api {
namespace {

using Shared = tuttiEpPlan::Shared;
using Maker = moe::Drive::Maker;

constexpr unsigned kFlags = TUTTI_EP_BEGIN | TUTTI_EP_ZERO_PADDING;

// A call that is over when its last half has run, wherever that is.
class Counted final : public engine::Activity {
 public:
  Counted(std::shared_ptr<moe::Drive> drive, std::shared_ptr<Shared> shared, bool last)
      : drive_(std::move(drive)), shared_(std::move(shared)), last_(last) {
    ++shared_->calls;
  }
  ~Counted() override { --shared_->calls; }

  Result<bool> poll(engine::Peers& peers, TimePoint now, bool& moved) override {
    const bool over = TUTTI_TRY(drive_->poll(peers, now, moved));
    if (over && last_) shared_->begun.reset();
    return over;
  }
  void abandon() override { drive_->abandon(); }
  [[nodiscard]] engine::Stall stall() const override { return drive_->stall(); }
  [[nodiscard]] std::string describe() const override { return drive_->describe(); }

 private:
  std::shared_ptr<moe::Drive> drive_;
  std::shared_ptr<Shared> shared_;
  bool last_;
};

Status run(tuttiEpPlan& handle, const char* what, Maker maker, bool begins, bool ends, comm::Stream* stream) {
  const auto until = ends ? moe::Drive::Until::over : moe::Drive::Until::stuck;
  const auto drive = std::make_shared<moe::Drive>(handle.ep->group, what, std::move(maker), begins, until);
  TUTTI_TRY(submit(*handle.ep->communicator, stream,
                   comm::ActivityCall{std::make_shared<Counted>(drive, handle.shared, ends)}));
  handle.begun = !ends;
  return drive->outcome() ? Status() : drive->outcome().error();
}

// What dispatch and combine have in common.
Result<comm::Stream*> check_call(const tuttiEpPlan& handle, int round, unsigned flags, tuttiStream_t stream) {
  if ((flags & ~kFlags) != 0)
    return Error{Code::invalid_argument, fmt::format("flags are {:#x}: there are no such flags", flags)};
  if (round < 0) return Error{Code::invalid_argument, fmt::format("round is {}: it must not be negative", round)};
  if (handle.begun) return Error{Code::invalid_usage, "a call was begun on the plan: tuttiEpFinish it before the next"};
  return usable(stream);
}

Status check_columns(const moe::Plan& plan, const tuttiEpColumn_t* columns, int count, std::size_t round) {
  if (count < 1) return Error{Code::invalid_argument, fmt::format("numColumns is {}: it must be at least 1", count)};
  if (columns == nullptr) return null_argument("columns");
  const bool receives = round < plan.rounds.size() && plan.rounds[round].rows > 0;
  for (int i = 0; i < count; ++i) {
    const tuttiEpColumn_t& column = columns[i];
    const auto wrong = [&](const char* what) {
      return Error{Code::invalid_argument, fmt::format("columns[{}].{}", i, what)};
    };
    if (column.bytes == 0) return wrong("bytes is 0");
    if (column.send == nullptr && plan.outgoing.tokens > 0) return wrong("send is NULL");
    if (column.recv == nullptr && receives) return wrong("recv is NULL");
    if (column.sendStride != 0 && column.sendStride < column.bytes) return wrong("sendStride is less than a row");
    if (column.recvStride != 0 && column.recvStride < column.bytes) return wrong("recvStride is less than a row");
  }
  return {};
}

Result<moe::Matrix> read_matrix(const char* name, const void* data, tuttiDataType_t type, std::size_t stride,
                                std::size_t elements, bool needed) {
  if (data == nullptr && needed) return null_argument(name);
  if (type != tuttiFloat32 && type != tuttiBfloat16 && type != tuttiFloat16)
    return Error{Code::invalid_argument,
                 fmt::format("{}Type is {}: it must be float32, bfloat16 or float16", name, static_cast<int>(type))};
  const auto own = static_cast<DataType>(type);
  const std::size_t size = size_of(own);
  if (stride != 0 && (stride < elements * size || stride % size != 0))
    return Error{Code::invalid_argument,
                 fmt::format("{}Stride is {}: it must be a multiple of an element, and at least "
                             "a row of {} bytes",
                             name, stride, elements * size)};
  if (reinterpret_cast<std::uintptr_t>(data) % size != 0)
    return Error{Code::invalid_argument, fmt::format("{} is not aligned to an element", name)};
  return moe::Matrix{static_cast<const std::byte*>(data), stride, own};
}

Result<moe::CombineCall> read_combine(const moe::Plan& plan, const tuttiEpCombine_t* call, std::size_t round) {
  if (call == nullptr) return null_argument("call");
  if (call->size != sizeof *call) return Error{Code::invalid_argument, "call->size is not sizeof(tuttiEpCombine_t)"};
  if (call->elements == 0 || call->elements > std::size_t{1} << 30)
    return Error{Code::invalid_argument, fmt::format("elements is {}: it must be from 1 to 2^30", call->elements)};
  if (call->wire < tuttiEpWireFloat32 || call->wire > tuttiEpWireFloat8Blocks)
    return Error{Code::invalid_argument,
                 fmt::format("wire is {}: there is no such type", static_cast<int>(call->wire))};
  const bool has_rows = round < plan.rounds.size() && plan.rounds[round].rows > 0;
  moe::CombineCall all;
  all.elements = call->elements;
  all.in = TUTTI_TRY(read_matrix("in", call->in, call->inType, call->inStride, call->elements, has_rows));
  all.out = TUTTI_TRY(
      read_matrix("out", call->out, call->outType, call->outStride, call->elements, plan.outgoing.tokens > 0));
  for (std::size_t i = 0; i < 2; ++i) {
    if (call->bias[i] != nullptr)
      all.bias.at(i) =
          TUTTI_TRY(read_matrix("bias", call->bias[i], call->biasType, call->biasStride, call->elements, true));
  }
  all.weighted = call->weighted != 0;
  all.row_weights = call->rowWeights;
  all.accumulate = call->accumulate != 0;
  all.wire = static_cast<moe::Wire>(call->wire);
  return all;
}

// The exchange that a begun call leaves for its second half.
Maker keeping(std::shared_ptr<Shared> shared, Maker maker) {
  return [shared = std::move(shared), maker = std::move(maker)]() -> Result<std::shared_ptr<moe::Exchange>> {
    shared->begun = TUTTI_TRY(maker());
    return shared->begun;
  };
}

}  // namespace
}  // namespace tutti::api

using namespace tutti;
using namespace tutti::api;

tuttiResult_t tuttiEpDispatch(tuttiEpPlan_t plan, int round, const tuttiEpColumn_t* columns, int numColumns,
                              unsigned int flags, tuttiStream_t stream) {
  return guarded([&]() -> Status {
    auto* const handle = TUTTI_TRY(usable(plan));
    auto* const queue = TUTTI_TRY(check_call(*handle, round, flags, stream));
    const auto which = static_cast<std::size_t>(round);
    const auto& shared = handle->shared;
    TUTTI_TRY(check_columns(*shared->plan, columns, numColumns, which));
    std::vector<moe::Column> all;
    for (int i = 0; i < numColumns; ++i) {
      all.push_back({.send = static_cast<const std::byte*>(columns[i].send),
                     .send_stride = columns[i].sendStride,
                     .recv = static_cast<std::byte*>(columns[i].recv),
                     .recv_stride = columns[i].recvStride,
                     .bytes = columns[i].bytes});
    }
    TUTTI_TRY(handle->ep->group->check_dispatch(*shared->plan, all, which));
    const bool zeros = (flags & TUTTI_EP_ZERO_PADDING) != 0;
    auto maker = [group = handle->ep->group, made = shared->plan, all, which, zeros] {
      return group->dispatch(made, all, which, zeros);
    };
    return run(*handle, "dispatch", keeping(shared, maker), true, (flags & TUTTI_EP_BEGIN) == 0, queue);
  });
}

tuttiResult_t tuttiEpCombine(tuttiEpPlan_t plan, int round, const tuttiEpCombine_t* call, unsigned int flags,
                             tuttiStream_t stream) {
  return guarded([&]() -> Status {
    auto* const handle = TUTTI_TRY(usable(plan));
    auto* const queue = TUTTI_TRY(check_call(*handle, round, flags, stream));
    const auto which = static_cast<std::size_t>(round);
    const auto& shared = handle->shared;
    const auto all = TUTTI_TRY(read_combine(*shared->plan, call, which));
    TUTTI_TRY(handle->ep->group->check_combine(*shared->plan, all, which));
    auto maker = [group = handle->ep->group, made = shared->plan, all, which] {
      return group->combine(made, all, which);
    };
    return run(*handle, "combine", keeping(shared, maker), true, (flags & TUTTI_EP_BEGIN) == 0, queue);
  });
}

tuttiResult_t tuttiEpFinish(tuttiEpPlan_t plan, tuttiStream_t stream) {
  return guarded([&]() -> Status {
    auto* const handle = TUTTI_TRY(usable(plan));
    auto* const queue = TUTTI_TRY(usable(stream));
    if (!handle->begun) return Error{Code::invalid_usage, "no call was begun on the plan"};
    auto maker = [shared = handle->shared]() -> Result<std::shared_ptr<moe::Exchange>> { return shared->begun; };
    return run(*handle, "call that was begun", maker, false, true, queue);
  });
}
