#include "comm/drive.hpp"

#include <poll.h>
#include <sched.h>

#include <algorithm>

namespace tutti::comm {
namespace {

constexpr std::chrono::milliseconds kTurnPatience{1};  // between looks whether it is our turn

// One batch on its way: waits for its turn, runs its calls, ends its turn.
class Running {
 public:
  explicit Running(const Batch& batch, bool begun = false) : batch_(batch), has_turn_(begun), begun_(begun) {}

  [[nodiscard]] bool over() const { return over_; }
  [[nodiscard]] bool has_turn() const { return has_turn_; }
  [[nodiscard]] Communicator& communicator() const { return *batch_.communicator; }
  Status take_status() { return std::move(status_); }

  // True if anything happened.
  bool step(TimePoint now) {
    if (!has_turn_) {
      if (!communicator().is_turn(batch_.ticket)) return false;
      has_turn_ = true;
    }
    if (!begun_ && !begin_all(now)) return true;
    bool moved = false;
    const auto done = communicator().advance(now, moved);
    if (!done) {
      end(done.error());
    } else if (*done) {
      end(std::move(status_));
    }
    return moved || over_;
  }

 private:
  // What comes before a call that cannot be begun still runs: other ranks may wait for it.
  bool begin_all(TimePoint now) {
    for (const Call& call : batch_.calls) {
      status_ = communicator().begin(call, now);
      if (!status_) break;
      begun_ = true;
    }
    if (!begun_) end(std::move(status_));
    return begun_;
  }

  void end(Status status) {
    status_ = std::move(status);
    over_ = true;
    communicator().end_turn();
  }

  Batch batch_;
  bool has_turn_ = false;
  bool begun_ = false;
  bool over_ = false;
  Status status_;
};

// Waits until something may have happened, or for `longest`.
void sleep(std::span<Running> batches, Duration longest) {
  thread_local std::vector<int> descriptors;
  descriptors.clear();
  for (Running& batch : batches) {
    if (batch.over()) continue;
    if (!batch.has_turn()) {
      longest = std::min<Duration>(longest, kTurnPatience);
    } else if (!batch.communicator().prepare_to_sleep(descriptors)) {
      return;
    }
  }
  thread_local std::vector<pollfd> waits;
  waits.clear();
  for (const int descriptor : descriptors) waits.push_back({descriptor, POLLIN, 0});
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(longest).count();
  (void)::poll(waits.data(), waits.size(), static_cast<int>(milliseconds));
}

void pass_time(engine::Pause pause, std::span<Running> batches, Duration longest) {
  switch (pause) {
    case engine::Pause::none:
      return;
    case engine::Pause::yield:
      (void)::sched_yield();
      return;
    case engine::Pause::sleep:
      sleep(batches, longest);
      return;
  }
}

Status drive(std::span<Running> batches, engine::WaitPolicy policy) {
  const SteadyClock clock;
  engine::Waiter waiter(policy);
  Status first;
  for (std::size_t left = batches.size(); left > 0;) {
    const TimePoint now = clock.now();
    bool moved = false;
    for (Running& batch : batches) {
      if (batch.over()) continue;
      moved = batch.step(now) || moved;
      if (!batch.over()) continue;
      --left;
      auto status = batch.take_status();
      if (first && !status) first = std::move(status);
    }
    if (left > 0) pass_time(waiter.next(moved, now), batches, policy.longest_sleep);
  }
  return first;
}

}  // namespace

Status run(std::span<const Batch> batches) {
  std::vector<Running> running(batches.begin(), batches.end());
  engine::WaitPolicy policy;
  for (const Batch& batch : batches) {
    policy.spin = batch.communicator->wait_policy().spin;
    policy.crowded = policy.crowded || batch.communicator->crowded();
  }
  return drive(running, policy);
}

namespace {

Status run_in_turn(Communicator& communicator, const Call& call, std::uint64_t ticket, bool begun) {
  Running running(Batch{&communicator, ticket, {&call, 1}}, begun);
  return drive({&running, 1}, communicator.wait_policy());
}

}  // namespace

Status run(Communicator& communicator, const CollectiveCall& call, std::uint64_t ticket) {
  bool begun = false;
  if (communicator.is_turn(ticket)) {
    const auto straight = communicator.run_straight(call);
    begun = straight.has_value();
    if (begun && *straight) {
      communicator.end_turn();
      return {};
    }
  }
  return run_in_turn(communicator, Call(call), ticket, begun);
}

Status run(Communicator& communicator, const Call& call, std::uint64_t ticket) {
  if (const auto* const collective = std::get_if<CollectiveCall>(&call)) return run(communicator, *collective, ticket);
  return run_in_turn(communicator, call, ticket, false);
}

}  // namespace tutti::comm
