// From programs to MSCCL's XML. A rank's steps are shared out to threadblocks: one for the messages to each peer, one
// for those from each peer, one for what it does alone. Messages are cut where they do not lie together at both ends.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "plan/exchange/brought.hpp"
#include "plan/exchange/exchange.hpp"
#include "plan/exchange/msccl_units.hpp"

namespace tutti::plan {
namespace {

using msccl::Array;
using msccl::Run;
using msccl::Units;

constexpr std::int32_t kNone = -1;

struct Line {
  const char* type = "nop";
  Run src;
  Run dst;
  std::int32_t needs_block = kNone;
  std::int32_t needs_step = kNone;
  bool is_needed = false;
};

struct Block {
  std::int32_t send = kNone;
  std::int32_t recv = kNone;
  std::vector<Line> lines;
  std::map<std::size_t, std::int32_t> has_waited;  // for which step of which other block
};

// One message, or copy: the same units here and there.
struct Piece {
  Run from;
  Run to;
  Run with;  // recv_reduce: what is reduced with it
};

// Which step of the peer each message meets.
std::vector<std::vector<std::uint32_t>> find_partners(const std::vector<Program>& programs) {
  std::map<std::pair<std::int32_t, std::int32_t>, std::pair<std::vector<std::uint32_t>, std::vector<std::uint32_t>>>
      all;
  for (const Program& program : programs) {
    for (std::uint32_t i = 0; i < program.size(); ++i) {
      const Step& step = program.steps[i];
      if (step.verb == Verb::send) all[{index(program.self), index(step.peer)}].first.push_back(i);
      if (step.moves() && step.verb != Verb::send) all[{index(step.peer), index(program.self)}].second.push_back(i);
    }
  }
  std::vector<std::vector<std::uint32_t>> partners;
  for (const Program& program : programs) partners.emplace_back(program.size(), 0);
  for (const auto& [between, steps] : all) {
    const auto& [sent, received] = steps;
    for (std::size_t i = 0; i < std::min(sent.size(), received.size()); ++i) {
      partners[static_cast<std::size_t>(between.first)][sent[i]] = received[i];
      partners[static_cast<std::size_t>(between.second)][received[i]] = sent[i];
    }
  }
  return partners;
}

void add_piece(const Piece& next, std::vector<Piece>& pieces) {
  if (next.from.count == 0) return;
  if (!pieces.empty()) {
    Piece& last = pieces.back();
    if (next.from.continues(last.from) && next.to.continues(last.to) &&
        (next.with.count == 0 || next.with.continues(last.with))) {
      for (Run* const run : {&last.from, &last.to, &last.with}) run->count += next.from.count;
      return;
    }
  }
  pieces.push_back(next);
}

class Writer {
 public:
  Writer(const std::vector<Program>& programs, Units units)
      : programs_(programs), units_(std::move(units)), partners_(find_partners(programs)) {}

  std::string write(const std::string& name) const {
    const Program& first = programs_.front();
    const auto rooms = units_.rooms(first);
    std::string coll{to_string(first.collective)};
    std::erase(coll, '_');
    std::string text = fmt::format(
        "<algo name=\"{}\" proto=\"Simple\" nchannels=\"1\" nchunksperloop=\"{}\" ngpus=\"{}\" coll=\"{}\" "
        "inplace=\"0\">\n",
        escaped(name), std::max(rooms[0], rooms[1]), first.ranks, coll);
    for (const Program& program : programs_) write_gpu(program, text);
    return text + "</algo>\n";
  }

 private:
  static std::string escaped(const std::string& name) {
    std::string text;
    for (const char c : name)
      text += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : c == '"' ? "&quot;" : std::string(1, c);
    return text;
  }

