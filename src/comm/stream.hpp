// A host stream: calls that run one after the other on a thread of its own while the caller goes on.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "base/result.hpp"

namespace tutti::comm {

/// Thread-safe.
class Stream {
 public:
  using Task = std::function<Status()>;

  Stream() : thread_([this] { work(); }) {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  /// Waits for what is queued; each call has its own deadline.
  ~Stream();

  void push(Task task);

  /// Success when everything is done, in_progress when not, or the first error since the last synchronize.
  [[nodiscard]] Status query() const;

  /// Waits until everything that was pushed before is done; gives the first error, and forgets it.
  Status synchronize();

 private:
  void work();

  mutable std::mutex lock_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  bool busy_ = false;
  bool ends_ = false;
  Status first_error_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace tutti::comm
