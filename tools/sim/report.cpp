#include "tools/sim/report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "base/bytes.hpp"
#include "plan/way.hpp"
#include "tools/text/figures.hpp"
#include "tools/text/table.hpp"

namespace tutti::predict {
namespace {

std::string head(const Question& question, const Rehearsal& rehearsal) {
  const Setting& setting = rehearsal.setting;
  const topology::Fabric& fabric = setting.fabric;
  std::string text =
      fmt::format("{} on {} ranks{}, {}: links {}{}\n{}", to_string(rehearsal.query.collective), fabric.ranks(),
                  setting.world.description ? " of " + setting.world.name : std::string(), fabric.levels->describe(),
                  to_string(fabric.provenance), setting.world.assumption.empty() ? "" : "; " + setting.world.assumption,
                  world::describe_links(fabric));
  std::vector<std::string> changes;
  for (const std::string& what : question.failures) changes.push_back("without " + what);
  for (const std::string& what : question.stragglers) changes.push_back("straggler " + what);
  for (const std::string& what : question.oversubscribed) changes.push_back("oversubscribed " + what);
  if (question.routing != "ideal") changes.push_back("routing " + question.routing);
  if (question.chance.skew_us > 0)
    changes.push_back(fmt::format("ranks begin within {:g} us", question.chance.skew_us));
  if (question.chance.noise > 0) changes.push_back(fmt::format("noise of {:g}", question.chance.noise));
  if (!changes.empty()) text += fmt::format("  {}\n", fmt::join(changes, ", "));
  return text + "\n";
}

std::string name_of(const Row& row) {
  std::string name = way_of(row.plan);
  if (row.plan.segments > 1) name += fmt::format("/{}", row.plan.segments);
  if (row.wanted_segments > 0) name += fmt::format(" (planned with {} segments)", row.wanted_segments);
  return row.replanned ? name + " (planned anew)" : name;
}

}  // namespace

std::string report(const Question& question, const Rehearsal& rehearsal, double wall_ms) {
  const bool several = question.samples > 1;
  const bool fails = rehearsal.setting.fails;
  text::Row titles{"bytes", "time"};
  std::string alignment = "rr";
  const auto add_column = [&](text::Row& row, std::string cell) { row.push_back(std::move(cell)); };
  const auto add_title = [&](const char* title, char side) {
    titles.emplace_back(title);
    alignment += side;
  };
  if (several) add_title("p99", 'r');
  if (fails) {
    add_title("unbroken", 'r');
    add_title("slower", 'r');
  }
  for (const char* title : {"algbw GB/s", "busbw GB/s", "bound", "of bound", "rounds", "predicted", "classes"})
    add_title(title, 'r');
  add_title("way", 'l');
  std::vector<text::Row> rows{titles};
  for (const Row& row : rehearsal.rows) {
    text::Row cells{to_string(Bytes{row.bytes}), text::time(row.time_us)};
    if (several) add_column(cells, text::time(row.p99_us));
    if (fails) {
      add_column(cells, text::time(row.healthy_us));
      add_column(cells, fmt::format("{:.3g} x", row.healthy_us > 0 ? row.time_us / row.healthy_us : 1));
    }
    add_column(cells, fmt::format("{:.4g}", row.algbw_GBps));
    add_column(cells, fmt::format("{:.4g}", row.busbw_GBps));
    add_column(cells, text::time(row.bound_us));
    add_column(cells, text::per_cent(row.fraction()));
    add_column(cells, std::to_string(row.rounds));
    add_column(cells, text::time(row.predicted_us));
    add_column(cells, std::to_string(row.outcome.classes));
    add_column(cells, name_of(row));
    rows.push_back(std::move(cells));
  }
  return head(question, rehearsal) + text::table(rows, alignment) +
         fmt::format("\n  simulated in {}\n", text::time(wall_ms * 1e3)) +
         world::describe_assumed(rehearsal.setting.world);
}

}  // namespace tutti::predict
