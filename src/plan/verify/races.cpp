#include "plan/verify/races.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "plan/lower.hpp"
#include "plan/range_map.hpp"

namespace tutti::plan {
namespace {

Error wrong(const Program& program, std::uint32_t step, std::string_view text) {
  return {Code::invalid_argument,
          fmt::format("rank {} step {} ({}): {}", index(program.self), step, to_string(program.steps[step]), text)};
}

constexpr std::uint32_t kMostTokens = 64;  // places that an engine has for them

struct Slice {
  Buffer buffer = Buffer::none;
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

template <typename Visit>
void visit_strided(Buffer buffer, std::uint32_t first, std::uint32_t chunks, std::uint32_t stride, Visit&& visit) {
  if (buffer == Buffer::none) return;
  if (stride == 1) {
    visit(Slice{buffer, first, chunks});
    return;
  }
  for (std::uint32_t i = 0; i < chunks; ++i) visit(Slice{buffer, first + i * stride, 1});
}

template <typename Visit>
void visit_reads(const Step& step, Visit&& visit) {
  visit_strided(step.src, step.src_first, step.chunks, step.src_stride(), visit);
  if (step.verb != Verb::reduce) return;
  for (std::uint32_t slot = 0; slot < step.slot_count(); ++slot) {
    if (slot != step.own_slot()) visit(Slice{Buffer::slots, step.slot + slot * step.chunks, step.chunks});
  }
}

template <typename Visit>
void visit_writes(const Step& step, Visit&& visit) {
  visit_strided(step.dst, step.written_first(), step.chunks, step.dst_stride(), visit);
}

std::uint64_t capacity(Buffer buffer, const Program& program) {
  switch (buffer) {
    case Buffer::none:
      return 0;
    case Buffer::slots:
      return std::uint64_t{program.slots} * program.segments;
    case Buffer::token:
      return kMostTokens;
    default:
      return std::uint64_t{program.chunks} * program.segments;
  }
}

bool in_bounds(Buffer buffer, std::uint64_t first, std::uint64_t chunks, std::uint64_t stride, const Program& program) {
  if (chunks == 0) return false;
  return first + (chunks - 1) * stride < capacity(buffer, program);
}

bool within_segment(Buffer buffer, std::uint64_t first, std::uint64_t chunks, std::uint64_t stride,
                    const Program& program) {
  const std::uint64_t length = buffer == Buffer::slots ? program.slots : program.chunks;
  if (buffer == Buffer::token || buffer == Buffer::none || length == 0) return true;
  return first / length == (first + (chunks - 1) * stride) / length;
}

// What a step uses is there, and its elements are of one type.
Status check_memory(const Program& program, std::uint32_t number) {
  const Step& step = program.steps[number];
  for (const Buffer buffer : {step.src, step.dst}) {
    if ((buffer == Buffer::acc && !program.uses_acc) || (buffer == Buffer::acc2 && !program.uses_acc2))
      return wrong(program, number, "the program does not say that it uses this buffer");
    if (program.packed && step.moves() && (buffer == Buffer::in || buffer == Buffer::out) && step.chunks > 1)
      return wrong(program, number, "a packed message is not in scratch memory");
  }
  if (!program.widened || step.verb == Verb::send || step.verb == Verb::recv) return {};
  if (step.verb == Verb::recv_reduce && !(is_partial(step.src) && is_partial(step.dst)))
    return wrong(program, number, "it reduces elements of the user's type");
  if (step.verb == Verb::copy && is_partial(step.src) != is_partial(step.dst) &&
      (step.flags & (is_partial(step.src) ? kFinal : kPrepare)) == 0)
    return wrong(program, number, "it copies between types without a conversion");
  return {};
}

Status check_step(const Program& program, std::uint32_t number) {
  const Step& step = program.steps[number];
  const auto verb = static_cast<unsigned>(step.verb);
  constexpr unsigned kFlags = kArrivedFirst | kPrepare | kFinal | kInTurn;
  if (verb > static_cast<unsigned>(Verb::wait) || step.src > Buffer::token || step.dst > Buffer::token ||
      (step.flags & ~kFlags) != 0)
    return Error{Code::invalid_argument,
                 fmt::format("rank {} step {}: no such verb or buffer", index(program.self), number)};
  if (step.verb == Verb::wait) return {};
  if (step.moves()) {
    const std::int32_t peer = index(step.peer);
    if (peer < 0 || peer >= static_cast<std::int32_t>(program.ranks) || step.peer == program.self)
      return wrong(program, number, "there is no such peer");
  }
  const bool reads = step.verb != Verb::recv;
  const bool writes = step.verb != Verb::send;
  if (reads != (step.src != Buffer::none) || writes != (step.dst != Buffer::none))
    return wrong(program, number, "it lacks a buffer, or has one too many");
  if (step.verb == Verb::copy && (step.src_stride() == 0 || step.dst_stride() == 0))
    return wrong(program, number, "a stride of 0");
  if (reads && !(in_bounds(step.src, step.src_first, step.chunks, step.src_stride(), program) &&
                 within_segment(step.src, step.src_first, step.chunks, step.src_stride(), program)))
    return wrong(program, number, "it reads beyond the buffer or the segment");
  if (writes && !(in_bounds(step.dst, step.written_first(), step.chunks, step.dst_stride(), program) &&
                  within_segment(step.dst, step.written_first(), step.chunks, step.dst_stride(), program)))
    return wrong(program, number, "it writes beyond the buffer or the segment");
  if (step.src == Buffer::slots || step.dst == Buffer::slots) {
    const bool moves_slots = step.verb != Verb::reduce && step.src_stride() == 1 && step.dst_stride() == 1 &&
                             (step.verb != Verb::copy || step.src != step.dst);
    if (!moves_slots) return wrong(program, number, "slots cannot be used like this");
    if (!in_bounds(Buffer::acc, step.stands_for(), step.chunks, 1, program) ||
        !within_segment(Buffer::acc, step.stands_for(), step.chunks, 1, program))
      return wrong(program, number, "slots stand for chunks that there are not");
  }
  if (step.verb == Verb::reduce &&
      (step.slot_count() == 0 || step.own_slot() >= step.slot_count() ||
       !in_bounds(Buffer::slots, step.slot, std::uint64_t{step.slot_count()} * step.chunks, 1, program)))
    return wrong(program, number, "it reduces slots that there are not");
  if (step.dst == Buffer::in) return wrong(program, number, "it writes to the user's input");
  if ((step.src == Buffer::token) != (step.verb == Verb::send && step.src == Buffer::token) ||
      (step.dst == Buffer::token && step.verb != Verb::recv))
    return wrong(program, number, "tokens can only be sent and received");
  return check_memory(program, number);
}

// An output, or an input, that is one block holds nothing but this rank's own chunks.
Status check_own_blocks(const Program& program) {
  const bool rooted_out = program.collective == Collective::reduce || program.collective == Collective::gather;
  const bool rooted_in = program.collective == Collective::broadcast || program.collective == Collective::scatter;
  const bool at_root = program.self == program.root;
  std::vector<std::uint32_t> own;
  if (in_is_own_block(program.collective) || out_is_own_block(program.collective)) own = own_chunks(program);
  const auto is_own = [&](const Slice& slice) {
    for (std::uint32_t i = 0; i < slice.count; ++i) {
      if (!std::binary_search(own.begin(), own.end(), (slice.first + i) % program.chunks)) return false;
    }
    return true;
  };
  for (std::uint32_t i = 0; i < program.size(); ++i) {
    const Step& step = program.steps[i];
    if (step.dst == Buffer::out || step.src == Buffer::out) {
      if (rooted_out && !at_root) return wrong(program, i, "only the root has an output");
      bool right = true;
      if (out_is_own_block(program.collective)) {
        visit_writes(step,
                     [&](const Slice& slice) { right = right && (slice.buffer != Buffer::out || is_own(slice)); });
        visit_reads(step, [&](const Slice& slice) { right = right && (slice.buffer != Buffer::out || is_own(slice)); });
      }
      if (!right) return wrong(program, i, "the output has only the rank's own block");
    }
    if (step.src == Buffer::in) {
      bool right = !rooted_in || at_root;
      if (in_is_own_block(program.collective))
        visit_reads(step, [&](const Slice& slice) { right = right && (slice.buffer != Buffer::in || is_own(slice)); });
      if (!right) return wrong(program, i, "the input does not have these chunks at this rank");
    }
  }
  return {};
}

Status check_edges(const Program& program) {
  std::vector<std::uint32_t> lead_here(program.size(), 0);
  if (program.steps.empty()) return {};
  if (program.steps.front().successors != 0 || program.steps.back().successors != program.successors.size())
    return Error{Code::invalid_argument, fmt::format("rank {}: edges that belong to no step", index(program.self))};
  for (std::uint32_t i = 0; i < program.size(); ++i) {
    if (program.steps[i].successors > program.steps[i + 1].successors)
      return wrong(program, i, "its edges are out of order");
  }
  for (std::uint32_t i = 0; i < program.size(); ++i) {
    for (const Edge edge : program.successors_of(i)) {
      if (edge.step <= i || edge.step >= program.size()) return wrong(program, i, "an edge leads back, or nowhere");
      ++lead_here[edge.step];
    }
  }
  for (std::uint32_t i = 0; i < program.size(); ++i) {
    if (program.steps[i].dependencies != lead_here[i])
      return wrong(
          program, i,
          fmt::format("it waits for {} steps, but {} lead to it", program.steps[i].dependencies, lead_here[i]));
  }
  return {};
}

// For each step, which steps are over, or have begun, before it begins. Edges lead forward: a step's row ends with it.
class Before {
 public:
  explicit Before(const Program& program) : program_(program), words_((program.size() + 63) / 64) {}

