// What a call computes: its type and operator, bound to kernels or to the user's own function.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/datatype.hpp"
#include "kernels/kernels.hpp"

namespace tutti::engine {

/// inout[i] = in[i] op inout[i]; `in` stands left of the operator.
struct UserFunction {
  void (*apply)(const void* in, void* inout, std::size_t count, int type, void* context) = nullptr;
  void* context = nullptr;
};

struct Operation {
  DataType type = DataType::f32;
  ReduceOp op = ReduceOp::sum;
  double scalar = 1;   // premul_sum: this rank's factor
  double divisor = 1;  // avg: the number of ranks
  UserFunction user;   // user
};

/// `wide` says that partial results are of accumulator_of(type). Counts are in elements.
class Arithmetic {
 public:
  Arithmetic() : Arithmetic(Operation{}, false) {}
  Arithmetic(const Operation& operation, bool wide);

  /// Raw input to a partial result.
  void prepare(std::byte* partial, const std::byte* raw, std::size_t n) const;
  /// A partial result to the result.
  void finish(std::byte* result, const std::byte* partial, std::size_t n) const;
  /// out = left op right, all partial results. `out` may be either.
  void combine(std::byte* out, const std::byte* left, const std::byte* right, std::size_t n) const;
  /// out = sources[0] op sources[1] op ...; divided, if this is an average and `final`. A user's function may write to
  /// every source but number `own`.
  void reduce(std::byte* out, std::span<std::byte* const> sources, std::size_t own, std::size_t n, bool final);

  [[nodiscard]] std::size_t element_size() const { return size_of(operation_.type); }
  [[nodiscard]] std::size_t partial_size() const { return size_of(partial_type_); }

 private:
  void reduce_by_user(std::byte* out, std::span<std::byte* const> sources, std::size_t own, std::size_t n) const;

  Operation operation_;
  DataType partial_type_;
  bool wide_;
  kernels::Reduce2 combine_ = nullptr;
  kernels::ReduceMany reduce_ = nullptr;
  kernels::Widen widen_ = nullptr;
  kernels::Narrow narrow_ = nullptr;
  std::vector<const void*> pointers_;
};

/// For transport::Combine, whose context is an Arithmetic: what arrives stands right of the operator, or left of it.
void combine_arrived_right(const void* context, std::byte* out, const std::byte* local, const std::byte* arrived,
                           std::size_t bytes);
void combine_arrived_left(const void* context, std::byte* out, const std::byte* local, const std::byte* arrived,
                          std::size_t bytes);

}  // namespace tutti::engine
