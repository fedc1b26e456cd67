// Another library that makes the same calls, as a trial sees it.
#pragma once

#include <cstddef>

#include "base/result.hpp"

namespace tutti::perf {

/// Calls on memory that Tutti's call would take, too.
struct RivalCall {
  const std::byte* send;
  std::byte* recv;
  std::size_t count;
  bool in_place;
};

class Rival {
 public:
  virtual ~Rival() = default;

  /// The case's collective, complete at this rank on return. Fails with unsupported where the library has no such call.
  virtual Status call(const RivalCall& call) = 0;
  virtual Status barrier() = 0;
};

}  // namespace tutti::perf
