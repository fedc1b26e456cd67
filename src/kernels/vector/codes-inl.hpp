// Maximum and minimum of low-precision numbers by their codes, without decoding them. Compiled once per instruction
// set.
#if defined(TUTTI_KERNELS_CODES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef TUTTI_KERNELS_CODES_INL
#undef TUTTI_KERNELS_CODES_INL
#else
#define TUTTI_KERNELS_CODES_INL
#endif

#include <hwy/highway.h>

#include <cstdint>
#include <limits>

HWY_BEFORE_NAMESPACE();
namespace tutti::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// As unsigned integers, positive codes have the order of their numbers, negative ones are above them and have the
/// opposite order. So if neither is negative, the greater number has the greater code, else the lesser one. Codes whose
/// magnitude is above kInfinity's are NaN; of two of which one is, the result is kNan.
template <std::uint16_t kInfinity, std::uint16_t kNan, bool kGreatest>
struct Extreme {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V a, V b) const {
    using T = hn::TFromD<D>;
    const hn::RebindToSigned<D> s;  // magnitudes are positive, and signed comparison is the cheaper one
    const auto magnitude = hn::Set(d, static_cast<T>(std::numeric_limits<T>::max() >> 1));
    const auto least = hn::Min(a, b);
    const auto greatest = hn::Max(a, b);
    const auto any_is_negative = hn::RebindMask(d, hn::Lt(hn::BitCast(s, hn::Or(a, b)), hn::Zero(s)));
    const auto larger = hn::BitCast(s, hn::Max(hn::And(a, magnitude), hn::And(b, magnitude)));
    const auto is_nan = hn::RebindMask(d, hn::Gt(larger, hn::Set(s, kInfinity)));
    const auto number = hn::IfThenElse(any_is_negative, kGreatest ? least : greatest, kGreatest ? greatest : least);
    return hn::IfThenElse(is_nan, hn::Set(d, static_cast<T>(kNan)), number);
  }
};

}  // namespace tutti::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
