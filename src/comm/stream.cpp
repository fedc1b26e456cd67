#include "comm/stream.hpp"

#include <utility>

namespace tutti::comm {

Stream::~Stream() {
  {
    const std::lock_guard guard(lock_);
    ends_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Stream::push(Task task) {
  {
    const std::lock_guard guard(lock_);
    tasks_.push_back(std::move(task));
  }
  changed_.notify_all();
}

Status Stream::query() const {
  const std::lock_guard guard(lock_);
  if (!first_error_) return first_error_;
  if (busy_ || !tasks_.empty()) return Error{Code::in_progress, "the stream has calls that are not done"};
  return {};
}

Status Stream::synchronize() {
  std::unique_lock guard(lock_);
  changed_.wait(guard, [this] { return !busy_ && tasks_.empty(); });
  return std::exchange(first_error_, {});
}

void Stream::work() {
  std::unique_lock guard(lock_);
  while (true) {
    changed_.wait(guard, [this] { return ends_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    busy_ = true;
    guard.unlock();
    Status status = task();
    task = nullptr;  // before anybody hears that it is done
    guard.lock();
    if (first_error_ && !status) first_error_ = std::move(status);
    busy_ = false;
    changed_.notify_all();
  }
}

}  // namespace tutti::comm
