#include "tools/sim/moe_report.hpp"

#include <fmt/format.h>

#include "tools/text/figures.hpp"
#include "tools/text/table.hpp"

namespace tutti::predict {
namespace {

using Json = nlohmann::ordered_json;

}  // namespace

std::string report(const MoeQuestion& question, const Moe& moe) {
  const topology::Fabric& fabric = moe.group.fabric;
  std::vector<text::Row> rows{
      {"routing", "route", "dispatch", "combine", "between nodes", "busiest rank", "bound", "of bound"}};
  for (const MoeRow& row : moe.rows)
    rows.push_back({row.routing, row.route, text::time(row.dispatch_us), text::time(row.combine_us),
                    text::bytes(row.node_bytes), fmt::format("{:.2f} x", row.busiest), text::time(row.bound_us),
                    text::per_cent(row.fraction())});
  return fmt::format("{} tokens a rank of {} {}, to {} of {} experts on {} ranks{}, {} nodes\n{}\n", question.tokens,
                     question.hidden, question.type, question.topk, question.experts, fabric.ranks(),
                     moe.group.world.name.empty() ? std::string() : " of " + moe.group.world.name, moe.nodes,
                     world::describe_links(fabric)) +
         text::table(rows, "llrrrrrr");
}

Json document_of(const MoeQuestion& question, const Moe& moe, double wall_ms) {
  Json document = {{"schema", "tutti.sim_moe/1"},    {"ranks", moe.group.fabric.ranks()}, {"nodes", moe.nodes},
                   {"fabric", moe.group.world.name}, {"tokens", question.tokens},         {"hidden", question.hidden},
                   {"datatype", question.type},      {"experts", question.experts},       {"topk", question.topk},
                   {"rows", Json::array()}};
  for (const MoeRow& row : moe.rows)
    document["rows"].push_back({{"routing", row.routing},
                                {"route", row.route},
                                {"dispatch_us", row.dispatch_us},
                                {"combine_us", row.combine_us},
                                {"node_bytes", row.node_bytes},
                                {"busiest", row.busiest},
                                {"bound_us", row.bound_us},
                                {"frac", row.fraction()}});
  document["wall_ms"] = wall_ms;
  return document;
}

}  // namespace tutti::predict