  [[nodiscard]] std::vector<Piece> message(const Program& from, std::uint32_t send, std::uint32_t recv) const {
    const Step& out = from.steps[send];
    const Program& to = programs_[static_cast<std::size_t>(index(out.peer))];
    const Step& in = to.steps[recv];
    std::vector<Piece> pieces;
    for (std::uint32_t i = 0; i < out.chunks; ++i) {
      Piece one{.from = units_.run(from, out.src, out.src_first + i, out.stands_for() + i),
                .to = units_.run(to, in.dst, in.dst_first + i, in.stands_for() + i),
                .with = {}};
      if (in.verb == Verb::recv_reduce) one.with = units_.run(to, in.src, in.src_first + i, in.stands_for() + i);
      add_piece(one, pieces);
    }
    return pieces;
  }
  [[nodiscard]] std::vector<Piece> copied(const Program& program, const Step& step) const {
    std::vector<Piece> pieces;
    for (std::uint32_t i = 0; i < step.chunks; ++i) {
      const std::uint32_t from = step.src_first + i * step.src_stride();
      const std::uint32_t to = step.dst_first + i * step.dst_stride();
      add_piece(
          {.from = units_.run(program, step.src, from, to), .to = units_.run(program, step.dst, to, from), .with = {}},
          pieces);
    }
    return pieces;
  }

  // MSCCL reduces two at a time, into one of them.
  void add_reduction(const Program& program, const Step& step, Block& block) const {
    for (std::uint32_t i = 0; i < step.chunks; ++i) {
      const std::uint32_t chunk = step.src_first + i;
      const Run own = units_.run(program, step.src, chunk, chunk);
      const Run result = units_.run(program, step.dst, chunk, chunk);
      if (own.count == 0) continue;
      if (own != result) block.lines.push_back({.type = "cpy", .src = own, .dst = result});
      for (std::uint32_t slot = 0; slot < step.slot_count(); ++slot) {
        if (slot == step.own_slot()) continue;
        const Run other = units_.run(program, Buffer::slots, step.slot + slot * step.chunks + i, chunk);
        block.lines.push_back({.type = "re", .src = other, .dst = result});
      }
    }
  }

  void add_step(const Program& program, std::uint32_t number, Block& block) const {
    const Step& step = program.steps[number];
    const std::uint32_t partner = partners_[static_cast<std::size_t>(index(program.self))][number];
    switch (step.verb) {
      case Verb::send:
        for (const Piece& one : message(program, number, partner))
          block.lines.push_back({.type = "s", .src = one.from, .dst = one.to});
        break;
      case Verb::recv:
      case Verb::recv_reduce:
        for (const Piece& one : message(programs_[static_cast<std::size_t>(index(step.peer))], partner, number)) {
          const bool reduces = step.verb == Verb::recv_reduce;
          block.lines.push_back({.type = reduces ? "rrc" : "r", .src = reduces ? one.with : one.to, .dst = one.to});
        }
        break;
      case Verb::copy:
        for (const Piece& one : copied(program, step)) {
          if (one.from != one.to) block.lines.push_back({.type = "cpy", .src = one.from, .dst = one.to});
        }
        break;
      case Verb::reduce:
        add_reduction(program, step, block);
        break;
      case Verb::wait:
        break;
    }
  }

  static std::size_t block_for(const Step& step, std::vector<Block>& blocks) {
    const std::int32_t send = step.verb == Verb::send ? index(step.peer) : kNone;
    const std::int32_t recv = step.moves() && step.verb != Verb::send ? index(step.peer) : kNone;
    for (std::size_t at = 0; at < blocks.size(); ++at) {
      if (blocks[at].send == send && blocks[at].recv == recv) return at;
    }
    blocks.push_back({.send = send, .recv = recv, .lines = {}, .has_waited = {}});
    return blocks.size() - 1;
  }

  // The steps of the program that each one waits for.
  static std::vector<std::vector<std::uint32_t>> waits_of(const Program& program) {
    std::vector<std::vector<std::uint32_t>> waits(program.size());
    for (std::uint32_t i = 0; i < program.size(); ++i) {
      for (const Edge edge : program.successors_of(i)) waits[edge.step].push_back(i);
    }
    return waits;
  }

