// Does an algorithm's steps one after the other, as far as they may be done, and writes down for each chunk that moves
// where it is.
//
// A cell is a place of an algorithm's array. Its content goes where a chunk of its length has room: into the user's
// output if it is the chunk that belongs there, and into scratch memory if not. So a chunk that an algorithm parks in a
// place of another length, or in an input that it must not write to, does no harm, whatever the count of the call.
#include <fmt/format.h>

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "plan/exchange/exchange.hpp"
#include "plan/exchange/msccl_ops.hpp"

namespace tutti::plan::msccl {
namespace {

constexpr auto kNone = ~std::uint32_t{0};

struct Cell {
  Array array{};
  std::uint32_t at = 0;
  auto operator<=>(const Cell&) const = default;
};

struct Message {
  std::int32_t channel = 0;
  std::uint32_t op = 0;
};

// One rank.
struct Actor {
  Walk walk;
  std::map<Cell, Place> cells;                      // what has a value
  std::map<Cell, std::uint32_t> slots;              // that a cell may write to
  std::map<std::uint32_t, Cell> owners;             // of these slots
  std::vector<std::uint32_t> next;                  // step of each block
  std::vector<std::vector<std::uint32_t>> last_op;  // of each step that was done
  std::vector<std::uint32_t> acc_users;             // of each chunk: cells and unmatched sends
  std::set<std::uint32_t> written;                  // chunks of the output
  std::map<std::uint32_t, std::uint32_t> prepared;  // chunk of acc2 -> the op that put the input there
};

class Stage {
 public:
  Stage(const Algo& algo, Form form, std::vector<std::set<std::uint32_t>> kept)
      : algo_(algo), form_(form), number_(algo), kept_(std::move(kept)), actors_(algo.gpus.size()) {}

  Status run() {
    for (std::uint32_t rank = 0; rank < actors_.size(); ++rank) begin(rank);
    bool moved = true;
    while (moved && !restart_) {
      moved = false;
      for (std::uint32_t rank = 0; rank < actors_.size(); ++rank) {
        for (std::uint32_t block = 0; block < algo_.gpus[rank].blocks.size(); ++block)
          moved = TUTTI_TRY(try_step(rank, block)) || moved;
      }
    }
    if (restart_) return {};
    TUTTI_TRY(check_end());
    for (std::uint32_t rank = 0; rank < actors_.size(); ++rank) finish(rank);
    return {};
  }

  /// A chunk of the input is read after the output, which is the same memory, was written: it must be kept aside.
  [[nodiscard]] bool must_restart() const { return restart_; }
  [[nodiscard]] std::vector<std::set<std::uint32_t>> kept() const { return kept_; }
  std::vector<Walk> take() {
    std::vector<Walk> all;
    for (Actor& actor : actors_) all.push_back(std::move(actor.walk));
    return all;
  }

 private:
  [[nodiscard]] bool is_own(Array array) const {
    return array == Array::input ? in_is_own_block(algo_.collective) : out_is_own_block(algo_.collective);
  }
  [[nodiscard]] std::uint32_t room(std::uint32_t rank, Array array) const {
    if (array == Array::scratch) return algo_.gpus[rank].chunks[2];
    return is_own(array) ? number_.parts : number_.chunks;
  }
  // In algorithms for the same memory the smaller of the two arrays is a part of the other.
  [[nodiscard]] Cell cell(std::uint32_t rank, Array array, std::uint32_t at) const {
    if (!algo_.in_place || array == Array::scratch) return {array, at};
    const bool into_input = out_is_own_block(algo_.collective);
    const Array whole = into_input ? Array::input : Array::output;
    if (array == whole) return {array, at};
    return {whole, is_own(array) ? rank * number_.parts + at : at};
  }
  [[nodiscard]] std::uint32_t chunk_of(std::uint32_t rank, Cell cell) const {
    return is_own(cell.array) ? number_.of_own(cell.at, rank) : number_.of_all(cell.at);
  }
  // Whether the rank's output is where the cell's chunk ends up.
  [[nodiscard]] bool is_output(std::uint32_t rank, Cell one) const {
    if (one.array == Array::output) return true;
    return algo_.in_place && one.array == Array::input && one.at / number_.parts == rank &&
           out_is_own_block(algo_.collective);
  }
  [[nodiscard]] bool has_input(std::uint32_t rank) const {
    return algo_.collective != Collective::broadcast || rank == 0;
  }

