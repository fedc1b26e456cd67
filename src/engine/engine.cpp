#include "engine/engine.hpp"

#include <algorithm>
#include <utility>

namespace tutti::engine {

void Engine::start(const plan::Program& program, const Operation& operation, const Buffers& buffers,
                   std::uint32_t fingerprint) {
  pending_.push_back({&program, operation, buffers, fingerprint, {}, 0});
  state_ = State::running;
}

void Engine::start(std::vector<Message> messages) {
  pending_.push_back({nullptr, {.user = {}}, {}, 0, std::move(messages), 0});
  state_ = State::running;
}

bool Engine::run_straight(const plan::Program& program, const Operation& operation, const Buffers& buffers,
                          std::uint32_t fingerprint, Patience patience, Prefilled& prefilled) {
  if (state_ != State::idle) {
    start(program, operation, buffers, fingerprint);
    return false;
  }
  if (works_.empty()) works_.push_back(std::make_unique<Work>(peers_, turns_, staging_, numa_, std::uint16_t{0}));
  Work& work = *works_.front();
  if (prefilled.state() != Prefilled::State::ready) {
    work.prepare(program, operation, buffers, fingerprint, 0);
    if (!work.is_last_tile()) {
      start(program, operation, buffers, fingerprint);
      return false;
    }
    if (prefilled.state() == Prefilled::State::unknown) work.prefill(operation, buffers, prefilled);
  }
  if (run_straight(work, program, operation, buffers, fingerprint, patience, prefilled)) return true;
  start(program, operation, buffers, fingerprint);
  alone_ = true;
  running_.push_back({&work, next_++});
  return false;
}

// False: the work has begun.
bool Engine::run_straight(Work& work, const plan::Program& program, const Operation& operation, const Buffers& buffers,
                          std::uint32_t fingerprint, Patience patience, Prefilled& prefilled) {
  if (prefilled.state() != Prefilled::State::ready) return work.go_straight(patience);
  const std::uint32_t done = prefilled.run(work.places_of(buffers), fingerprint, patience);
  if (done == program.size()) return true;
  work.prepare(program, operation, buffers, fingerprint, 0);
  work.begin_behind(done);
  return false;
}

// The next tile in a work that is free; null when there is no call or no work.
Work* Engine::prepare_next() {
  if (next_ == pending_.size()) return nullptr;
  const auto is_free = [&](const auto& work) {
    return std::none_of(running_.begin(), running_.end(), [&](const Running& each) { return each.work == work.get(); });
  };
  auto free = std::find_if(works_.begin(), works_.end(), is_free);
  if (free == works_.end()) {
    if (works_.size() == kMostWorks) return nullptr;
    const auto slot = static_cast<std::uint16_t>(works_.size());
    free = works_.insert(works_.end(), std::make_unique<Work>(peers_, turns_, staging_, numa_, slot));
  }
  Pending& call = pending_[next_];
  if (call.program != nullptr) {
    (*free)->prepare(*call.program, call.operation, call.buffers, call.fingerprint, call.begun);
  } else {
    (*free)->prepare(std::move(call.messages));
  }
  return free->get();
}

bool Engine::may_begin(const Work& work) const {
  if (running_.empty()) return true;
  if (alone_) return false;
  std::size_t scratch = work.scratch_bytes();
  for (const Running& each : running_) scratch += each.work->scratch_bytes();
  return scratch <= staging_.value;
}

void Engine::begin_pending() {
  while (true) {
    if (prepared_ == nullptr) prepared_ = prepare_next();
    if (prepared_ == nullptr || !may_begin(*prepared_)) return;
    const bool ends_call = prepared_->is_last_tile();
    if (running_.empty()) alone_ = ends_call && next_ + 1 == pending_.size();
    if (!alone_) turns_.join(prepared_->slot(), prepared_->program());
    prepared_->begin();
    pending_[next_].begun = prepared_->end_of_tile();
    running_.push_back({std::exchange(prepared_, nullptr), next_});
    next_ += ends_call ? 1 : 0;
  }
}

State Engine::poll(TimePoint now, bool& moved) {
  moved = false;
  if (state_ != State::running) return state_;
  begin_pending();
  moved = advance_all();
  completed_.clear();
  if (state_ == State::running) peers_.progress(now, completed_);
  for (const auto& completion : completed_) works_[Work::slot_of(completion)]->handle(completion);
  if (state_ == State::running) moved = advance_all() || moved;
  if (state_ != State::running) return state_;
  std::erase_if(running_, [](const Running& each) { return each.work->is_over(); });
  if (running_.empty()) begin_pending();
  if (running_.empty()) {
    state_ = State::idle;
    pending_.clear();
    next_ = 0;
  }
  return state_;
}

// Older calls first: they open the turns of the younger ones.
bool Engine::advance_all() {
  bool moved = false;
  for (const Running& each : running_) {
    moved = each.work->advance() || moved;
    if (each.work->failure() == nullptr) continue;
    fail(each);
    break;
  }
  return moved;
}

std::size_t Engine::current() const {
  if (state_ == State::failed) return culprit_;
  return running_.empty() ? next_ : running_.front().number;
}

Stall Engine::stall() const {
  return running_.empty() ? Stall{} : running_.front().work->stall();
}

void Engine::fail(const Running& culprit) {
  error_ = *culprit.work->failure();
  const std::size_t number = culprit.number;
  cancel();
  culprit_ = number;
}

void Engine::cancel() {
  if (state_ != State::failed) culprit_ = current();
  peers_.cancel();
  for (const auto& work : works_) work->abandon();
  running_.clear();
  pending_.clear();
  next_ = 0;
  prepared_ = nullptr;
  turns_.clear();
  state_ = State::failed;
}

Bytes Engine::memory() const {
  std::size_t bytes = 0;
  for (const auto& work : works_) bytes += work->memory();
  return {bytes};
}

}  // namespace tutti::engine
