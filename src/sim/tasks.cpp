#include "sim/tasks.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

namespace tutti::sim {
namespace {

using plan::Buffer;
using plan::Program;
using plan::Step;
using plan::Verb;

constexpr std::uint32_t kNoTask = ~0U;
constexpr double kMicroseconds = 1e-3;  // bytes over 1e9 bytes a second give nanoseconds

// Without the last bits, which depend on the order in which chunks are added up: ranks that do the same shall have the
// same numbers.
double rounded(double value) {
  int exponent = 0;
  const double mantissa = std::frexp(value, &exponent);
  return std::ldexp(std::round(std::ldexp(mantissa, 42)), exponent - 42);
}

std::uint32_t segment_of(const Program& program, const Step& step) {
  const bool in_slots = step.verb == Verb::send ? step.src == Buffer::slots : step.dst == Buffer::slots;
  if (in_slots) return step.stands_for() / program.chunks;
  return (step.verb == Verb::send ? step.src_first : step.dst_first) / program.chunks;
}

// Of memory that is input and output: to where it is.
bool copies_nothing(const Step& step, const plan::Situation& situation) {
  const auto is_of_user = [](Buffer buffer) { return buffer == Buffer::in || buffer == Buffer::out; };
  return situation.in_place && is_of_user(step.src) && is_of_user(step.dst) && step.src_first == step.dst_first &&
         step.src_stride() == step.dst_stride();
}

// A result that was made beside its place, as the input was still being sent from there.
bool brings_home(const Step& step, const plan::Situation& situation) {
  return situation.in_place && step.dst == Buffer::out && step.src != Buffer::in && step.src != Buffer::out;
}

// Whether output is written that was not read for it.
bool brings_out(const Step& step) {
  const bool reduces = step.verb == Verb::recv_reduce || step.verb == Verb::reduce;
  return step.dst == Buffer::out && (step.verb == Verb::recv || (reduces && step.src != Buffer::out));
}

}  // namespace

TaskMaker::TaskMaker(const plan::Plan& plan, const Call& call, bool joins) : plan_(plan), call_(call), joins_(joins) {
  const plan::Cut cut = cut_of(plan);
  const bool blocks = has_blocks(plan.collective);
  for (int number = 0; number < cut.parts(); ++number) {
    const plan::Cut::Part& part = cut.part(number);
    const double share = call.bytes * part.weight / cut.weights() / plan.segments;
    parts_.push_back({part.first, part.first + part.chunks, share / (blocks ? plan.ranks() : part.chunks)});
  }
  if (!blocks || !cut.has_empty_chunks()) return;
  full_before_.reserve(cut.chunks() + 1);
  full_before_.push_back(0);
  for (std::uint32_t chunk = 0; chunk < cut.chunks(); ++chunk)
    full_before_.push_back(full_before_.back() + (cut.block(chunk) ? 1 : 0));
}

double TaskMaker::chunk_bytes(std::uint32_t first, std::uint32_t end) const {
  double bytes = 0;
  for (const Part& part : parts_) {
    const std::uint32_t begin = std::max(first, part.first);
    const std::uint32_t stop = std::min(end, part.end);
    if (begin >= stop) continue;
    bytes += part.each * (full_before_.empty() ? stop - begin : full_before_[stop] - full_before_[begin]);
  }
  return bytes;
}

double TaskMaker::bytes_of(const Program& program, Buffer buffer, std::uint32_t first, std::uint32_t chunks,
                           std::uint32_t stride) const {
  if (buffer == Buffer::token) return 1;  // however many it stands for
  double bytes = 0;
  const std::uint32_t begin = first % program.chunks;
  const std::uint32_t end = chunks == 0 ? begin : begin + (chunks - 1) * stride + 1;
  const auto within =
      std::ranges::find_if(parts_, [&](const Part& part) { return part.first <= begin && end <= part.end; });
  if (stride == 1) {
    bytes = chunk_bytes(begin, end);
  } else if (within != parts_.end() && full_before_.empty()) {
    bytes = within->each * chunks;
  } else {
    for (std::uint32_t i = 0; i < chunks; ++i) bytes += chunk_bytes(begin + i * stride, begin + i * stride + 1);
  }
  const bool user = buffer == Buffer::in || buffer == Buffer::out;
  return user ? bytes : bytes * call_.wide;
}

Task TaskMaker::task_of(const Program& program, const Step& step, const Rates& rates) const {
  Task task;
  const auto reduce_us = [&](double bytes) { return bytes / call_.reduce_GBps * kMicroseconds; };
  const auto message = [&](Buffer buffer, std::uint32_t first) {
    const std::uint32_t chunk = buffer == Buffer::slots ? step.stands_for() : first;
    return bytes_of(program, buffer, chunk, step.chunks, 1);
  };
  switch (step.verb) {
    case Verb::send:
      task.kind = Task::Kind::send;
      task.of_user = step.src == Buffer::in || step.src == Buffer::out;
      task.bytes = message(step.src, step.src_first);
      break;
    case Verb::recv:
      task.kind = Task::Kind::recv;
      task.is_result = step.dst == Buffer::out || (step.dst != Buffer::slots && !is_reduction(program.collective));
      task.bytes = message(step.dst, step.dst_first);
      break;
    case Verb::recv_reduce:
      task.kind = Task::Kind::recv;
      task.bytes = message(step.dst, step.dst_first);
      task.work_us = rates.combine_GBps > 0 ? task.bytes / rates.combine_GBps * kMicroseconds : reduce_us(task.bytes);
      break;
    case Verb::copy:
      if (copies_nothing(step, call_.situation)) break;
      task.kind = Task::Kind::copy;
      task.work_us = bytes_of(program, step.src, step.src_first, step.chunks, step.src_stride()) /
                     (brings_home(step, call_.situation) ? rates.home_GBps : call_.copy_GBps) * kMicroseconds;
      break;
    case Verb::reduce:
      task.kind = Task::Kind::compute;
      task.work_us = reduce_us(bytes_of(program, Buffer::slots, step.src_first, step.chunks, 1)) *
                     (step.slot_count() > 0 ? step.slot_count() - 1 : 0);
      break;
    case Verb::wait:
      break;
  }
  if (rates.result_GBps > 0 && brings_out(step)) {
    const double bytes = bytes_of(program, Buffer::out, step.written_first(), step.chunks, 1);
    task.work_us += bytes / rates.result_GBps * kMicroseconds;
  }
  if (step.moves() && task.bytes <= 0) task = Task{};  // nothing is sent where there is nothing
  return task;
}

bool TaskMaker::joined(const Program& program, const Step& before, const Step& step) const {
  if (!joins_ || before.verb != step.verb) return false;
  if (step.verb == Verb::copy)
    return before.src == step.src && before.dst == step.dst && segment_of(program, before) == segment_of(program, step);
  return step.moves() && before.peer == step.peer && segment_of(program, before) == segment_of(program, step);
}

// Raw input that is brought together with partial results to be sent: a run of chunks that goes past the end of an axis
// does without, so that of ranks that do the same some would have such copies and others not. The message's overhead
// stands for it.
bool TaskMaker::is_gathering(const Program& program, const Step& step) const {
  return joins_ && step.verb == Verb::copy && step.src == Buffer::in && (step.flags & plan::kFinal) == 0 &&
         is_reduction(program.collective) && !program.widened && !program.packed;
}

TaskMaker::RankTasks TaskMaker::make(const Network& network, Position position) const {
  const Program program = lower(plan_, network.levels().rank_at(position), call_.situation.in_place);
  const std::uint32_t steps = program.size();
  RankTasks made;
  made.effort = program.steps.size() + program.successors.size();
  made.list.tasks.reserve(steps + 1);
  std::vector<std::uint32_t> task_of_step(steps, kNoTask);
  const Step* before = nullptr;
  // As the closed form has it (plan/cost/cost.cpp).
  const bool to_other_memory = is_reduction(program.collective) && !call_.situation.in_place;
  const bool by_processor = network.core_of(position).has_value();
  const double combine_GBps = network.combine_GBps(position, position);
  const double in_caches_GBps = combine_GBps > 0 ? combine_GBps : call_.reduce_GBps;
  Rates rates{.result_GBps = to_other_memory && by_processor ? call_.copy_GBps : 0,
              .home_GBps = by_processor && is_reduction(program.collective) ? in_caches_GBps : call_.copy_GBps};
  for (std::uint32_t i = 0; i < steps; ++i) {
    const Step& step = program.steps[i];
    if (is_gathering(program, step)) continue;
    rates.combine_GBps =
        step.verb == Verb::recv_reduce ? network.combine_GBps(network.position_of(step.peer), position) : 0;
    const Task task = task_of(program, step, rates);
    auto& tasks = made.list.tasks;
    if (before != nullptr && joined(program, *before, step) && tasks.back().kind == task.kind) {
      tasks.back().bytes += task.bytes;
      tasks.back().work_us += task.work_us;
      tasks.back().of_user = tasks.back().of_user && task.of_user;
      tasks.back().is_result = tasks.back().is_result && task.is_result;
      ++made.pieces.back();
    } else {
      tasks.push_back(task);
      made.peers.push_back(step.moves() ? network.position_of(step.peer) : -1);
      made.pieces.push_back(1);
    }
    before = &step;
    task_of_step[i] = static_cast<std::uint32_t>(tasks.size() - 1);
  }
  for (Task& task : made.list.tasks) {
    task.bytes = rounded(task.bytes);
    task.work_us = rounded(task.work_us);
  }
  made.list.tasks.emplace_back();
  add_edges(program, task_of_step, made.list);
  return made;
}

// Edges between tasks, each once, in order. What waits for a step that is no task waits for what that step waits for.
void TaskMaker::add_edges(const Program& program, const std::vector<std::uint32_t>& task_of_step, TaskList& list) {
  auto& edges = list.edges;
  edges.reserve(program.successors.size());
  std::vector<std::uint32_t> last_from(2 * list.tasks.size(), kNoTask);  // by edge: whose it was last
  const auto add = [&](const auto& self, std::uint32_t from, std::uint32_t step, std::uint32_t when_posted) -> void {
    for (const plan::Edge edge : program.successors_of(step)) {
      const std::uint32_t to = task_of_step[edge.step];
      const std::uint32_t posted = task_of_step[step] == kNoTask ? when_posted : edge.when_posted;
      if (to == kNoTask) {
        self(self, from, edge.step, posted);
      } else if (to != from && std::exchange(last_from[2 * std::size_t{to} + (posted & 1U)], from) != from) {
        edges.push_back({to & 0x7fffffffU, posted & 1U});
      }
    }
  };
  const std::uint32_t steps = program.size();
  for (std::uint32_t i = 0; i < steps;) {
    const std::uint32_t from = task_of_step[i];
    if (from == kNoTask) {
      ++i;
      continue;
    }
    const auto begin = static_cast<std::ptrdiff_t>(edges.size());
    for (; i < steps && (task_of_step[i] == from || task_of_step[i] == kNoTask); ++i) {
      if (task_of_step[i] == from) add(add, from, i, 0);
    }
    const auto place = [](const plan::Edge& edge) { return edge.step * 2ULL + edge.when_posted; };
    std::sort(edges.begin() + begin, edges.end(),
              [&](const plan::Edge& a, const plan::Edge& b) { return place(a) < place(b); });
    list.tasks[from].successors = static_cast<std::uint32_t>(begin);
    for (auto edge = edges.begin() + begin; edge != edges.end(); ++edge) ++list.tasks[edge->step].dependencies;
  }
  list.tasks.back().successors = static_cast<std::uint32_t>(edges.size());
}

}  // namespace tutti::sim
