// Operators on vectors of the type that is computed in. Compiled once per instruction set.
#if defined(TUTTI_KERNELS_OPERATORS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TUTTI_KERNELS_OPERATORS_INL
#undef TUTTI_KERNELS_OPERATORS_INL
#else
#define TUTTI_KERNELS_OPERATORS_INL
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tutti::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Every NaN becomes the positive quiet one without payload. Which operand's payload survives an addition depends on
/// the order of operands, so without this two ranks that compute a+b and b+a would hold different bits.
template <class D, class V>
HWY_INLINE V canonical(D d, V v) {
  if constexpr (hwy::IsFloat<hn::TFromD<D>>()) {
    const auto quiet_nan = hn::BitCast(
        d, hn::Set(hn::RebindToUnsigned<D>(), sizeof(hn::TFromD<D>) == 4 ? 0x7fc0'0000U : 0x7ff8'0000'0000'0000U));
    return hn::IfThenElse(hn::Eq(v, v), v, quiet_nan);
  } else {
    return v;
  }
}

/// No instruction set multiplies bytes: even and odd ones are multiplied as halves of 16-bit lanes.
template <class D, class V>
HWY_INLINE V multiply_bytes(D d, V a, V b) {
#if HWY_TARGET == HWY_SCALAR
  return hn::Set(d, static_cast<std::uint8_t>(hn::GetLane(a) * hn::GetLane(b)));
#else
  const hn::Repartition<std::uint16_t, D> d16;
  const auto a16 = hn::BitCast(d16, a);
  const auto b16 = hn::BitCast(d16, b);
  const auto even = hn::And(hn::Mul(a16, b16), hn::Set(d16, 0x00ff));
  const auto odd = hn::Mul(hn::ShiftRight<8>(a16), hn::And(b16, hn::Set(d16, 0xff00)));
  return hn::BitCast(d, hn::Or(even, odd));
#endif
}

/// The larger of a and b, and b when they are equal or one is NaN.
template <class V>
HWY_INLINE V larger_or_second(V a, V b) {
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128
  return hn::Max(a, b);  // MAXPS does exactly this; elsewhere Max treats NaN in other ways
#else
  return hn::IfThenElse(hn::Gt(a, b), a, b);
#endif
}

template <class V>
HWY_INLINE V smaller_or_second(V a, V b) {
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128
  return hn::Min(a, b);
#else
  return hn::IfThenElse(hn::Lt(a, b), a, b);
#endif
}

struct Sum {
  template <class D, class V>
  HWY_INLINE V operator()(D /*d*/, V a, V b) const {
    return hn::Add(a, b);
  }
};

struct Prod {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V a, V b) const {
    if constexpr (sizeof(hn::TFromD<D>) == 1) {
      return multiply_bytes(d, a, b);
    } else {
      return hn::Mul(a, b);
    }
  }
};

// Both orders are computed: they are the same value unless one operand is NaN, and the same bits unless they are zeros
// of different signs, which And (for max) and Or (for min) settle.
struct Max {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V a, V b) const {
    if constexpr (hwy::IsFloat<hn::TFromD<D>>()) {
      const V one = larger_or_second(a, b);
      const V other = larger_or_second(b, a);
      return hn::IfThenElse(hn::Eq(one, other), hn::And(one, other), hn::NaN(d));
    } else {
      return hn::Max(a, b);
    }
  }
};

struct Min {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V a, V b) const {
    if constexpr (hwy::IsFloat<hn::TFromD<D>>()) {
      const V one = smaller_or_second(a, b);
      const V other = smaller_or_second(b, a);
      return hn::IfThenElse(hn::Eq(one, other), hn::Or(one, other), hn::NaN(d));
    } else {
      return hn::Min(a, b);
    }
  }
};

}  // namespace tutti::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
