// From operations to programs: which of them must wait for which.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "plan/exchange/exchange.hpp"
#include "plan/exchange/msccl_ops.hpp"
#include "plan/lower.hpp"

namespace tutti::plan::msccl {
namespace {

constexpr std::size_t kMostEdges = std::size_t{1} << 22;

// For each operation, which ones the algorithm puts before it.
class Before {
 public:
  explicit Before(const std::vector<Op>& ops) : words_((ops.size() + 63) / 64), bits_(ops.size() * words_) {
    for (std::size_t i = 0; i < ops.size(); ++i) {
      for (const After& after : ops[i].after) {
        for (std::size_t word = 0; word < words_; ++word) bits_[i * words_ + word] |= bits_[after.op * words_ + word];
        bits_[i * words_ + after.op / 64] |= std::uint64_t{1} << (after.op % 64);
      }
    }
  }
  [[nodiscard]] bool is(std::size_t earlier, std::size_t later) const {
    return ((bits_[later * words_ + earlier / 64] >> (earlier % 64)) & 1) != 0;
  }

 private:
  std::size_t words_;
  std::vector<std::uint64_t> bits_;
};

// What the algorithm leaves to MSCCL, or could not know, because Tutti put a chunk somewhere else: a send holds its
// memory until it is over; input and output may be the same; acc holds several chunks in turn. Races of the algorithm's
// own stay what they are, for the verifier to find.
class Holds {
 public:
  Holds(std::vector<Op>& ops, Form form) : ops_(ops), form_(form), before_(ops) {}

  void find() {
    for (std::uint32_t i = 0; i < ops_.size(); ++i) {
      for (const Places* const places : {&ops_[i].src, &ops_[i].other}) {
        for (const Place& place : *places) read(i, place);
      }
      for (const Place& place : ops_[i].dst) write(i, place);
    }
    for (auto& [op, more] : found_) ops_[op].after.insert(ops_[op].after.end(), more.begin(), more.end());
  }

 private:
  struct Use {
    std::int64_t writer = -1;
    std::vector<std::pair<std::uint32_t, Buffer>> readers;
  };

  Use& use(const Place& place) {
    const bool same = form_ != Form::direct && place.buffer == Buffer::in;
    return uses_[{same ? Buffer::out : place.buffer, place.index}];
  }
  void read(std::uint32_t op, const Place& place) {
    Use& of = use(place);
    if (of.writer >= 0) hold(static_cast<std::uint32_t>(of.writer), op, place.buffer, place.buffer);
    of.readers.emplace_back(op, place.buffer);
  }
  void write(std::uint32_t op, const Place& place) {
    Use& of = use(place);
    if (of.writer >= 0) hold(static_cast<std::uint32_t>(of.writer), op, place.buffer, place.buffer);
    for (const auto& [reader, as] : of.readers) hold(reader, op, as, place.buffer);
    of.writer = op;
    of.readers.clear();
  }
  void hold(std::uint32_t earlier, std::uint32_t later, Buffer as, Buffer now) {
    if (earlier == later) return;
    const bool ours =
        ops_[earlier].ours || ops_[later].ours || as != now || (now == Buffer::acc && form_ != Form::staged);
    if (ours || (ops_[earlier].verb == Verb::send && before_.is(earlier, later)))
      found_[later].push_back({earlier, false});
  }

