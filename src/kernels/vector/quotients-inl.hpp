// Integers divided by one divisor: multiplications, for no instruction set divides integers. Compiled once per
// instruction set.
#if defined(TUTTI_KERNELS_QUOTIENTS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TUTTI_KERNELS_QUOTIENTS_INL
#undef TUTTI_KERNELS_QUOTIENTS_INL
#else
#define TUTTI_KERNELS_QUOTIENTS_INL
#endif

#include <hwy/highway.h>

#include <type_traits>

#include "kernels/integer_arithmetic.hpp"
#include "kernels/vector/loops-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tutti::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// The upper half of each product. 64 bits: from four products of halves, as one multiplies by hand.
template <class D, class V>
HWY_INLINE V upper_product(D d, V a, V b) {
  if constexpr (sizeof(hn::TFromD<D>) == 4) {
    const hn::Repartition<std::uint64_t, D> d64;
    const auto even = hn::MulEven(a, b);
    const auto odd = hn::MulEven(hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(d64, a))), b);
    return hn::OddEven(hn::BitCast(d, odd), hn::BitCast(d, hn::ShiftRight<32>(even)));
  } else {
    const hn::Repartition<std::uint32_t, D> d32;
    const auto low_of = [&](V v) { return hn::BitCast(d32, v); };
    const auto high_of = [&](V v) { return hn::BitCast(d32, hn::ShiftRight<32>(v)); };
    const auto low = hn::MulEven(low_of(a), low_of(b));
    const auto middle = hn::Add(hn::MulEven(high_of(a), low_of(b)), hn::ShiftRight<32>(low));
    const auto other = hn::Add(hn::MulEven(low_of(a), high_of(b)), hn::And(middle, hn::Set(d, 0xffff'ffffU)));
    const auto high = hn::MulEven(high_of(a), high_of(b));
    return hn::Add(high, hn::Add(hn::ShiftRight<32>(middle), hn::ShiftRight<32>(other)));
  }
}

/// in / divisor, truncated.
template <class T>
struct Quotients {
  using F = Plain<T>;
  using Unsigned = std::make_unsigned_t<T>;
  using D = hn::ScalableTag<Unsigned>;
  const T* in;
  Reciprocal<Unsigned> by;

  template <class Access>
  HWY_INLINE VectorOf<F> vector(Access access, std::size_t i) const {
    return divided(access.template load<F>(in + i));
  }
  HWY_INLINE void block(std::size_t i, VectorOf<F>& v0, VectorOf<F>& v1, VectorOf<F>& v2, VectorOf<F>& v3) const {
    load_block<F>(in + i, v0, v1, v2, v3);
    v0 = divided(v0);
    v1 = divided(v1);
    v2 = divided(v2);
    v3 = divided(v3);
  }

 private:
  HWY_INLINE VectorOf<F> divided(VectorOf<F> v) const {
    const typename F::Tag d;
    if constexpr (std::is_signed_v<T>) {
      const auto size = hn::BitCast(d, quotient(hn::BitCast(D(), hn::Abs(v))));
      return hn::IfThenElse(hn::Lt(v, hn::Zero(d)), hn::Sub(hn::Zero(d), size), size);
    } else {
      return quotient(v);
    }
  }
#if HWY_TARGET == HWY_SCALAR
  HWY_INLINE hn::VFromD<D> quotient(hn::VFromD<D> v) const {
    return hn::Set(D(), by.quotient(hn::GetLane(v)));
  }
#else
  HWY_INLINE hn::VFromD<D> quotient(hn::VFromD<D> v) const {
    const D d;
    if constexpr (sizeof(T) == 1) {
      const hn::Repartition<std::uint16_t, D> d16;
      const auto pairs = hn::BitCast(d16, v);
      const auto multiplier = hn::Set(d16, by.multiplier);
      const auto even = hn::MulHigh(hn::And(pairs, hn::Set(d16, 0x00ff)), multiplier);
      const auto odd = hn::MulHigh(hn::ShiftRight<8>(pairs), multiplier);
      return hn::BitCast(d, hn::Or(even, hn::ShiftLeft<8>(odd)));
    } else {
      const auto upper = upper_product(d, v, hn::Set(d, by.multiplier));
      return hn::ShiftRightSame(hn::Add(upper, hn::ShiftRightSame(hn::Sub(v, upper), by.first)), by.second);
    }
  }
#endif
};

}  // namespace tutti::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