  [[nodiscard]] std::vector<Block> blocks_of(const Program& program) const {
    std::vector<Block> blocks;
    const auto waits = waits_of(program);
    std::vector<std::pair<std::size_t, std::int32_t>> last(program.size());  // where each step ends
    for (std::uint32_t i = 0; i < program.size(); ++i) {
      const std::size_t number = block_for(program.steps[i], blocks);
      Block& block = blocks[number];
      std::map<std::size_t, std::int32_t> needs;
      for (const std::uint32_t before : waits[i]) {
        const auto [of, step] = last[before];
        const auto waited = block.has_waited.find(of);
        if (of == number || (waited != block.has_waited.end() && waited->second >= step)) continue;
        const auto [at, is_new] = needs.try_emplace(of, step);
        at->second = std::max(at->second, step);
      }
      const std::size_t begin = block.lines.size();
      // A step of MSCCL's waits for one other at most: the rest is for steps that do nothing.
      for (std::size_t more = 1; more < needs.size(); ++more) block.lines.emplace_back();
      const std::size_t real = block.lines.size();
      add_step(program, i, block);
      if (block.lines.size() == real && needs.size() + waits[i].size() > 0) block.lines.emplace_back();
      std::size_t line = begin;
      for (const auto& [of, step] : needs) {
        block.lines[line].needs_block = static_cast<std::int32_t>(of);
        block.lines[line].needs_step = step;
        ++line;
        blocks[of].lines[static_cast<std::size_t>(step)].is_needed = true;
        block.has_waited[of] = step;
      }
      if (block.lines.empty()) block.lines.emplace_back();
      last[i] = {number, static_cast<std::int32_t>(block.lines.size()) - 1};
    }
    return blocks;
  }

  void write_gpu(const Program& program, std::string& text) const {
    const auto rooms = units_.rooms(program);
    text += fmt::format("  <gpu id=\"{}\" i_chunks=\"{}\" o_chunks=\"{}\" s_chunks=\"{}\">\n", index(program.self),
                        rooms[0], rooms[1], rooms[2]);
    const auto blocks = blocks_of(program);
    for (std::size_t id = 0; id < blocks.size(); ++id) {
      text +=
          fmt::format("    <tb id=\"{}\" send=\"{}\" recv=\"{}\" chan=\"0\">\n", id, blocks[id].send, blocks[id].recv);
      for (std::size_t s = 0; s < blocks[id].lines.size(); ++s) {
        const Line& line = blocks[id].lines[s];
        const auto name = [](const Run& run) { return "ios"[static_cast<int>(run.array)]; };
        text += fmt::format(
            "      <step s=\"{}\" type=\"{}\" srcbuf=\"{}\" srcoff=\"{}\" dstbuf=\"{}\" dstoff=\"{}\" cnt=\"{}\" "
            "depid=\"{}\" deps=\"{}\" hasdep=\"{}\"/>\n",
            s, line.type, name(line.src), line.src.first, name(line.dst), line.dst.first, line.src.count,
            line.needs_block, line.needs_step, line.is_needed ? 1 : 0);
      }
      text += "    </tb>\n";
    }
    text += "  </gpu>\n";
  }

  const std::vector<Program>& programs_;
  Units units_;
  std::vector<std::vector<std::uint32_t>> partners_;
};

Error cannot(std::string why) {
  return {Code::unsupported, "MSCCL's XML cannot say it: " + std::move(why)};
}

}  // namespace

Result<std::string> write_msccl(const ProgramSet& set) {
  const Program& first = set.programs.front();
  switch (first.collective) {
    case Collective::all_reduce:
    case Collective::all_gather:
    case Collective::reduce_scatter:
    case Collective::all_to_all:
      break;
    case Collective::broadcast:
      if (first.root != Rank{0})
        return cannot(fmt::format("its broadcasts come from rank 0, not {}", index(first.root)));
      break;
    default:
      return cannot(fmt::format("it has no {}", to_string(first.collective)));
  }
  if (first.ranks > ExchangeLimits{}.ranks)
    return cannot(fmt::format("{} ranks are more than {}", first.ranks, ExchangeLimits{}.ranks));
  for (const Program& program : set.programs) {
    if (program.widened) return cannot("partial results in another type");
  }
  Units units = TUTTI_TRY(Units::of(first));
  std::string text = Writer(set.programs, std::move(units)).write(set.name);
  if (const auto read = read_brought(text); !read) return cannot(read.error().text);
  return text;
}

}  // namespace tutti::plan
