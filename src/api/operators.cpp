// Operators that users make.
#include <fmt/format.h>

#include <cstring>

#include "api/edge.hpp"
#include "kernels/kernels.hpp"

namespace tutti::api {
namespace {

// One element of any type, as the double that kernels multiply with.
double to_double(const void* scalar, DataType type) {
  std::byte wide[8] = {};
  kernels::widen(type)(wide, scalar, 1, 1);
  const auto as = [&](auto number) {
    std::memcpy(&number, wide, sizeof number);
    return static_cast<double>(number);
  };
  switch (accumulator_of(type)) {
    case DataType::i8:
      return as(std::int8_t{});
    case DataType::u8:
      return as(std::uint8_t{});
    case DataType::i32:
      return as(std::int32_t{});
    case DataType::u32:
      return as(std::uint32_t{});
    case DataType::i64:
      return as(std::int64_t{});
    case DataType::u64:
      return as(std::uint64_t{});
    case DataType::f32:
      return as(float{});
    default:
      return as(double{});
  }
}

}  // namespace
}  // namespace tutti::api

using namespace tutti;
using namespace tutti::api;

tuttiResult_t tuttiRedOpCreatePreMulSum(tuttiRedOp_t* op, void* scalar, tuttiDataType_t datatype,
                                        tuttiScalarResidence_t /*residence*/, tuttiComm_t comm) {
  return guarded([&]() -> Status {
    auto* const communicator = TUTTI_TRY(usable(comm));
    if (op == nullptr) return null_argument("op");
    if (scalar == nullptr) return null_argument("scalar");
    if (static_cast<int>(datatype) < 0 || datatype >= tuttiNumTypes)
      return Error{Code::invalid_argument,
                   fmt::format("datatype is {}: there is no such type", static_cast<int>(datatype))};
    const auto type = static_cast<DataType>(datatype);
    const auto handle = communicator->operators().add(
        {{.op = ReduceOp::premul_sum, .scalar = to_double(scalar, type), .user = {}}, type});
    *op = static_cast<tuttiRedOp_t>(handle);
    return {};
  });
}

tuttiResult_t tuttiRedOpCreateUser(tuttiRedOp_t* op, tuttiReduceFunction_t function, void* context, int commutative,
                                   tuttiComm_t comm) {
  return guarded([&]() -> Status {
    auto* const communicator = TUTTI_TRY(usable(comm));
    if (op == nullptr) return null_argument("op");
    if (function == nullptr) return null_argument("function");
    // The engine knows types by number only; the numbers are those of tuttiDataType_t.
    const auto apply = reinterpret_cast<void (*)(const void*, void*, std::size_t, int, void*)>(function);
    const auto handle = communicator->operators().add(
        {{.op = ReduceOp::user, .user = {apply, context}, .commutative = commutative != 0}, std::nullopt});
    *op = static_cast<tuttiRedOp_t>(handle);
    return {};
  });
}

tuttiResult_t tuttiRedOpDestroy(tuttiRedOp_t op, tuttiComm_t comm) {
  return guarded([&]() -> Status {
    auto* const communicator = TUTTI_TRY(usable(comm));
    return communicator->operators().remove(static_cast<std::int32_t>(op));
  });
}