  void begin(std::uint32_t rank) {
    Actor& self = actors_[rank];
    self.next.assign(algo_.gpus[rank].blocks.size(), 0);
    self.last_op.resize(algo_.gpus[rank].blocks.size());
    self.acc_users.assign(number_.chunks, 0);
    if (!has_input(rank)) return;
    for (std::uint32_t at = 0; at < room(rank, Array::input); ++at) {
      const Cell one = cell(rank, Array::input, at);
      const std::uint32_t chunk = chunk_of(rank, one);
      self.cells[one] = {Buffer::in, chunk, chunk};
    }
    std::set<std::uint32_t> aside = kept_[rank];
    for (auto& [one, place] : self.cells) {
      if (form_ == Form::staged || aside.contains(place.chunk)) keep(self, place);
    }
  }

  // Copies a chunk of the input to scratch memory before anything else; chunks that follow each other together.
  void keep(Actor& self, Place& place) {
    const Place to{Buffer::acc2, place.index, place.chunk};
    Op op{.verb = Verb::copy,
          .flags = static_cast<std::uint8_t>(form_ == Form::staged && is_reduction(algo_.collective) ? kPrepare : 0),
          .src = {place},
          .dst = {to},
          .other = {},
          .ours = true,
          .after = {}};
    Op* const last = self.walk.ops.empty() ? nullptr : &self.walk.ops.back();
    if (last != nullptr && number_.follows(last->src.back().index, place.index)) {
      last->src.push_back(place);
      last->dst.push_back(to);
    } else {
      self.walk.ops.push_back(std::move(op));
    }
    self.prepared[place.index] = static_cast<std::uint32_t>(self.walk.ops.size() - 1);
    place = to;
  }

  // False: it cannot be done yet, or there is none.
  Result<bool> try_step(std::uint32_t rank, std::uint32_t block) {
    Actor& self = actors_[rank];
    const Block& of = algo_.gpus[rank].blocks[block];
    if (self.next[block] == of.steps.size()) return false;
    const XmlStep& step = of.steps[self.next[block]];
    if (step.needs_block >= 0 &&
        self.next[static_cast<std::size_t>(step.needs_block)] <= static_cast<std::uint32_t>(step.needs_step))
      return false;
    const bool receives = step.type == Type::recv || step.type == Type::recv_copy_send ||
                          step.type == Type::recv_reduce_send || step.type == Type::recv_reduce_copy ||
                          step.type == Type::recv_reduce_copy_send;
    if (receives) {
      const auto& waiting = messages_[{static_cast<std::uint32_t>(of.recv), rank}];
      if (waiting.empty() || waiting.front().channel != of.channel) return false;
    }
    after_.clear();
    if (self.next[block] > 0) follow(self, self.last_op[block].back());
    if (step.needs_block >= 0)
      follow(self, self.last_op[static_cast<std::size_t>(step.needs_block)][static_cast<std::size_t>(step.needs_step)]);
    if (auto done = do_step(rank, of, step); !done)
      return done.error().within(fmt::format("gpu {} tb {} step {}", rank, block, self.next[block]));
    self.last_op[block].push_back(static_cast<std::uint32_t>(self.walk.ops.size() - 1));
    ++self.next[block];
    return true;
  }

  // What was sent has left the array, in MSCCL, when its step is over; whoever overwrites it is found later.
  void follow(const Actor& self, std::uint32_t op) { after_.push_back({op, self.walk.ops[op].verb == Verb::send}); }

  Status do_step(std::uint32_t rank, const Block& of, const XmlStep& step) {
    switch (step.type) {
      case Type::nop:
        add(rank, {.verb = Verb::wait, .src = {}, .dst = {}, .other = {}, .after = {}});
        return {};
      case Type::send:
        return send(rank, of, TUTTI_TRY(read(rank, step.src, step.count)));
      case Type::copy:
        return copy(rank, step);
      case Type::reduce:
        return reduce(rank, step);
      default:
        return receive(rank, of, step);
    }
  }

  std::uint32_t add(std::uint32_t rank, Op op) {
    Actor& self = actors_[rank];
    const auto number = static_cast<std::uint32_t>(self.walk.ops.size());
    op.after = std::exchange(after_, {});
    for (const Places* const places : {&op.src, &op.other}) {
      for (const Place& place : *places) {
        if (place.buffer == Buffer::acc2 && self.prepared.contains(place.index))
          op.after.push_back({self.prepared[place.index], false});
        if (form_ == Form::in_place && place.buffer == Buffer::in && self.written.contains(place.index)) {
          kept_[rank].insert(place.index);
          restart_ = true;
        }
      }
    }
    for (const Place& place : op.dst) {
      if (place.buffer == Buffer::out) self.written.insert(place.index);
    }
    self.walk.ops.push_back(std::move(op));
    after_ = {{number, self.walk.ops.back().verb == Verb::send}};
    return number;
  }

