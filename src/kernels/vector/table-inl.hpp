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
#include "kernels/vector/codes-inl.hpp"
#include "kernels/vector/loops-inl.hpp"
#include "kernels/vector/quotients-inl.hpp"

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

/// Of low-precision numbers, by codes, in one pass; what is divided is so in a second one. A NaN that is alone becomes
/// canonical with itself.
template <class F, class Op>
void extreme_fold_kernel(void* out, std::span<const void* const> sources, std::size_t n, double divisor) {
  using Codes = Plain<typename F::Stored>;
  if (sources.size() == 1) {
    pair_kernel<Codes, Op>(out, sources[0], sources[0], n);
  } else {
    fill<Codes>(out, n, Fold<Codes, Op>{sources, Division<Codes>(1)});
  }
  const void* const total = out;
  if (divisor != 1) fold_kernel<F, Sum>(out, std::span(&total, 1), n, divisor);
}

// Integers. Sums and products wrap, so both signednesses use the unsigned kernels.

template <class T>
HWY_INLINE void divide(void* out, const void* in, std::size_t n, double divisor) {
  fill<Plain<T>>(out, n, Quotients<T>{static_cast<const T*>(in), Reciprocal<std::make_unsigned_t<T>>(divisor)});
}

template <class T, class Lane, class Op>
void integer_fold_kernel(void* out, std::span<const void* const> sources, std::size_t n, double divisor) {
  using F = Plain<Lane>;
  if (divisor == 1) {
    fill<F>(out, n, Fold<F, Op>{sources, Division<F>(1)});
    return;
  }
  // A second pass divides, over what the fastest cache still has.
  constexpr std::size_t kPiece = 4096 / sizeof(T);
  for (std::size_t done = 0; done < n; done += kPiece) {
    T* const piece = static_cast<T*>(out) + done;
    const std::size_t count = std::min(kPiece, n - done);
    fill<F>(piece, count, Fold<F, Op>{sources, Division<F>(1), done});
    divide<T>(piece, piece, count, divisor);
  }
}

template <class T>
void integer_widen_kernel(void* out, const void* in, std::size_t n, double scalar) {
  using F = Plain<std::make_unsigned_t<T>>;
  fill<F>(out, n, Scaled<F>{elements<F>(in), integer_scalar<std::make_unsigned_t<T>>(scalar)});
}

template <class T>
void integer_narrow_kernel(void* out, const void* in, std::size_t n, double divisor) {
  if (divisor != 1) {
    divide<T>(out, in, n, divisor);
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

/// F is for casts, Mixed the same for what has one format on both sides; Greatest and Least work on codes.
template <class F, class Mixed, class Greatest, class Least, Reduce2 kSum = pair_kernel<Mixed, Sum>,
          ReduceMany kSums = fold_kernel<Mixed, Sum>>
const Table& low_precision_table() {
  using Codes = Plain<typename F::Stored>;
  static constexpr Table kTable = {
      .reduce2 = {kSum, pair_kernel<Mixed, Prod>, pair_kernel<Codes, Greatest>, pair_kernel<Codes, Least>},
      .reduce_many = {kSums, fold_kernel<Mixed, Prod>, extreme_fold_kernel<F, Greatest>, extreme_fold_kernel<F, Least>},
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
