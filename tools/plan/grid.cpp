#include "tools/plan/grid.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "tools/text/figures.hpp"
#include "tools/text/table.hpp"

namespace tutti::explain {
namespace {

constexpr std::size_t kMostNames = 3;  // of peers in a cell

std::string cell(const std::vector<std::int32_t>& peers) {
  if (peers.empty()) return ".";
  if (peers.size() > kMostNames) return fmt::format("->*{}", peers.size());
  return fmt::format("->{}", fmt::join(peers, ","));
}

}  // namespace

std::string draw_rounds(const plan::Plan& plan, const std::vector<Leg>& legs) {
  const auto ranks = static_cast<std::size_t>(plan.ranks());
  std::vector<std::vector<std::vector<std::int32_t>>> peers;  // by round, by rank
  for (const Message& message : messages_of(plan)) {
    if (message.round >= peers.size()) peers.resize(message.round + 1, std::vector<std::vector<std::int32_t>>(ranks));
    peers[message.round][static_cast<std::size_t>(message.from)].push_back(message.to);
  }
  std::vector<text::Row> rows;
  text::Row head{"round"};
  std::string alignment = "r";
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    head.push_back(std::to_string(rank));
    alignment += 'l';
  }
  head.emplace_back("");
  alignment += 'l';
  rows.push_back(head);
  for (std::size_t round = 0; round < peers.size(); ++round) {
    text::Row row{std::to_string(round)};
    for (const auto& to : peers[round]) row.push_back(cell(to));
    row.push_back(stage_of(legs, static_cast<std::uint32_t>(round), plan.levels->depth()));
    rows.push_back(row);
  }
  return text::table(rows, alignment);
}

std::string draw_legs(const plan::Plan& plan, const std::vector<Leg>& legs) {
  std::vector<text::Row> rows{{"stripe", "", "level", "what", "units", "rounds", "messages", "bytes"}};
  for (const Leg& leg : legs) {
    rows.push_back(
        {plan.ways > 1 ? fmt::format("{} ({})", leg.stripe, text::per_cent(share_of(plan, leg.stripe))) : "all",
         leg.down ? "down" : "up", std::to_string(leg.level), leg.algorithm, std::to_string(leg.width),
         fmt::format("{}..{}", leg.first_round, leg.first_round + leg.rounds - (leg.rounds > 0 ? 1 : 0)),
         fmt::format("{:.0f}", std::ceil(leg.messages)), text::bytes(leg.bytes)});
  }
  return text::table(rows, "llrlrrrr");
}

}  // namespace tutti::explain
