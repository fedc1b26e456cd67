// tutti.program/1: the programs of all ranks, step by step.
#include <fmt/format.h>

#include <algorithm>

#include "plan/exchange/json_levels.hpp"
#include "plan/lower.hpp"

namespace tutti::plan {
namespace {

using Json = nlohmann::ordered_json;
using topology::Levels;

constexpr std::int64_t kMost32 = 0xffffffffLL;
constexpr std::pair<StepFlags, const char*> kFlagNames[] = {
    {kArrivedFirst, "arrived_first"}, {kPrepare, "prepare"}, {kFinal, "final"}, {kInTurn, "in_turn"}};

void put(Json& json, const char* name, std::uint32_t value) {
  if (value != 0) json[name] = value;
}

// Fields that verbs share have their own names here; a 0 is left out, and so is a stride of 1.
Json step_json(const Program& program, std::uint32_t number) {
  const Step& step = program.steps[number];
  Json json{{"verb", to_string(step.verb)}};
  if (step.verb == Verb::copy) {
    if (step.src_stride() != 1) json["src_stride"] = step.src_stride();
    if (step.dst_stride() != 1) json["dst_stride"] = step.dst_stride();
  } else if (step.verb == Verb::reduce) {
    json["slot"] = step.slot;
    json["slots"] = step.slot_count();
    json["own_slot"] = step.own_slot();
  } else {
    if (step.moves()) json["peer"] = index(step.peer);
    put(json, "slot", step.slot);
  }
  if (step.src != Buffer::none) json["src"] = to_string(step.src);
  put(json, "src_first", step.src_first);
  if (step.dst != Buffer::none) json["dst"] = to_string(step.dst);
  if (step.verb != Verb::reduce) put(json, "dst_first", step.dst_first);
  json["chunks"] = step.chunks;
  for (const auto& [flag, name] : kFlagNames) {
    if ((step.flags & flag) != 0) json[name] = true;
  }
  Json then = Json::array();
  for (const Edge edge : program.successors_of(number)) {
    const auto to = static_cast<std::uint32_t>(edge.step);
    then.push_back(edge.when_posted != 0 ? Json{{"posted", to}} : Json(to));
  }
  if (!then.empty()) json["then"] = std::move(then);
  return json;
}

Json cut_json(const Cut& cut) {
  Json parts = Json::array();
  for (int number = 0; number < cut.parts(); ++number) {
    const Cut::Part& part = cut.part(number);
    Json one{{"chunks", part.chunks}, {"weight", part.weight}};
    if (part.tiers > 0) one["columns"] = std::vector<int>(part.levels.begin(), part.levels.begin() + part.tiers);
    parts.push_back(std::move(one));
  }
  Json json{{"parts", parts}};
  if (cut.levels() != nullptr) json["levels"] = levels_json(*cut.levels());
  if (cut.is_by_position()) json["by_position"] = true;
  return json;
}

Result<std::uint32_t> number(const JsonValue& value, const char* name, std::uint32_t otherwise) {
  return static_cast<std::uint32_t>(TUTTI_TRY(value.integer_or(name, otherwise, 0, kMost32)));
}

template <typename Enum>
Result<Enum> word(const JsonValue& value, Enum last) {
  const std::string text = TUTTI_TRY(value.text());
  std::string names;
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    if (to_string(static_cast<Enum>(i)) == text) return static_cast<Enum>(i);
    names += fmt::format("{}{}", names.empty() ? "" : ", ", to_string(static_cast<Enum>(i)));
  }
  return value.wrong(fmt::format("\"{}\" is none of {}", text.substr(0, 64), names));
}

Result<Buffer> buffer(const JsonValue& step, const char* name) {
  if (!step.has(name)) return Buffer::none;
  return word(TUTTI_TRY(step.at(name)), Buffer::token);
}

Result<Step> read_step(const JsonValue& value, std::uint32_t ranks) {
  TUTTI_TRY(
      value.is_object({"verb", "peer", "src", "src_first", "src_stride", "dst", "dst_first", "dst_stride", "chunks",
                       "slot", "slots", "own_slot", "arrived_first", "prepare", "final", "in_turn", "then"}));
  Step step;
  step.verb = TUTTI_TRY(word(TUTTI_TRY(value.at("verb")), Verb::wait));
  const auto only = [&](const char* name, bool allowed) -> Status {
    if (value.has(name) && !allowed) return value.wrong(fmt::format("a {} has no \"{}\"", to_string(step.verb), name));
    return {};
  };
  TUTTI_TRY(only("peer", step.moves()));
  TUTTI_TRY(only("src_stride", step.verb == Verb::copy));
  TUTTI_TRY(only("dst_stride", step.verb == Verb::copy));
  TUTTI_TRY(only("slots", step.verb == Verb::reduce));
  TUTTI_TRY(only("own_slot", step.verb == Verb::reduce));
  TUTTI_TRY(only("dst_first", step.verb != Verb::reduce));
  TUTTI_TRY(only("slot", step.verb != Verb::copy));
  step.src = TUTTI_TRY(buffer(value, "src"));
  step.dst = TUTTI_TRY(buffer(value, "dst"));
  step.src_first = TUTTI_TRY(number(value, "src_first", 0));
  step.dst_first = TUTTI_TRY(number(value, "dst_first", 0));
  step.chunks = static_cast<std::uint32_t>(TUTTI_TRY(TUTTI_TRY(value.at("chunks")).integer(0, kMost32)));
  step.slot = TUTTI_TRY(number(value, "slot", 0));
  if (step.moves()) step.peer = to_rank(TUTTI_TRY(TUTTI_TRY(value.at("peer")).integer(0, std::int64_t{ranks} - 1)));
  if (step.verb == Verb::copy) {
    step.peer = to_rank(TUTTI_TRY(value.integer_or("src_stride", 1, 1, INT32_MAX)));
    step.slot = static_cast<std::uint32_t>(TUTTI_TRY(value.integer_or("dst_stride", 1, 1, INT32_MAX)));
  } else if (step.verb == Verb::reduce) {
    step.dst_first = static_cast<std::uint32_t>(TUTTI_TRY(TUTTI_TRY(value.at("slots")).integer(1, kMost32)));
    step.peer = to_rank(TUTTI_TRY(TUTTI_TRY(value.at("own_slot")).integer(0, INT32_MAX)));
  }
  for (const auto& [flag, name] : kFlagNames) {
    if (TUTTI_TRY(value.boolean_or(name, false))) step.flags = static_cast<std::uint8_t>(step.flags | flag);
  }
  return step;
}

Result<Edge> read_edge(const JsonValue& value, std::uint32_t step, std::uint32_t steps) {
  const bool posted = value.has("posted");
  if (posted) TUTTI_TRY(value.is_object({"posted"}));
  const JsonValue target = posted ? TUTTI_TRY(value.at("posted")) : value;
  const auto to = static_cast<std::uint32_t>(TUTTI_TRY(target.integer(0, std::int64_t{steps} - 1)));
  if (to <= step) return value.wrong(fmt::format("step {} does not come after step {}", to, step));
  return Edge{to & 0x7fffffffU, posted ? 1U : 0U};
}

Result<Program> read_program(const JsonValue& value, Program program, const ExchangeLimits& limits) {
  TUTTI_TRY(value.is_object({"rank", "slots", "steps"}));
  const JsonValue rank = TUTTI_TRY(value.at("rank"));
  if (TUTTI_TRY(rank.integer(0, std::int64_t{program.ranks} - 1)) != index(program.self))
    return rank.wrong(fmt::format("is not {}: ranks follow each other", index(program.self)));
  program.slots = static_cast<std::uint32_t>(TUTTI_TRY(value.integer_or("slots", 0, 0, limits.chunks)));
  const auto steps = TUTTI_TRY(TUTTI_TRY(value.at("steps")).items(limits.steps_a_rank));
  for (const JsonValue& step : steps) program.steps.push_back(TUTTI_TRY(read_step(step, program.ranks)));
  const auto count = static_cast<std::uint32_t>(steps.size());
  for (std::uint32_t i = 0; i < count; ++i) {
    Step& step = program.steps[i];
    step.successors = static_cast<std::uint32_t>(program.successors.size());
    for (const Buffer one : {step.src, step.dst}) {
      program.uses_acc = program.uses_acc || one == Buffer::acc;
      program.uses_acc2 = program.uses_acc2 || one == Buffer::acc2;
    }
    if (!steps[i].has("then")) continue;
    for (const JsonValue& edge : TUTTI_TRY(TUTTI_TRY(steps[i].at("then")).items(limits.steps))) {
      program.successors.push_back(TUTTI_TRY(read_edge(edge, i, count)));
      ++program.steps[program.successors.back().step].dependencies;
    }
  }
  program.steps.emplace_back();
  program.steps.back().successors = static_cast<std::uint32_t>(program.successors.size());
  return program;
}

Result<Cut> read_cut(const JsonValue& value, const ExchangeLimits& limits) {
  TUTTI_TRY(value.is_object({"parts", "levels", "by_position"}));
  std::shared_ptr<const Levels> levels;
  if (value.has("levels")) {
    const JsonValue given = TUTTI_TRY(value.at("levels"));
    levels = std::make_shared<const Levels>(TUTTI_TRY(read_levels(given)));
    if (static_cast<std::uint32_t>(levels->ranks()) > limits.ranks) return given.wrong("too many ranks");
  }
  const JsonValue list = TUTTI_TRY(value.at("parts"));
  const auto parts = TUTTI_TRY(list.items(Cut::kMostParts));
  if (parts.empty()) return list.wrong("there must be one part at least");
  const bool by_position = TUTTI_TRY(value.boolean_or("by_position", false));
  if (by_position && (levels == nullptr || levels->in_rank_order()))
    return value.wrong("positions that are ranks need no levels");
  Cut cut(by_position ? nullptr : levels);
  std::uint32_t chunks = 0;
  for (const JsonValue& one : parts) {
    TUTTI_TRY(one.is_object({"chunks", "weight", "columns"}));
    Cut::Part part;
    part.chunks = static_cast<std::uint32_t>(TUTTI_TRY(TUTTI_TRY(one.at("chunks")).integer(1, limits.chunks)));
    part.weight = static_cast<std::uint32_t>(TUTTI_TRY(one.integer_or("weight", 1, 1, 1 << 16)));
    chunks += part.chunks;
    if (chunks > limits.chunks) return list.wrong(fmt::format("more than {} chunks", limits.chunks));
    std::uint64_t columns = 1;
    if (one.has("columns")) {
      const JsonValue columns_of = TUTTI_TRY(one.at("columns"));
      for (const JsonValue& column : TUTTI_TRY(columns_of.items(Levels::kMost))) {
        const auto level = TUTTI_TRY(column.integer(0, (levels == nullptr ? Levels::kMost : levels->depth()) - 1));
        part.levels[part.tiers++] = static_cast<std::uint8_t>(level);
        if (levels == nullptr) continue;  // they number nothing then
        columns *= static_cast<std::uint64_t>(levels->width(static_cast<int>(level)));
        if (columns > limits.chunks) return columns_of.wrong("too many columns");
      }
    }
    if (levels != nullptr && !by_position && columns != part.chunks)
      return one.wrong(fmt::format("{} chunks, but {} columns", part.chunks, columns));
    cut.add(part);
  }
  if (!by_position) return cut;
  if (parts.size() != 1 || chunks != static_cast<std::uint32_t>(levels->ranks()) || cut.part(0).weight != 1)
    return list.wrong("by position, there is one chunk a rank");
  return Cut::by_position(std::move(levels));
}

}  // namespace