  Status check_room(std::uint32_t rank, const Slice& slice, std::uint32_t count) const {
    if (std::uint64_t{slice.first} + count <= room(rank, slice.array)) return {};
    return wrong(fmt::format("{}[{}..{}) is beyond the {} chunks of the buffer", "ios"[static_cast<int>(slice.array)],
                             slice.first, std::uint64_t{slice.first} + count, room(rank, slice.array)));
  }

  Result<Places> read(std::uint32_t rank, const Slice& slice, std::uint32_t count) {
    TUTTI_TRY(check_room(rank, slice, count));
    Places places;
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto found = actors_[rank].cells.find(cell(rank, slice.array, slice.first + i));
      if (found == actors_[rank].cells.end())
        return wrong(fmt::format("it reads {}[{}], which nobody has written", "ios"[static_cast<int>(slice.array)],
                                 slice.first + i));
      places.push_back(found->second);
    }
    return places;
  }

  std::uint32_t new_slot(Actor& self) { return self.walk.slots++; }

  // Where a chunk belongs that is written to a cell; nothing: anywhere in scratch memory.
  [[nodiscard]] std::optional<Place> home_of(std::uint32_t rank, Cell one, std::uint32_t chunk) const {
    if (one.array == Array::scratch) return std::nullopt;
    const std::uint32_t own = chunk_of(rank, one);
    if (!number_.alike(own, chunk)) return std::nullopt;
    if (!is_output(rank, one)) return Place{Buffer::acc2, own, own};
    return Place{form_ == Form::staged ? Buffer::acc : Buffer::out, own, own};
  }

  // Where a chunk goes that is written to a cell.
  Place place_for(std::uint32_t rank, Cell one, std::uint32_t chunk) {
    if (const auto home = home_of(rank, one, chunk)) return *home;
    Actor& self = actors_[rank];
    const auto [at, is_new] = self.slots.try_emplace(one, kNone);
    if (is_new) {
      at->second = new_slot(self);
      self.owners[at->second] = one;
    }
    return {Buffer::slots, at->second, chunk};
  }

  // What is copied within scratch memory stays where it is: two cells mean one slot then, which nobody may write to.
  static void share(Actor& self, const Place& slot) {
    const auto owner = self.owners.find(slot.index);
    if (owner == self.owners.end()) return;
    self.slots.erase(owner->second);
    self.owners.erase(owner);
  }

  void set(std::uint32_t rank, Cell one, Place place) {
    auto& cells = actors_[rank].cells;
    const auto old = cells.find(one);
    if (old != cells.end()) use_acc(rank, old->second, -1);
    use_acc(rank, place, 1);
    cells[one] = place;
  }
  // acc holds what has no place of its own, unless it mirrors the output.
  void use_acc(std::uint32_t rank, const Place& place, int more) {
    if (form_ != Form::staged && place.buffer == Buffer::acc)
      actors_[rank].acc_users[place.index] += static_cast<std::uint32_t>(more);
  }
  [[nodiscard]] std::optional<Place> free_acc(std::uint32_t rank, std::uint32_t chunk) const {
    if (form_ == Form::staged || actors_[rank].acc_users[chunk] > 0) return std::nullopt;
    return Place{Buffer::acc, chunk, chunk};
  }

  Result<Places> write(std::uint32_t rank, const Slice& slice, const std::vector<std::uint32_t>& chunks) {
    TUTTI_TRY(check_room(rank, slice, static_cast<std::uint32_t>(chunks.size())));
    Places places;
    for (std::uint32_t i = 0; i < chunks.size(); ++i) {
      const Cell one = cell(rank, slice.array, slice.first + i);
      places.push_back(place_for(rank, one, chunks[i]));
      set(rank, one, places.back());
    }
    return places;
  }

  Status send(std::uint32_t rank, const Block& of, Places places) {
    if (of.send == static_cast<std::int32_t>(rank)) return wrong("it sends to itself");
    for (const Place& place : places) use_acc(rank, place, 1);
    const auto op =
        add(rank, {.verb = Verb::send, .peer = of.send, .src = std::move(places), .dst = {}, .other = {}, .after = {}});
    messages_[{rank, static_cast<std::uint32_t>(of.send)}].push_back({of.channel, op});
    return {};
  }