  [[nodiscard]] bool is_over(std::uint32_t earlier, std::uint32_t step) {
    if (over_.empty()) over_ = rows(false);
    return has(over_, earlier, step);
  }
  [[nodiscard]] bool has_begun(std::uint32_t earlier, std::uint32_t step) {
    const auto edges = program_.successors_of(earlier);  // mostly one leads straight there
    if (std::any_of(edges.begin(), edges.end(), [&](Edge edge) { return edge.step == step; })) return true;
    if (begun_.empty()) begun_ = rows(true);
    return has(begun_, earlier, step);
  }

 private:
  [[nodiscard]] std::vector<std::uint64_t> rows(bool begun) const {
    std::vector<std::uint64_t> bits(program_.size() * words_);
    for (std::uint32_t i = 0; i < program_.size(); ++i) {
      for (const Edge edge : program_.successors_of(i)) {
        const std::size_t row = edge.step * words_;
        for (std::size_t word = 0; word <= i / 64; ++word) bits[row + word] |= bits[i * words_ + word];
        if (begun || edge.when_posted == 0) bits[row + i / 64] |= std::uint64_t{1} << (i % 64);
      }
    }
    return bits;
  }
  [[nodiscard]] bool has(const std::vector<std::uint64_t>& bits, std::uint32_t earlier, std::uint32_t step) const {
    return earlier == step || ((bits[step * words_ + earlier / 64] >> (earlier % 64)) & 1) != 0;
  }

