#include "comm/communicator.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cstring>

#include "comm/drive.hpp"
#include "topology/fabric/described.hpp"

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
  begin_flight(call, now);
  const auto begun = begin_call(flights_.back().call);
  if (!begun || !*begun) flights_.pop_back();  // the engine has nothing of it
  return begun ? Status() : begun.error();
}

void Communicator::begin_flight(const Call& call, TimePoint now) {
  const auto* const collective = std::get_if<CollectiveCall>(&call);
  const bool is_first = flights_.empty();
  flights_.push_back({call, nullptr, sequence_, config().timeout});
  if (collective != nullptr && collective->patience) flights_.back().timeout = *collective->patience;
  if (!is_first) return;
  current_ = 0;
  deadline_ = in(flights_.back().timeout, now);
  polls_ = 0;
}

Result<bool> Communicator::begin_call(const Call& call) {
  if (const auto* const collective = std::get_if<CollectiveCall>(&call)) return begin_collective(*collective);
  if (const auto* const messages = std::get_if<MessageCall>(&call)) return begin_messages(*messages);
  return true;  // an activity begins when it is first polled
}

// Activities run one after the other, on a communicator that has no other calls: both would take the same completions.
bool Communicator::runs_activities() const {
  return !flights_.empty() && std::holds_alternative<ActivityCall>(flights_.front().call);
}

std::size_t Communicator::failed_flight() const {
  return runs_activities() ? current_ : engine_->current();
}

Result<bool> Communicator::begin_collective(const CollectiveCall& call) {
  ++sequence_;
  if (call.count == 0 && call.collective != plan::Collective::barrier) return false;
  const auto* const prepared = TUTTI_TRY(plans_->find(call));
  flights_.back().sequence = sequence_;
  flights_.back().program = prepared->program;
  engine::Buffers buffers{.in = call.in, .out = call.out, .count = call.count};
  if (call.uneven) {
    buffers.in_blocks = call.uneven->in;
    buffers.out_blocks = call.uneven->out;
  }
  engine_->start(*prepared->program, operation_of(call), buffers, fingerprint_of(call, *prepared));
  return true;
}

// The n-th message to oneself meets the n-th from oneself: they are copied at once.
Result<bool> Communicator::begin_messages(const MessageCall& call) {
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
  if (others.empty()) return false;
  engine_->start(std::move(others));
  return true;
}

void Communicator::move_on_to(std::size_t flight, TimePoint now) {
  current_ = flight;
  deadline_ = in(flights_[flight].timeout, now);
}

Result<bool> Communicator::advance_activities(TimePoint now, bool& moved) {
  const auto over = TUTTI_TRY(std::get<ActivityCall>(flights_[current_].call).activity->poll(*paths_, now, moved));
  if (!over) return false;
  if (current_ + 1 == flights_.size()) {
    flights_.clear();
    return true;
  }
  move_on_to(current_ + 1, now);
  return false;
}

Result<bool> Communicator::advance_engine(TimePoint now, bool& moved) {
  const engine::State state = engine_->poll(now, moved);
  if (state == engine::State::idle) {
    flights_.clear();
    return true;
  }
  if (state == engine::State::failed) return engine_->error();
  if (const std::size_t current = engine_->current(); current != current_) move_on_to(current, now);
  return false;
}

Result<bool> Communicator::advance(TimePoint now, bool& moved) {
  const auto over = runs_activities() ? advance_activities(now, moved) : advance_engine(now, moved);
  if (!over) return failed(over.error());
  if (*over) return true;
  if (++polls_ % kPollsBetweenLooks != 1) return false;
  if (const auto why = failure()) return failed(*why);
  if (deadline_.passed(now)) return failed(timed_out());
  return false;
}

Error Communicator::timed_out() {
  const auto stall =
      runs_activities() ? std::get<ActivityCall>(flights_[current_].call).activity->stall() : engine_->stall();
  stuck_at_ = stall.position;
  const auto who = stall.peer ? paths_->describe(*stall.peer) : std::string("nobody");
  return {Code::timeout, fmt::format("{} silent for {} ({})", who, to_string(flights_[current_].timeout), stall.text),
          stall.peer};
}

