#include "comm/operators.hpp"

#include <fmt/format.h>

namespace tutti::comm {

std::int32_t Operators::add(const Made& made) {
  const std::lock_guard guard(lock_);
  made_.emplace(next_, made);
  return next_++;
}

Status Operators::remove(std::int32_t handle) {
  const std::lock_guard guard(lock_);
  if (made_.erase(handle) == 0)
    return Error{Code::invalid_argument,
                 fmt::format("operator {} was not made for this communicator, or is destroyed", handle)};
  return {};
}

Result<Operator> Operators::find_made(std::int32_t handle, DataType type) const {
  const std::lock_guard guard(lock_);
  const auto at = made_.find(handle);
  if (at == made_.end())
    return Error{Code::invalid_argument, fmt::format("{} is not an operator of this communicator", handle)};
  if (at->second.type && *at->second.type != type) {
    return Error{Code::invalid_argument, fmt::format("operator {} was made for {}, not for {}", handle,
                                                     to_string(*at->second.type), to_string(type))};
  }
  return at->second.op;
}

}  // namespace tutti::comm
