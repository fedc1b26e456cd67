#include "comm/communicator.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <cstring>

#include "comm/drive.hpp"

namespace tutti::comm {
namespace {

constexpr std::uint32_t kPollsBetweenLooks = 64;  // how many polls pass between looks at the session and the deadline

}  // namespace

Communicator::Communicator(Membership membership)
    : membership_(std::move(membership)),
      log_(LogLevels::parse(membership_.config.log).value(),
           fmt::format("{} rank {}", membership_.name, index(membership_.rank))) {}

Communicator::~Communicator() {
  leave();
}

std::optional<Error> Communicator::failure() const {
  if (has_failed_.load(std::memory_order_acquire)) {
    const std::lock_guard guard(failure_lock_);
    return failure_;
  }
  if (aborted_.load(std::memory_order_acquire))
    return Error{Code::aborted, "this rank aborted the communicator", rank()};
  return session_ ? session_->failure() : std::nullopt;
}

void Communicator::abort() {
  aborted_.store(true, std::memory_order_release);
  if (session_) session_->fail({Code::aborted, fmt::format("rank {} aborted the communicator", index(rank())), rank()});
}

Status Communicator::begin(const Call& call, TimePoint now) {
  if (auto why = failure()) {
    if (why->code == Code::in_progress) why->code = Code::internal;
    return Error{why->code,
                 fmt::format("{} refused, because the communicator has failed: {}", comm::describe(call), why->text),
                 why->culprit};
  }
  if (left_)
    return Error{Code::invalid_usage,
                 fmt::format("{} refused: this rank has left the communicator", comm::describe(call))};
  timeout_ = config().timeout;
  if (const auto* const collective = std::get_if<CollectiveCall>(&call);
      collective != nullptr && collective->patience) {
    timeout_ = *collective->patience;
  }
  deadline_ = in(timeout_, now);
  polls_ = 0;
  call_ = call;
  if (const auto* const collective = std::get_if<CollectiveCall>(&call)) return begin_collective(*collective);
  return begin_messages(std::get<MessageCall>(call));
}

Status Communicator::begin_collective(const CollectiveCall& call) {
  ++sequence_;
  if (call.count == 0 && call.collective != plan::Collective::barrier) {
    program_.reset();
    return {};
  }
  const auto* const prepared = TUTTI_TRY(plans_->find(call));
  program_ = prepared->program;
  const engine::Operation operation{.type = call.type,
                                    .op = call.op.op,
                                    .scalar = call.op.scalar,
                                    .divisor = call.op.op == ReduceOp::avg ? static_cast<double>(size()) : 1,
                                    .user = call.op.user};
  engine_->start(*program_, operation, {call.in, call.out, call.count}, fingerprint(call, sequence_, prepared->name));
  return {};
}

// The n-th message to oneself meets the n-th from oneself: they are copied at once.
Status Communicator::begin_messages(const MessageCall& call) {
  std::vector<engine::Message> to_self;
  std::vector<engine::Message> from_self;
  std::vector<engine::Message> others;
  for (const auto& message : call.messages) {
    if (message.peer == rank()) {
      (message.sends ? to_self : from_self).push_back(message);
    } else if (message.bytes > 0) {
      others.push_back(message);
    }
  }
  if (to_self.size() != from_self.size()) {
    return Error{Code::invalid_usage,
                 fmt::format("rank {} sends {} messages to itself and receives {} from itself in one group",
                             index(rank()), to_self.size(), from_self.size())};
  }
  for (std::size_t i = 0; i < to_self.size(); ++i) {
    if (to_self[i].bytes != from_self[i].bytes) {
      return Error{Code::invalid_usage, fmt::format("rank {} sends {} bytes to itself where it receives {}",
                                                    index(rank()), to_self[i].bytes, from_self[i].bytes)};
    }
    if (to_self[i].bytes > 0) std::memmove(from_self[i].data, to_self[i].data, to_self[i].bytes);
  }
  program_.reset();
  if (!others.empty()) engine_->start(std::move(others));
  return {};
}

Result<bool> Communicator::advance(TimePoint now, bool& moved) {
  const engine::State state = engine_->poll(now, moved);
  if (state == engine::State::idle) return true;
  if (state == engine::State::failed) return failed(engine_->error());
  if (++polls_ % kPollsBetweenLooks != 1) return false;
  if (const auto why = failure()) return failed(*why);
  if (deadline_.passed(now)) return failed(timed_out());
  return false;
}

Error Communicator::timed_out() {
  const auto stall = engine_->stall();
  const auto who = stall.peer ? paths_->describe(*stall.peer) : std::string("nobody");
  return {Code::timeout, fmt::format("{} silent for {} ({})", who, to_string(timeout_), stall.text), stall.peer};
}

// A path that ends is often the consequence of what happened to somebody else: who noticed that first told everybody,
// and the news is on its way.
Error Communicator::root_cause(const Error& found) {
  const bool consequence = found.code == Code::peer_lost || found.code == Code::transport;
  if (!consequence || !session_) return found;
  constexpr Duration kNewsTakes = std::chrono::milliseconds(200);
  const Deadline deadline = in(kNewsTakes, clock_.now());
  while (!session_->failure() && !deadline.passed(clock_.now())) {
    pollfd news{session_->wait_fd(), POLLIN, 0};
    (void)::poll(&news, 1, 10);
    session_->acknowledge();
  }
  return session_->failure().value_or(found);
}

// The first failure is the communicator's; all ranks are told.
Error Communicator::failed(const Error& found) {
  engine_->cancel();
  const Error cause = root_cause(found);
  const bool collective = std::holds_alternative<CollectiveCall>(call_);
  const auto what = collective ? fmt::format("{} seq {}", comm::describe(call_), sequence_) : comm::describe(call_);
  Error error = cause.within(fmt::format("{} failed", what));
  {
    const std::lock_guard guard(failure_lock_);
    if (!failure_) failure_ = error;
  }
  has_failed_.store(true, std::memory_order_release);
  if (session_) session_->fail(cause);
  return error;
}

bool Communicator::prepare_to_sleep(std::vector<int>& descriptors) {
  for (const auto& transport : paths_->transports()) {
    if (!transport->prepare_to_sleep()) return false;
    descriptors.push_back(transport->wait_fd());
  }
  if (session_) {
    session_->acknowledge();  // first this, then the look: what comes in between wakes us
    polls_ = 0;               // so that the next poll looks
    if (failure()) return false;
    descriptors.push_back(session_->wait_fd());
  }
  return true;
}

engine::WaitPolicy Communicator::wait_policy() const {
  return {.spin = config().spin, .crowded = crowded_};
}

// Waits for this rank's calls, and then for the others to come as far: what a path still holds is lost when its sender
// closes, and a rank that is still in a call must not lose a peer. Whoever does not come in time has failed, or goes
// its own way; that is no error here.
void Communicator::settle() {
  constexpr Duration kPatience = std::chrono::seconds(2);
  std::vector<Call> calls;
  if (size() > 1 && !failure()) {
    calls.emplace_back(CollectiveCall{.collective = plan::Collective::barrier,
                                      .op = {.user = {}},
                                      .patience = std::min(config().timeout, kPatience)});
  }
  const Batch last{this, take_ticket(), calls};
  (void)run({&last, 1});
}

void Communicator::leave() {
  if (left_) return;
  if (engine_) settle();
  left_ = true;
  if (session_) session_->leave();
}

std::vector<std::string> Communicator::transports() const {
  auto names = paths_->in_use();
  if (names.empty()) {
    for (const auto& transport : paths_->transports()) names.emplace_back(transport->name());
  }
  return names;
}

std::string Communicator::describe() const {
  const auto node = layout().node_of(rank());
  const auto name = session_ ? session_->node_name(rank()) : std::string();
  return fmt::format("rank {} of {}, node {} of {}{}", index(rank()), size(), node, layout().nodes(),
                     name.empty() ? "" : " (" + name + ")");
}

}  // namespace tutti::comm