// A path that ends is often the consequence of what happened to somebody else: who noticed that first told everybody,
// and the news is on its way. A deadline passes at many ranks at once, and most of them wait for a rank that waits
// itself. Whom all wait for is known to the rank that got stuck first in its program, so it speaks first.
Error Communicator::root_cause(const Error& found) {
  constexpr Duration kNewsTakes = std::chrono::milliseconds(200);
  const bool consequence = found.code == Code::peer_lost || found.code == Code::transport;
  if (!session_ || (!consequence && found.code != Code::timeout)) return found;
  const auto patience = consequence ? kNewsTakes : std::chrono::duration_cast<Duration>(stuck_at_ * kNewsTakes);
  const Deadline deadline = in(patience, clock_.now());
  while (!session_->failure() && !deadline.passed(clock_.now())) {
    pollfd news{session_->wait_fd(), POLLIN, 0};
    (void)::poll(&news, 1, 10);
    session_->acknowledge();
  }
  return session_->failure().value_or(found);
}

std::string Communicator::describe_current() const {
  const Flight& flight = flights_[failed_flight()];
  const bool collective = std::holds_alternative<CollectiveCall>(flight.call);
  return collective ? fmt::format("{} seq {}", comm::describe(flight.call), flight.sequence)
                    : comm::describe(flight.call);
}

// The first failure is the communicator's; all ranks are told.
Error Communicator::failed(const Error& found) {
  const bool is_late = found.code == Code::timeout;
  Error cause = is_late ? root_cause(found) : found;  // before the paths end, which would be news to others
  engine_->cancel();
  for (const Flight& flight : flights_) {
    if (const auto* const call = std::get_if<ActivityCall>(&flight.call)) call->activity->abandon();
  }
  if (!is_late) cause = root_cause(found);
  Error error = cause.within(fmt::format("{} failed", describe_current()));
  flights_.clear();
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
  if (paths_ && !paths_->transports().empty()) log_.info("comm", "memory {}", paths_->describe_memory());
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

Communicator::Way Communicator::way_to(Rank peer) const {
  Way way;
  const auto node_name = [&](Rank of) { return session_ ? session_->node_name(of) : std::string(); };
  way.node = node_name(rank());
  way.peer_node = node_name(peer);
  way.same_node = layout().node_of(rank()) == layout().node_of(peer);
  way.transport = paths_->serving(peer);
  for (const std::string& name : config().transports) {
    const auto before = way.verdicts.size();
    for (const auto& verdicts : {paths_->verdicts(peer), std::span<const Verdict>(left_out_)}) {
      const auto said = std::ranges::find(verdicts, name, &Verdict::transport);
      if (said != verdicts.end()) way.verdicts.push_back(*said);
    }
    if (way.transport != nullptr && way.verdicts.size() == before)
      way.verdicts.push_back({name, "one that goes before it reaches the peer"});
  }
  const int level = topology::meeting_level(*fabric().levels, rank(), peer);
  const auto& origins = fabric().origins;
  way.level = origins.empty() ? (way.same_node ? "node" : "network") : origins[static_cast<std::size_t>(level)].name;
  way.link = fabric().link(level);
  way.provenance = fabric().provenance_of(level);
  return way;
}

Result<Communicator::Window> Communicator::open_window(const transport::WindowMemory& memory) {
  if (auto why = failure()) return why->within("no window, because the communicator has failed");
  return paths_->open_window(memory);
}

std::string Communicator::describe() const {
  const auto node = layout().node_of(rank());
  const auto name = session_ ? session_->node_name(rank()) : std::string();
  return fmt::format("rank {} of {}, node {} of {}{}", index(rank()), size(), node, layout().nodes(),
                     name.empty() ? "" : " (" + name + ")");
}

}  // namespace tutti::comm
