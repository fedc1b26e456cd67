// The operators that users made for one communicator.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

#include "base/result.hpp"
#include "comm/call.hpp"

namespace tutti::comm {

/// Thread-safe. Handles are never used twice, so that a destroyed operator is recognised.
class Operators {
 public:
  static constexpr std::int32_t kFirstHandle = 64;  // below are the built-in ones

  struct Made {
    Operator op;
    std::optional<DataType> type;  // that it was made for; none: any
  };

  std::int32_t add(const Made& made);
  Status remove(std::int32_t handle);

  /// What a handle, built in or made here, means for `type`. Fails with invalid_argument.
  Result<Operator> find(std::int32_t handle, DataType type) const {
    if (handle >= 0 && handle <= static_cast<std::int32_t>(ReduceOp::avg))
      return Operator{.op = static_cast<ReduceOp>(handle), .user = {}};
    return find_made(handle, type);
  }

 private:
  Result<Operator> find_made(std::int32_t handle, DataType type) const;

  mutable std::mutex lock_;
  std::map<std::int32_t, Made> made_;
  std::int32_t next_ = kFirstHandle;
};

}  // namespace tutti::comm
