// Builds the table of kernels for a format. Compiled once per instruction set.
#if defined(TUTTI_KERNELS_TABLE_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TUTTI_KERNELS_TABLE_INL
#undef TUTTI_KERNELS_TABLE_INL
#else
#define TUTTI_KERNELS_TABLE_INL
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "kernels/integer_arithmetic.hpp"
#include "kernels/table.hpp"
#include "kernels/vector/loops-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tutti::kernels::HWY_NAMESPACE {

template <class F, class Op>
void pair_kernel(void* out, const void* left, const void* right, std::size_t n) {
  fill<F>(out, n, Pair<F, Op>{elements<F>(left), elements<F>(right)});
}

// Floating point: the format's own, and its accumulator, which is the type of its lanes.

template <class F, class Op>
void fold_kernel(void* out, std::span<const void* const> sources, std::size_t n, double divisor) {
  fill<F>(out, n, Fold<F, Op>{sources, Division<F>(static_cast<hn::TFromD<typename F::Tag>>(divisor))});
}

template <class F>
void widen_kernel(void* out, const void* in, std::size_t n, double scalar) {
  using Lane = hn::TFromD<typename F::Tag>;
  fill<Plain<Lane>>(out, n, Scaled<F>{elements<F>(in), static_cast<Lane>(scalar)});
}

template <class F>
void narrow_kernel(void* out, const void* in, std::size_t n, double divisor) {
  using Lane = hn::TFromD<typename F::Tag>;
  using From = Plain<Lane>;
  fill<F>(out, n, Fold<From, Sum>{std::span(&in, 1), Division<From>(static_cast<Lane>(divisor))});
}

// Integers. Sums and products wrap, so both signednesses use the unsigned kernels.

/// A plain loop: compilers vectorise it for 8 and 32 bits, and no instruction set divides 64-bit integers.
template <class T>
HWY_INLINE void divide(T* out, const T* in, std::size_t n, double divisor) {
  using Exact = DividesExactly<T>;
  const auto by = static_cast<Exact>(divisor);
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<T>(static_cast<Exact>(in[i]) / by);
}

template <class T, class Lane, class Op>
void integer_fold_kernel(void* out, std::span<const void* const> sources, std::size_t n, double divisor) {
  fill<Plain<Lane>>(out, n, Fold<Plain<Lane>, Op>{sources, Division<Plain<Lane>>(1)});
  // The second pass finds the totals in the cache: calls of the engine are slices that fit there.
  if (divisor != 1) divide(static_cast<T*>(out), static_cast<const T*>(out), n, divisor);
}

template <class T>
void integer_widen_kernel(void* out, const void* in, std::size_t n, double scalar) {
  using F = Plain<std::make_unsigned_t<T>>;
  fill<F>(out, n, Scaled<F>{elements<F>(in), integer_scalar<std::make_unsigned_t<T>>(scalar)});
}

template <class T>
void integer_narrow_kernel(void* out, const void* in, std::size_t n, double divisor) {
  if (divisor != 1) {
    divide(static_cast<T*>(out), static_cast<const T*>(in), n, divisor);
  } else if (out != in && n > 0) {
    std::memcpy(out, in, n * sizeof(T));
  }
}

template <class F>
const Table& floating_table() {
  static constexpr Table kTable = {
      .reduce2 = {pair_kernel<F, Sum>, pair_kernel<F, Prod>, pair_kernel<F, Max>, pair_kernel<F, Min>},
      .reduce_many = {fold_kernel<F, Sum>, fold_kernel<F, Prod>, fold_kernel<F, Max>, fold_kernel<F, Min>},
      .widen = widen_kernel<F>,
      .narrow = narrow_kernel<F>};
  return kTable;
}

template <class T>
const Table& integer_table() {
  using Bits = std::make_unsigned_t<T>;
  static constexpr Table kTable = {
      .reduce2 = {pair_kernel<Plain<Bits>, Sum>, pair_kernel<Plain<Bits>, Prod>, pair_kernel<Plain<T>, Max>,
                  pair_kernel<Plain<T>, Min>},
      .reduce_many = {integer_fold_kernel<T, Bits, Sum>, integer_fold_kernel<T, Bits, Prod>,
                      integer_fold_kernel<T, T, Max>, integer_fold_kernel<T, T, Min>},
      .widen = integer_widen_kernel<T>,
      .narrow = integer_narrow_kernel<T>};
  return kTable;
}

}  // namespace tutti::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
