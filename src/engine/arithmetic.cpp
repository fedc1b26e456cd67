#include "engine/arithmetic.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace tutti::engine {
namespace {

void copy(std::byte* out, const std::byte* in, std::size_t bytes) {
  if (out != in && bytes != 0) std::memmove(out, in, bytes);
}

}  // namespace

Arithmetic::Arithmetic(const Operation& operation, bool wide)
    : operation_(operation), partial_type_(wide ? accumulator_of(operation.type) : operation.type), wide_(wide) {
  widen_ = kernels::widen(operation.type);
  narrow_ = kernels::narrow(operation.type);
  if (operation.op == ReduceOp::user) return;
  combine_ = kernels::reduce2(partial_type_, operation.op);
  reduce_ = kernels::reduce_many(partial_type_, operation.op);
}

void Arithmetic::prepare(std::byte* partial, const std::byte* raw, std::size_t n) const {
  if (wide_) {
    widen_(partial, raw, n, operation_.scalar);
  } else {
    copy(partial, raw, n * element_size());
  }
}

void Arithmetic::finish(std::byte* result, const std::byte* partial, std::size_t n) const {
  if (wide_ || operation_.divisor != 1) {
    narrow_(result, partial, n, operation_.divisor);
  } else {
    copy(result, partial, n * element_size());
  }
}

void Arithmetic::combine(std::byte* out, const std::byte* left, const std::byte* right, std::size_t n) const {
  if (combine_ != nullptr) {
    combine_(out, left, right, n);
    return;
  }
  // The user's function writes to its right side. Where that is not ours to write, a small copy stands in for it.
  std::array<std::byte, 4096> right_copy;
  const std::size_t size = element_size();
  const std::size_t most = right_copy.size() / size;
  for (std::size_t done = 0; done < n;) {
    const std::size_t part = std::min(most, n - done);
    std::memcpy(right_copy.data(), right + done * size, part * size);
    operation_.user.apply(left + done * size, right_copy.data(), part, static_cast<int>(operation_.type),
                          operation_.user.context);
    std::memcpy(out + done * size, right_copy.data(), part * size);
    done += part;
  }
}

void Arithmetic::reduce(std::byte* out, std::span<std::byte* const> sources, std::size_t own, std::size_t n,
                        bool final) {
  if (operation_.op == ReduceOp::user) {
    reduce_by_user(out, sources, own, n);
    return;
  }
  pointers_.assign(sources.begin(), sources.end());
  reduce_(out, pointers_, n, final ? operation_.divisor : 1);
}

void Arithmetic::reduce_by_user(std::byte* out, std::span<std::byte* const> sources, std::size_t own,
                                std::size_t n) const {
  const std::byte* left = sources[0];
  for (std::size_t i = 1; i < sources.size(); ++i) {
    if (i == own) {
      combine(out, left, sources[i], n);
      left = out;
    } else {
      operation_.user.apply(left, sources[i], n, static_cast<int>(operation_.type), operation_.user.context);
      left = sources[i];
    }
  }
  copy(out, left, n * element_size());
}

void combine_arrived_right(const void* context, std::byte* out, const std::byte* local, const std::byte* arrived,
                           std::size_t bytes) {
  const auto& arithmetic = *static_cast<const Arithmetic*>(context);
  arithmetic.combine(out, local, arrived, bytes / arithmetic.partial_size());
}

void combine_arrived_left(const void* context, std::byte* out, const std::byte* local, const std::byte* arrived,
                          std::size_t bytes) {
  const auto& arithmetic = *static_cast<const Arithmetic*>(context);
  arithmetic.combine(out, arrived, local, bytes / arithmetic.partial_size());
}

}  // namespace tutti::engine
