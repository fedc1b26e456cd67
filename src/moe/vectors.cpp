// Once per instruction set: foreach_target.h includes this file again for each.
#include "moe/vectors.hpp"

#include <bit>
#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "moe/vectors.cpp"
#include "kernels/targets.hpp"
// foreach_target.h comes first of Highway's headers.
#include <hwy/foreach_target.h>
// The rest is compiled for one instruction set at a time.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tutti::moe::vectors::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// From 0, the least of them being -1, none is above `known` if no sign is set in it or in what is left up to `known`.
template <typename Id>
bool are_choices(std::span<const Id> ids, std::uint32_t known) {
  using Number = std::make_unsigned_t<Id>;
  const hn::CappedTag<Number, kSlack> all;
  const auto one = hn::Set(all, Number{1});
  const auto most = hn::Set(all, Number{known});
  const auto* const numbers = reinterpret_cast<const Number*>(ids.data());
  auto signs = hn::Zero(all);
  std::size_t at = 0;
  for (; at + hn::Lanes(all) <= ids.size(); at += hn::Lanes(all)) {
    const auto number = hn::Add(hn::LoadU(all, numbers + at), one);
    signs = hn::Or(signs, hn::Or(number, hn::Sub(most, number)));
  }
  bool well = hn::AllFalse(all, hn::Ne(hn::ShiftRight<8 * sizeof(Id) - 1>(signs), hn::Zero(all)));
  for (; at < ids.size(); ++at) well = well && static_cast<Number>(numbers[at] + 1) <= Number{known};
  return well;
}

bool are_choices32(std::span<const std::int32_t> ids, std::uint32_t known) {
  return are_choices(ids, known);
}
bool are_choices64(std::span<const std::int64_t> ids, std::uint32_t known) {
  return are_choices(ids, known);
}

// Differences that are negative, of tokens and of slots to the last one, are told by the sign of all of them together;
// and so are tokens for which differences would mean nothing.
Rows rows_of(std::span<const Entry> entries, std::uint32_t slots, std::uint32_t* tokens) {
  const hn::CappedTag<std::uint32_t, kSlack> all;
  const auto last_slot = hn::Set(all, slots - 1);
  const auto slot_bits = hn::Set(all, 0xffff);
  auto signs_of_all = hn::Zero(all);
  std::uint32_t signs = entries[0].token | (slots - 1 - entries[0].slot);
  tokens[0] = entries[0].token;
  std::size_t rows = 1;
  std::size_t at = 1;
  for (; at + hn::Lanes(all) <= entries.size(); at += hn::Lanes(all)) {
    const auto* const words = reinterpret_cast<const std::uint32_t*>(entries.data() + at);
    hn::Vec<decltype(all)> token;
    hn::Vec<decltype(all)> slot_and_k;
    hn::Vec<decltype(all)> before;
    hn::Vec<decltype(all)> unused;
    hn::LoadInterleaved2(all, words, token, slot_and_k);
    hn::LoadInterleaved2(all, words - 2, before, unused);
    const auto step = hn::Sub(token, before);
    const auto slots_left = hn::Sub(last_slot, hn::And(slot_and_k, slot_bits));
    signs_of_all = hn::Or(signs_of_all, hn::Or(token, hn::Or(step, slots_left)));
    const auto is_new = hn::Ne(step, hn::Zero(all));
    hn::StoreU(hn::Compress(token, is_new), all, tokens + rows);
    rows += hn::CountTrue(all, is_new);
  }
  for (; at < entries.size(); ++at) {
    const std::uint32_t step = entries[at].token - entries[at - 1].token;
    tokens[rows] = entries[at].token;
    rows += step != 0 ? 1 : 0;
    signs |= entries[at].token | step | (slots - 1 - entries[at].slot);
  }
  const bool any = !hn::AllFalse(all, hn::Ne(hn::ShiftRight<31>(signs_of_all), hn::Zero(all)));
  return {rows, !any && (signs >> 31) == 0};
}

Streams stream_of(std::span<const std::uint64_t> words, std::size_t first_bit, std::uint8_t own, std::uint32_t* tokens,
                  std::byte* masks) {
  const hn::CappedTag<std::uint64_t, kSlack> wide;
  const hn::Rebind<std::uint32_t, decltype(wide)> narrow;
  const hn::Rebind<std::uint8_t, decltype(wide)> bytes;
  const auto shift = static_cast<int>(first_bit);
  const auto own_bits = hn::Set(wide, own);
  auto* const out = reinterpret_cast<std::uint8_t*>(masks);
  const auto step = hn::Set(narrow, static_cast<std::uint32_t>(hn::Lanes(narrow)));
  auto token = hn::Iota(narrow, 0);
  auto bits = hn::Zero(wide);
  Streams stream;
  std::size_t at = 0;
  for (; at + hn::Lanes(wide) <= words.size(); at += hn::Lanes(wide)) {
    const auto mask = hn::And(hn::ShiftRightSame(hn::LoadU(wide, &words[at]), shift), own_bits);
    const auto short_mask = hn::TruncateTo(narrow, mask);
    const auto wanted = hn::Ne(short_mask, hn::Zero(narrow));
    hn::StoreU(hn::Compress(token, wanted), narrow, tokens + stream.rows);
    hn::StoreU(hn::TruncateTo(bytes, hn::Compress(short_mask, wanted)), bytes, out + stream.rows);
    stream.rows += static_cast<std::uint32_t>(hn::CountTrue(narrow, wanted));
    bits = hn::Add(bits, hn::PopulationCount(mask));
    token = hn::Add(token, step);
  }
  stream.bits = static_cast<std::uint32_t>(hn::GetLane(hn::SumOfLanes(wide, bits)));
  for (; at < words.size(); ++at) {
    const auto mask = static_cast<std::uint8_t>(words[at] >> first_bit & own);
    tokens[stream.rows] = static_cast<std::uint32_t>(at);
    out[stream.rows] = mask;
    stream.rows += mask != 0 ? 1 : 0;
    stream.bits += static_cast<std::uint32_t>(std::popcount(mask));
  }
  return stream;
}

}  // namespace tutti::moe::vectors::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tutti::moe::vectors {

HWY_EXPORT(are_choices32);
bool are_choices(std::span<const std::int32_t> ids, std::uint32_t known) {
  return HWY_DYNAMIC_DISPATCH(are_choices32)(ids, known);
}
HWY_EXPORT(are_choices64);
bool are_choices(std::span<const std::int64_t> ids, std::uint32_t known) {
  return HWY_DYNAMIC_DISPATCH(are_choices64)(ids, known);
}
HWY_EXPORT(rows_of);
Rows rows_of(std::span<const Entry> entries, std::uint32_t slots, std::uint32_t* tokens) {
  return HWY_DYNAMIC_DISPATCH(rows_of)(entries, slots, tokens);
}
HWY_EXPORT(stream_of);
Streams stream_of(std::span<const std::uint64_t> words, std::size_t first_bit, std::uint8_t own, std::uint32_t* tokens,
                  std::byte* masks) {
  return HWY_DYNAMIC_DISPATCH(stream_of)(words, first_bit, own, tokens, masks);
}

}  // namespace tutti::moe::vectors
#endif