  Status receive(std::uint32_t rank, const Block& of, const XmlStep& step) {
    auto& waiting = messages_[{static_cast<std::uint32_t>(of.recv), rank}];
    const std::uint32_t sender = waiting.front().op;
    waiting.pop_front();
    const auto from = static_cast<std::uint32_t>(of.recv);
    const Places sent = actors_[from].walk.ops[sender].src;
    if (sent.size() != step.count)
      return wrong(fmt::format("{} chunks arrive from gpu {} where {} are expected", sent.size(), from, step.count));
    for (const Place& place : sent) use_acc(from, place, -1);
    std::vector<std::uint32_t> chunks;
    for (const Place& place : sent) chunks.push_back(place.chunk);
    const bool reduces = step.type != Type::recv && step.type != Type::recv_copy_send;
    Op op{.verb = reduces ? Verb::recv_reduce : Verb::recv,
          .peer = of.recv,
          .src = {},
          .dst = {},
          .other = {},
          .after = {}};
    if (reduces) {
      op.src = TUTTI_TRY(read(rank, step.src, step.count));
      for (std::size_t i = 0; i < chunks.size(); ++i) {
        TUTTI_TRY(check_alike(chunks[i], op.src[i].chunk));
        chunks[i] = op.src[i].chunk;
      }
    }
    if (step.type == Type::recv_reduce_send) {
      for (const std::uint32_t chunk : chunks)
        op.dst.push_back(free_acc(rank, chunk).value_or(Place{Buffer::slots, kNone, chunk}));
      for (Place& place : op.dst) {
        if (place.index == kNone) place.index = new_slot(actors_[rank]);
      }
    } else {
      op.dst = TUTTI_TRY(write(rank, step.dst, chunks));
    }
    op.one_by_one = !is_run(sent) || !is_run(op.dst) || (reduces && !is_run(op.src));
    if (op.one_by_one) actors_[from].walk.ops[sender].one_by_one = true;
    Places got = op.dst;
    add(rank, std::move(op));
    if (step.type == Type::recv || step.type == Type::recv_reduce_copy) return {};
    return send(rank, of, std::move(got));
  }

  Status copy(std::uint32_t rank, const XmlStep& step) {
    const Places from = TUTTI_TRY(read(rank, step.src, step.count));
    TUTTI_TRY(check_room(rank, step.dst, step.count));
    Op op{.verb = Verb::copy, .src = {}, .dst = {}, .other = {}, .after = {}};
    for (std::uint32_t i = 0; i < step.count; ++i) {
      const Cell to = cell(rank, step.dst.array, step.dst.first + i);
      if (from[i].buffer == Buffer::slots && !home_of(rank, to, from[i].chunk)) {
        share(actors_[rank], from[i]);
        set(rank, to, from[i]);
        continue;
      }
      const Place place = place_for(rank, to, from[i].chunk);
      set(rank, to, place);
      op.src.push_back(from[i]);
      op.dst.push_back(place);
    }
    if (op.src.empty()) op.verb = Verb::wait;
    op.one_by_one = !is_run(op.src) || !is_run(op.dst);
    add(rank, std::move(op));
    return {};
  }

  // Tutti reduces a place with a slot.
  Status reduce(std::uint32_t rank, const XmlStep& step) {
    const Places with = TUTTI_TRY(read(rank, step.src, step.count));
    const Places own = TUTTI_TRY(read(rank, step.dst, step.count));
    Op op{.verb = Verb::reduce, .src = own, .dst = {}, .other = with, .one_by_one = true, .after = {}};
    for (std::uint32_t i = 0; i < step.count; ++i) {
      TUTTI_TRY(check_alike(own[i].chunk, with[i].chunk));
      if (op.src[i].buffer == Buffer::slots) std::swap(op.src[i], op.other[i]);
      if (op.src[i].buffer == Buffer::slots) {
        const auto room = free_acc(rank, op.src[i].chunk);
        if (!room) return unsupported("it reduces within scratch memory where there is no room left");
        add(rank, {.verb = Verb::copy, .src = {op.src[i]}, .dst = {*room}, .other = {}, .ours = true, .after = {}});
        op.src[i] = *room;
      } else if (op.other[i].buffer != Buffer::slots) {
        const Place aside{Buffer::slots, new_slot(actors_[rank]), op.other[i].chunk};
        add(rank, {.verb = Verb::copy, .src = {op.other[i]}, .dst = {aside}, .other = {}, .ours = true, .after = {}});
        op.other[i] = aside;
      }
      const Cell to = cell(rank, step.dst.array, step.dst.first + i);
      Place place = place_for(rank, to, op.src[i].chunk);
      if (place.buffer == Buffer::slots || place.index != op.src[i].index) {
        const bool stays = op.src[i].buffer == Buffer::acc && form_ != Form::staged;
        const auto room = stays ? std::optional(op.src[i]) : free_acc(rank, op.src[i].index);
        if (!room) return unsupported("its result would lie in scratch memory where there is no room left");
        place = *room;
      }
      set(rank, to, place);
      op.dst.push_back(place);
    }
    add(rank, std::move(op));
    return {};
  }