std::string write_programs(const ProgramSet& set) {
  const Program& first = set.programs.front();
  std::string text = "{\n";
  const auto field = [&](const char* name, const Json& value) {
    text += fmt::format("  \"{}\": {},\n", name, value.dump());
  };
  field("schema", "tutti.program/1");
  field("name", set.name);
  field("collective", to_string(first.collective));
  field("ranks", first.ranks);
  field("root", index(first.root));
  field("segments", first.segments);
  field("cut", cut_json(first.cut));
  field("scratch", first.scratch);
  if (first.packed) field("packed", true);
  if (first.widened) field("widened", true);
  text += "  \"programs\": [";
  for (std::size_t rank = 0; rank < set.programs.size(); ++rank) {  // a line a step
    const Program& program = set.programs[rank];
    text +=
        fmt::format("{}\n    {{\"rank\": {}, \"slots\": {}, \"steps\": [", rank == 0 ? "" : ",", rank, program.slots);
    for (std::uint32_t i = 0; i < program.size(); ++i)
      text += fmt::format("{}\n      {}", i == 0 ? "" : ",", step_json(program, i).dump());
    text += "]}";
  }
  return text + "\n  ]\n}\n";
}

Result<ProgramSet> read_programs(std::string_view text) {
  const ExchangeLimits limits;
  const nlohmann::json json = TUTTI_TRY(parse_json(text, limits));
  const JsonValue root = TUTTI_TRY(document(json, "tutti.program/1"));
  TUTTI_TRY(root.is_object({"schema", "name", "collective", "ranks", "root", "segments", "cut", "scratch", "packed",
                            "widened", "programs"}));
  ProgramSet set;
  if (root.has("name")) set.name = TUTTI_TRY(TUTTI_TRY(root.at("name")).text());
  const JsonValue name = TUTTI_TRY(root.at("collective"));
  const auto collective = parse_collective(TUTTI_TRY(name.text()));
  if (!collective) return name.wrong("there is no such collective");
  Program common;
  common.collective = *collective;
  common.ranks = static_cast<std::uint32_t>(TUTTI_TRY(TUTTI_TRY(root.at("ranks")).integer(1, limits.ranks)));
  common.root = to_rank(TUTTI_TRY(root.integer_or("root", 0, 0, std::int64_t{common.ranks} - 1)));
  common.segments = static_cast<std::uint32_t>(TUTTI_TRY(root.integer_or("segments", 1, 1, limits.chunks)));
  const JsonValue cut = TUTTI_TRY(root.at("cut"));
  common.cut = TUTTI_TRY(read_cut(cut, limits));
  common.chunks = common.cut.chunks();
  if (std::uint64_t{common.chunks} * common.segments > limits.chunks)
    return cut.wrong(fmt::format("more than {} chunks in all segments", limits.chunks));
  common.scratch = static_cast<std::uint32_t>(TUTTI_TRY(root.integer_or("scratch", 0, 0, limits.chunks)));
  common.packed = TUTTI_TRY(root.boolean_or("packed", false));
  common.widened = TUTTI_TRY(root.boolean_or("widened", false));
  const JsonValue list = TUTTI_TRY(root.at("programs"));
  const auto programs = TUTTI_TRY(list.items(limits.ranks));
  if (programs.size() != common.ranks)
    return list.wrong(fmt::format("{} programs of {} ranks", programs.size(), common.ranks));
  std::uint64_t steps = 0;
  for (std::size_t rank = 0; rank < programs.size(); ++rank) {
    common.self = to_rank(static_cast<std::int64_t>(rank));
    set.programs.push_back(TUTTI_TRY(read_program(programs[rank], common, limits)));
    steps += set.programs.back().size();
    if (steps > limits.steps) return list.wrong(fmt::format("more than {} steps", limits.steps));
  }
  return set;
}

}  // namespace tutti::plan