  const Program& program_;
  std::size_t words_;
  std::vector<std::uint64_t> over_;
  std::vector<std::uint64_t> begun_;
};

// Who wrote a run of chunks, and who has read it since: a list that runs share with the run that they were cut from.
struct Access {
  std::int64_t writer = -1;
  std::int64_t readers = -1;  // the latest, in Uses::readers_
};

class Uses {
 public:
  Uses(const Program& program, bool in_place)
      : program_(program), in_place_(in_place), before_(program), memories_(7, RangeMap<Access>(Access{})) {}

  Status check(std::uint32_t number) {
    const Step& step = program_.steps[number];
    std::int64_t clash = -1;
    const auto ordered = [&](std::int64_t earlier) {
      if (earlier >= 0 && !before_.is_over(static_cast<std::uint32_t>(earlier), number)) clash = earlier;
    };
    visit_reads(step, [&](const Slice& slice) {
      memory(slice.buffer)
          .visit(slice.first, slice.first + slice.count, [&](std::uint32_t, std::uint32_t, Access& access) {
            ordered(access.writer);
            readers_.push_back({number, access.readers});
            access.readers = static_cast<std::int64_t>(readers_.size()) - 1;
          });
    });
    visit_writes(step, [&](const Slice& slice) {
      memory(slice.buffer)
          .look(slice.first, slice.first + slice.count, [&](std::uint32_t, std::uint32_t, const Access& access) {
            ordered(access.writer);
            for (std::int64_t at = access.readers; at >= 0; at = reader(at).before) ordered(reader(at).step);
          });
      memory(slice.buffer).assign(slice.first, slice.first + slice.count, Access{.writer = number});
    });
    if (step.moves()) {  // or it would be chance which send meets which receive
      const auto channel = std::pair(step.peer, step.verb == Verb::send);
      const auto [last, first] = posted_.try_emplace(channel, number);
      if (!first && !before_.has_begun(last->second, number))
        return wrong(program_, number, fmt::format("nothing makes it follow step {} to the same peer", last->second));
      last->second = number;
    }
    if (clash < 0) return {};
    const auto other = static_cast<std::uint32_t>(clash);
    return wrong(program_, number,
                 fmt::format("nothing makes it wait for step {} ({}), which uses the same memory", other,
                             to_string(program_.steps[other])));
  }