  std::vector<Op>& ops_;
  Form form_;
  Before before_;
  std::map<std::pair<Buffer, std::uint32_t>, Use> uses_;
  std::map<std::uint32_t, std::vector<After>> found_;
};

struct Range {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

// The steps of an operation.
Range emit(const Op& op, Program& program) {
  Range made{static_cast<std::uint32_t>(program.steps.size()), 0};
  const std::size_t chunks = op.src.empty() ? op.dst.size() : op.src.size();
  const std::size_t run = op.one_by_one ? 1 : chunks;
  for (std::size_t i = 0; i < std::max<std::size_t>(chunks, 1); i += std::max<std::size_t>(run, 1), ++made.count) {
    Step step;
    step.verb = op.verb;
    step.flags = op.flags;
    step.peer = to_rank(op.peer);
    step.chunks = static_cast<std::uint32_t>(run);
    if (i < op.src.size()) {
      step.src = op.src[i].buffer;
      step.src_first = op.src[i].index;
      if (op.verb == Verb::send && step.src == Buffer::slots) step.dst_first = op.src[i].chunk;
    }
    if (i < op.dst.size()) {
      step.dst = op.dst[i].buffer;
      step.dst_first = op.dst[i].index;
      if (op.verb == Verb::recv && step.dst == Buffer::slots) step.src_first = op.dst[i].chunk;
      if (op.verb == Verb::recv_reduce && step.src == Buffer::slots && step.dst == Buffer::slots)
        step.slot = op.dst[i].chunk;
    }
    if (op.verb == Verb::copy) {
      step.peer = to_rank(1);
      step.slot = 1;
    } else if (op.verb == Verb::reduce) {
      step.peer = to_rank(1);  // own slot
      step.dst_first = 2;
      step.slot = op.other[i].index;
    }
    for (const Buffer buffer : {step.src, step.dst}) {
      program.uses_acc = program.uses_acc || buffer == Buffer::acc;
      program.uses_acc2 = program.uses_acc2 || buffer == Buffer::acc2;
    }
    program.steps.push_back(step);
  }
  return made;
}

Result<Program> program_of(Walk walk, Program program, Form form) {
  const std::uint32_t limit = ExchangeLimits{}.steps_a_rank;
  const auto too_many = [&] {
    return Error{Code::unsupported, fmt::format("gpu {} has more than {} steps", index(program.self), limit)};
  };
  if (walk.ops.size() > limit) return too_many();
  Holds(walk.ops, form).find();
  // A reduction counts the slot behind the one that it reads as its own contribution's.
  const bool reduces = std::ranges::any_of(walk.ops, [](const Op& op) { return op.verb == Verb::reduce; });
  program.slots = (walk.slots + (reduces ? 1 : 0) + program.segments - 1) / program.segments;
  std::vector<Range> steps_of;
  std::vector<Dependency> edges;
  for (const Op& op : walk.ops) {
    const Range made = emit(op, program);
    if (program.steps.size() > limit) return too_many();
    for (const After& after : op.after) {
      const Range from = steps_of[after.op];
      for (std::uint32_t to = 0; to < made.count; ++to) {
        for (std::uint32_t one = after.when_posted ? from.count - 1 : 0; one < from.count; ++one)
          edges.push_back({from.first + one, made.first + to, after.when_posted});
      }
      if (edges.size() > kMostEdges) return too_many();
    }
    steps_of.push_back(made);
  }
  std::map<std::pair<Rank, bool>, std::uint32_t> last;
  for (std::uint32_t i = 0; i < program.steps.size(); ++i) {
    if (!program.steps[i].moves()) continue;
    const auto [before, first] = last.try_emplace({program.steps[i].peer, program.steps[i].verb == Verb::send}, i);
    if (!first) edges.push_back({std::exchange(before->second, i), i, true});
  }
  const auto key = [](const Dependency& edge) { return std::tuple(edge.from, edge.to, edge.when_posted); };
  std::sort(edges.begin(), edges.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
  edges.erase(std::unique(edges.begin(), edges.end(),
                          [](const auto& a, const auto& b) { return a.from == b.from && a.to == b.to; }),
              edges.end());
  link(edges, program);
  return program;
}

}  // namespace

Result<std::vector<Program>> lower(const Algo& algo, Form form) {
  auto walks = TUTTI_TRY(walk(algo, form));
  const Numbering number(algo);
  Program common;
  common.collective = algo.collective;
  common.ranks = algo.ranks();
  common.chunks = number.blocks ? number.ranks : number.chunks;
  common.cut = Cut(common.chunks);
  common.segments = number.parts;
  std::vector<Program> programs;
  for (std::size_t rank = 0; rank < walks.size(); ++rank) {
    common.self = to_rank(static_cast<std::int64_t>(rank));
    programs.push_back(TUTTI_TRY(program_of(std::move(walks[rank]), common, form)));
  }
  std::uint32_t scratch = 0;
  for (const Program& one : programs)
    scratch = std::max(
        scratch, (one.uses_acc ? 1U : 0U) + (one.uses_acc2 ? 1U : 0U) + (one.slots + one.chunks - 1) / one.chunks);
  for (Program& one : programs) one.scratch = scratch;
  return programs;
}

}  // namespace tutti::plan::msccl
