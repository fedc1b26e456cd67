// Compiled once per instruction set: foreach_target.h includes this file again for each.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "perf/limits/stores.cpp"
#include "kernels/targets.hpp"
// foreach_target.h comes first of Highway's headers.
#include <hwy/foreach_target.h>
// The rest is compiled for one instruction set at a time.
#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <cstring>
#include <utility>

#include "perf/limits/stores.hpp"

HWY_BEFORE_NAMESPACE();
namespace tutti::limits::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Vectors are at most as wide as the line to which buffers are aligned, so that every store is aligned too.
using Floats = hn::CappedTag<float, 16>;

template <typename Store>
void add(void* out, const void* left, const void* right, std::size_t bytes, const Store& store) {
  const Floats floats;
  auto* const to = static_cast<float*>(out);
  const auto* const a = static_cast<const float*>(left);
  const auto* const b = static_cast<const float*>(right);
  const std::size_t n = bytes / sizeof(float);
  for (std::size_t i = 0; i < n; i += hn::Lanes(floats)) {
    store(hn::Add(hn::Load(floats, a + i), hn::Load(floats, b + i)), to + i);
  }
}

void add_plain(void* out, const void* left, const void* right, std::size_t bytes) {
  add(out, left, right, bytes, [](auto value, float* to) { hn::Store(value, Floats(), to); });
}

void add_streaming(void* out, const void* left, const void* right, std::size_t bytes) {
  add(out, left, right, bytes, [](auto value, float* to) { hn::Stream(value, Floats(), to); });
  hwy::FlushStream();
}

// A pass for each number of sources, so that no loop over them is in the way.
template <std::size_t... kAfterFirst>
void add_each(float* out, std::span<const void* const> sources, std::size_t n, std::index_sequence<kAfterFirst...>) {
  const Floats floats;
  const auto source = [&](std::size_t s) { return static_cast<const float*>(sources[s]); };
  for (std::size_t i = 0; i < n; i += hn::Lanes(floats)) {
    auto total = hn::Load(floats, source(0) + i);
    ((total = hn::Add(total, hn::Load(floats, source(kAfterFirst + 1) + i))), ...);
    hn::Store(total, floats, out + i);
  }
}

void add_sources(void* out, std::span<const void* const> sources, std::size_t bytes) {
  auto* const to = static_cast<float*>(out);
  const std::size_t n = bytes / sizeof(float);
  if (sources.size() == 2) add_each(to, sources, n, std::make_index_sequence<1>());
  if (sources.size() == 3) add_each(to, sources, n, std::make_index_sequence<2>());
  if (sources.size() == 4) add_each(to, sources, n, std::make_index_sequence<3>());
  if (sources.size() == 8) add_each(to, sources, n, std::make_index_sequence<7>());
}

void copy_streaming(void* out, const void* in, std::size_t bytes) {
  const Floats floats;
  auto* const to = static_cast<float*>(out);
  const auto* const from = static_cast<const float*>(in);
  const std::size_t n = bytes / sizeof(float);
  for (std::size_t i = 0; i < n; i += hn::Lanes(floats)) hn::Stream(hn::Load(floats, from + i), floats, to + i);
  hwy::FlushStream();
}

}  // namespace tutti::limits::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tutti::limits {

HWY_EXPORT(add_plain);
HWY_EXPORT(add_streaming);
HWY_EXPORT(add_sources);
HWY_EXPORT(copy_streaming);

void add_all(void* out, std::span<const void* const> sources, std::size_t bytes) {
  HWY_DYNAMIC_DISPATCH(add_sources)(out, sources, bytes);
}

Stores plain_stores() {
  return {"plain", [](void* out, const void* in, std::size_t bytes) { std::memcpy(out, in, bytes); },
          [](void* out, const void* left, const void* right, std::size_t bytes) {
            HWY_DYNAMIC_DISPATCH(add_plain)(out, left, right, bytes);
          }};
}

Stores streaming_stores() {
  return {"streaming",
          [](void* out, const void* in, std::size_t bytes) {
            HWY_DYNAMIC_DISPATCH(copy_streaming)
            (out, in, bytes);
          },
          [](void* out, const void* left, const void* right, std::size_t bytes) {
            HWY_DYNAMIC_DISPATCH(add_streaming)(out, left, right, bytes);
          }};
}

}  // namespace tutti::limits
#endif