 private:
  struct Reader {
    std::uint32_t step;
    std::int64_t before;
  };
  [[nodiscard]] const Reader& reader(std::int64_t at) const { return readers_[static_cast<std::size_t>(at)]; }
  RangeMap<Access>& memory(Buffer buffer) {
    return memories_[static_cast<std::size_t>(in_place_ && buffer == Buffer::in ? Buffer::out : buffer)];
  }

  const Program& program_;
  bool in_place_;
  Before before_;
  std::vector<RangeMap<Access>> memories_;
  std::vector<Reader> readers_;
  std::map<std::pair<Rank, bool>, std::uint32_t> posted_;  // the last send to, or receive from, each peer
};

}  // namespace

std::vector<std::uint32_t> own_chunks(const Program& program) {
  return program.cut.chunks_of(program.self);
}

bool is_redundant(const Program& program, std::uint32_t from, std::uint32_t to) {
  Program without = program;
  std::vector<Dependency> all;
  for (std::uint32_t i = 0; i < program.size(); ++i) {
    for (const Edge edge : program.successors_of(i)) {
      if (i != from || edge.step != to) all.push_back({i, edge.step, edge.when_posted != 0});
    }
  }
  relink(all, without);
  return Before(without).is_over(from, to);
}

Status check_form(const Program& program) {
  if (program.cut.chunks() != program.chunks || program.segments == 0 || program.chunks == 0)
    return Error{Code::invalid_argument, fmt::format("rank {}: the vector is cut into nothing", index(program.self))};
  if (has_blocks(program.collective)) {
    const auto* const levels = program.cut.levels().get();
    if (levels != nullptr && static_cast<std::uint32_t>(levels->ranks()) != program.ranks)
      return Error{Code::invalid_argument,
                   fmt::format("rank {}: the blocks are those of other ranks", index(program.self))};
    for (int part = 0; levels == nullptr && part < program.cut.parts(); ++part) {
      if (program.cut.part(part).chunks != program.ranks)
        return Error{Code::invalid_argument,
                     fmt::format("rank {}: there must be one block a rank", index(program.self))};
    }
  }
  for (std::uint32_t i = 0; i < program.size(); ++i) TUTTI_TRY(check_step(program, i));
  TUTTI_TRY(check_own_blocks(program));
  return check_edges(program);
}

std::uint32_t src_place(const Step& step) {
  return step.src == Buffer::slots ? step.stands_for() : step.src_first;
}

std::uint32_t dst_place(const Step& step) {
  return step.dst == Buffer::slots ? step.stands_for() : step.dst_first;
}

// Chunks of a vector all differ. Blocks are equal, but their parts and segments differ.
bool are_alike(const Program& program, std::uint32_t a, std::uint32_t b, std::uint32_t chunks) {
  if (a == b) return true;
  if (!has_blocks(program.collective) || program.cut.has_empty_chunks()) return false;
  const auto class_of = [&](std::uint32_t chunk) {
    return std::pair(chunk / program.chunks, program.cut.part_of(chunk % program.chunks));
  };
  const auto one = class_of(a);
  return one == class_of(b) && one == class_of(a + chunks - 1) && one == class_of(b + chunks - 1);
}

Status check_lengths(const Program& program) {
  for (std::uint32_t i = 0; i < program.size(); ++i) {
    const Step& step = program.steps[i];
    if (step.src == Buffer::token || step.dst == Buffer::token) continue;
    if (step.verb != Verb::copy && step.verb != Verb::recv_reduce) continue;
    bool alike = step.src_stride() == 1 && step.dst_stride() == 1 &&
                 are_alike(program, src_place(step), dst_place(step), step.chunks);
    if (!alike && step.verb == Verb::copy) {
      alike = true;
      for (std::uint32_t k = 0; k < step.chunks && alike; ++k)
        alike = are_alike(program, src_place(step) + k * step.src_stride(), dst_place(step) + k * step.dst_stride(), 1);
    }
    if (!alike) return wrong(program, i, "its source and its target may differ in length");
  }
  return {};
}

Status check_races(const Program& program, bool in_place) {
  Uses uses(program, in_place);
  for (std::uint32_t i = 0; i < program.size(); ++i) TUTTI_TRY(uses.check(i));
  return {};
}

}  // namespace tutti::plan
