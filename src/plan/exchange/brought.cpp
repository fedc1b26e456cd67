#include "plan/exchange/brought.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "plan/exchange/exchange.hpp"
#include "plan/exchange/json_reader.hpp"
#include "plan/exchange/msccl.hpp"
#include "plan/verify/verify.hpp"

namespace tutti::plan {
namespace {

Brought::Form form_of(const Status& proven, std::vector<Program> programs) {
  if (!proven) return {.programs = {}, .why_not = proven.error().text};
  return {.programs = std::move(programs), .why_not = {}};
}

Brought::Form form_of(Result<std::vector<Program>> proven) {
  if (!proven) return {.programs = {}, .why_not = std::move(proven).error().text};
  return {.programs = std::move(proven).value(), .why_not = {}};
}

// Programs that the verifier accepts for both kinds of buffers are used for both.
Result<Brought> from_programs(std::string_view text) {
  ProgramSet set = TUTTI_TRY(read_programs(text));
  const Program& first = set.programs.front();
  if (first.widened)
    return Error{Code::unsupported,
                 "/widened: programs that convert partial results are made by Tutti from a tutti.plan/1 document only"};
  const std::uint32_t total = first.chunks;
  for (const Program& one : set.programs) {
    const std::uint32_t needed = (one.uses_acc ? 1U : 0U) + (one.uses_acc2 ? 1U : 0U) + (one.slots + total - 1) / total;
    if (first.scratch < needed)
      return Error{Code::invalid_argument,
                   fmt::format("/scratch: rank {} uses scratch memory of {} times the vector, but {} are announced",
                               index(one.self), needed, first.scratch)};
  }
  Brought brought{.name = set.name.empty() ? "program" : set.name,
                  .collective = first.collective,
                  .ranks = static_cast<std::int32_t>(first.ranks),
                  .root = first.root,
                  .plan = {},
                  .separate = {},
                  .in_place = {},
                  .staged = {}};
  const Status separate = verify(set.programs, {});
  const Status same = verify(set.programs, {.in_place = true});
  if (!separate && !same) return separate.error();
  brought.keeps_rank_order = is_reduction(first.collective) &&
                             (!separate || verify(set.programs, {.in_rank_order = true})) &&
                             (!same || verify(set.programs, {.in_place = true, .in_rank_order = true}));
  brought.in_place = form_of(same, set.programs);
  brought.staged.why_not = "it does not convert partial results";
  brought.separate = form_of(separate, std::move(set.programs));
  return brought;
}

Result<std::vector<Program>> proven(const msccl::Algo& algo, msccl::Form form, bool in_place) {
  auto programs = TUTTI_TRY(msccl::lower(algo, form));
  TUTTI_TRY(verify(programs, {.in_place = in_place}));
  return programs;
}

Result<Brought> from_msccl(std::string_view text) {
  const msccl::Algo algo = TUTTI_TRY(msccl::parse(text));
  Brought brought{.name = algo.name.empty() ? "msccl" : algo.name,
                  .collective = algo.collective,
                  .ranks = static_cast<std::int32_t>(algo.ranks()),
                  .least_bytes = algo.least_bytes,
                  .most_bytes = algo.most_bytes,
                  .plan = {},
                  .separate = {},
                  .in_place = {},
                  .staged = {}};
  brought.separate.programs = TUTTI_TRY(proven(algo, msccl::Form::direct, false));
  auto in_place = proven(algo, msccl::Form::in_place, true);
  if (!in_place) in_place = proven(algo, msccl::Form::staged, true);  // chunks would wait for each other's places
  brought.in_place = form_of(std::move(in_place));
  if (!is_reduction(algo.collective)) return brought;
  auto staged = proven(algo, msccl::Form::staged, false);
  if (staged) {
    if (const Status same = verify(*staged, {.in_place = true}); !same) staged = same.error();
  }
  brought.staged = form_of(std::move(staged));
  return brought;
}

// The verifier goes through the steps of all ranks: of huge worlds the template is proven on its own.
Result<Brought> from_plan(std::string_view text) {
  Plan plan = TUTTI_TRY(read_plan(text));
  if (plan.ranks() <= static_cast<std::int32_t>(ExchangeLimits{}.ranks)) TUTTI_TRY(verify(plan, {}));
  Brought brought{.name = way_of(plan),
                  .collective = plan.collective,
                  .ranks = plan.ranks(),
                  .root = plan.root,
                  .plan = {},
                  .separate = {},
                  .in_place = {},
                  .staged = {}};
  brought.plan = std::move(plan);
  return brought;
}

}  // namespace

Result<Brought> read_brought(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return Error{Code::invalid_argument, "there is nothing in it"};
  if (text[begin] == '<') return from_msccl(text);
  const nlohmann::json json = TUTTI_TRY(parse_json(text));
  const JsonValue schema = TUTTI_TRY(JsonValue(json, "").at("schema"));
  const std::string name = TUTTI_TRY(schema.text());
  if (name == "tutti.plan/1") return from_plan(text);
  if (name == "tutti.program/1") return from_programs(text);
  return schema.wrong(fmt::format("\"{}\" where \"tutti.plan/1\" or \"tutti.program/1\" is expected", name));
}

BroughtUse use_for(const Brought& brought, const Query& query, bool in_place) {
  const auto bytes = static_cast<std::uint64_t>(total_bytes(query, brought.ranks));
  const auto no = [](std::string why) { return BroughtUse{.why_not = std::move(why)}; };
  if (query.own_lengths_only) return no("its blocks are of one length");
  if (has_root(query.collective) && query.root != brought.root)
    return no(fmt::format("its root is {}", index(brought.root)));
  if (bytes < brought.least_bytes || (brought.most_bytes > 0 && bytes > brought.most_bytes))
    return no("it is for calls of another size");
  if (is_reduction(query.collective)) {
    if (query.deterministic) return no("TUTTI_DETERMINISTIC: it reduces in an order of its own");
    if (!query.commutative && !brought.keeps_rank_order) return no("needs a commutative operator");
    const bool widened =
        query.op == ReduceOp::premul_sum || (query.op != ReduceOp::user && is_low_precision(query.type));
    if (widened || query.op == ReduceOp::avg) {
      if (brought.staged.programs.empty())
        return no(
            fmt::format("this type or operator needs partial results that are converted: {}", brought.staged.why_not));
      return {.programs = &brought.staged.programs, .widened = widened, .why_not = {}};
    }
  }
  const Brought::Form& form = in_place ? brought.in_place : brought.separate;
  if (form.programs.empty())
    return no(fmt::format("it is {}: {}", in_place ? "not right in place" : "right in place only", form.why_not));
  return {.programs = &form.programs, .why_not = {}};
}

std::uint64_t hash_of(std::string_view text) {  // FNV-1a
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

}  // namespace tutti::plan