  Status check_alike(std::uint32_t a, std::uint32_t b) const {
    if (number_.alike(a, b)) return {};
    return wrong(fmt::format("chunk {} is reduced with chunk {}", b, a));
  }

  // Whether the places are one slice.
  [[nodiscard]] bool is_run(const Places& places) const {
    for (std::size_t i = 1; i < places.size(); ++i) {
      if (places[i].buffer != places[0].buffer || places[i].buffer == Buffer::slots ||
          !number_.follows(places[i - 1].index, places[i].index))
        return false;
    }
    return true;
  }

  // What the collective promises goes to the output, where it is not there already.
  void finish(std::uint32_t rank) {
    Actor& self = actors_[rank];
    for (std::uint32_t at = 0; at < room(rank, Array::output); ++at) {
      const Cell one = cell(rank, Array::output, at);
      const auto found = self.cells.find(one);
      if (found == self.cells.end()) continue;
      const std::uint32_t own = chunk_of(rank, one);
      const Place& place = found->second;
      if (!number_.alike(place.chunk, own) || place.buffer == Buffer::out) continue;
      if (place.buffer == Buffer::in && form_ == Form::in_place && place.index == own) continue;
      after_.clear();
      add(rank,
          {.verb = Verb::copy,
           .flags = static_cast<std::uint8_t>(form_ == Form::staged && is_reduction(algo_.collective) ? kFinal : 0),
           .src = {place},
           .dst = {{Buffer::out, own, own}},
           .other = {},
           .ours = true,
           .after = {}});
    }
  }

  Status check_end() const {
    for (std::uint32_t rank = 0; rank < actors_.size(); ++rank) {
      for (std::uint32_t block = 0; block < algo_.gpus[rank].blocks.size(); ++block) {
        const Block& of = algo_.gpus[rank].blocks[block];
        const std::uint32_t next = actors_[rank].next[block];
        if (next == of.steps.size()) continue;
        const XmlStep& step = of.steps[next];
        const bool on_step = step.needs_block >= 0 && actors_[rank].next[static_cast<std::size_t>(step.needs_block)] <=
                                                          static_cast<std::uint32_t>(step.needs_step);
        return wrong(fmt::format("deadlock: gpu {} tb {} step {} waits for ever for {}", rank, block, next,
                                 on_step ? fmt::format("tb {} step {}", step.needs_block, step.needs_step)
                                         : fmt::format("a message from gpu {} on channel {}", of.recv, of.channel)));
      }
    }
    for (const auto& [between, waiting] : messages_) {
      if (!waiting.empty())
        return wrong(fmt::format("a message from gpu {} to gpu {} on channel {} is never received", between.first,
                                 between.second, waiting.front().channel));
    }
    return {};
  }

  static Error wrong(std::string text) { return {Code::invalid_argument, std::move(text)}; }
  static Error unsupported(std::string text) { return {Code::unsupported, std::move(text)}; }

  const Algo& algo_;
  Form form_;
  Numbering number_;
  std::vector<std::set<std::uint32_t>> kept_;
  std::vector<Actor> actors_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::deque<Message>> messages_;  // from, to
  std::vector<After> after_;                                                         // what the next operation follows
  bool restart_ = false;
};

}  // namespace

Result<std::vector<Walk>> walk(const Algo& algo, Form form) {
  std::vector<std::set<std::uint32_t>> kept(algo.gpus.size());
  while (true) {  // at most once for each chunk of the input
    Stage stage(algo, form, std::move(kept));
    TUTTI_TRY(stage.run());
    if (!stage.must_restart()) return stage.take();
    kept = stage.kept();
  }
}

}  // namespace tutti::plan::msccl
