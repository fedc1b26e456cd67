#include "tools/plan/picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "plan/way.hpp"
#include "tools/plan/messages.hpp"
#include "tools/plan/shares.hpp"
#include "tools/text/figures.hpp"
#include "topology/render/sheet.hpp"

namespace tutti::explain {
namespace {

using render::colour;
using render::Sheet;

constexpr double kHead = 78;  // above the drawing: title and legend
constexpr std::uint32_t kMostRounds = 96;
constexpr std::array<std::string_view, 4> kDashes = {"", "7 4", "2 3", "9 3 2 3"};

std::string title_of(const Answer& answer) {
  const plan::Plan& plan = answer.plan();
  return fmt::format("{}: {} on {} ranks{}", to_string(plan.collective), way_of(plan), plan.ranks(),
                     plan.levels->depth() > 1 ? fmt::format(" ({})", plan.levels->describe()) : "");
}

std::string subtitle_of(const Answer& answer) {
  const std::uint32_t rounds = rounds_of(answer.plan());
  return fmt::format("{} round{}, {} segment{}; predicted {} for {}, {} of the bound", rounds, rounds == 1 ? "" : "s",
                     answer.plan().segments, answer.plan().segments == 1 ? "" : "s",
                     text::time(answer.selection.cost.total_us), text::bytes(answer.bytes),
                     text::per_cent(answer.fraction()));
}

// What stands between semicolons.
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find("; ", begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 2;
  }
  return lines;
}

// Messages as lines from the rank that sends, at the top of a round, to the one that receives, at its end.
class Rounds {
 public:
  explicit Rounds(const Answer& answer)
      : answer_(answer),
        plan_(answer.plan()),
        messages_(messages_of(plan_)),
        legs_(legs_of(plan_, answer.bytes, answer.world.fabric)),
        rounds_(rounds_of(plan_)) {
    column_ = std::clamp(760.0 / plan_.ranks(), 15.0, 76.0);
    line_ = std::clamp(1100.0 / std::max(1U, rounds_), 32.0, plan_.ranks() > kMostPlainRanks ? 90.0 : 62.0);
    for (const Message& message : messages_) largest_ = std::max(largest_, message.share);
  }

  std::string draw() {
    nodes();
    for (std::uint32_t round = 0; round <= rounds_; ++round) level_of_time(round);
    std::stable_partition(messages_.begin(), messages_.end(),
                          [&](const Message& message) { return message.from != followed_rank(); });
    for (const Message& message : messages_) draw(message);
    for (std::uint32_t round = 0; round <= rounds_; ++round) dots(round);
    ranks();
    sheet_.write(kLeft, 22, title_of(answer_), {.size = 15, .bold = true});
    sheet_.write(kLeft, 40, subtitle_of(answer_), {.size = 12, .colour = "#666666"});
    legend();
    return sheet_.document(std::max(right() + kRight, 640.0), bottom() + 24, title_of(answer_));
  }

 private:
  static constexpr std::int32_t kMostPlainRanks = 16;
  static constexpr double kLeft = 62;
  static constexpr double kRight = 250;
  static constexpr double kTop = kHead + 24;

  [[nodiscard]] double x(std::int32_t rank) const {
    return kLeft + column_ * (plan_.levels->position_of(Rank{rank}) + 0.5);
  }
  [[nodiscard]] double y(std::uint32_t round) const { return kTop + line_ * round; }
  [[nodiscard]] double right() const { return kLeft + column_ * plan_.ranks(); }
  [[nodiscard]] double bottom() const { return y(rounds_) + 10; }
  [[nodiscard]] bool by_level() const { return plan_.levels->depth() > 1; }

  // Grey behind every other group of the innermost level.
  void nodes() {
    if (!by_level()) return;
    const topology::Levels& levels = *plan_.levels;
    for (std::int32_t group = 0; group < levels.groups(0); group += 1) {
      const auto of_group = levels.group(0, group);
      if (group % 2 == 0)
        sheet_.box(kLeft + column_ * of_group.first, kTop - 20, column_ * of_group.size, bottom() - kTop + 20,
                   "#f1f1f1", 4);
    }
  }

  void level_of_time(std::uint32_t round) {
    sheet_.line(kLeft, y(round), right(), y(round), {.colour = "#dddddd", .width = 0.8});
    if (round == rounds_) return;
    sheet_.write(kLeft - 10, y(round) + line_ / 2 + 4, fmt::format("{}", round),
                 {.size = 11, .anchor = "end", .colour = "#888888"});
    const std::string stage = stage_of(legs_, round, plan_.levels->depth());
    if (stage != stage_) {
      double line = y(round) + 4;
      for (const auto& leg : lines_of(stage)) {
        sheet_.write(right() + 12, line, leg, {.size = 11});
        line += 14;
      }
      sheet_.line(right(), y(round), right() + 8, y(round), {.colour = "#888888"});
    }
    stage_ = stage;
  }

  // Where lines are dense, those of one rank stand out, so that the eye can follow it.
  void draw(const Message& message) {
    const bool dense = plan_.ranks() > kMostPlainRanks;
    const bool followed = dense && message.from == followed_rank();
    const double thick = largest_ > 0 ? std::sqrt(message.share / largest_) : 0.3;
    const Sheet::Style style{
        .colour = colour(by_level() ? message.level : message.stripe),
        .width = dense && !followed ? 0.5 + 0.5 * thick : 1.0 + 2.0 * thick,
        .dash = by_level() ? kDashes.at(static_cast<std::size_t>(message.stripe) % kDashes.size()) : "",
        .opacity = dense && !followed ? 0.4 : 0.9};
    sheet_.arrow(x(message.from), y(message.round) + 3, x(message.to), y(message.round + 1) - 3, style);
  }
  [[nodiscard]] std::int32_t followed_rank() const { return has_root(plan_.collective) ? index(plan_.root) : 0; }

  void dots(std::uint32_t round) {
    for (std::int32_t rank = 0; rank < plan_.ranks(); ++rank)
      sheet_.dot(x(rank), y(round), std::min(3.0, column_ / 6),
                 has_root(plan_.collective) && Rank{rank} == plan_.root ? "#000000" : "#999999");
  }

  void ranks() {
    const std::int32_t every = column_ < 18 ? 2 : 1;
    for (std::int32_t rank = 0; rank < plan_.ranks(); rank += every)
      sheet_.write(x(rank), kTop - 8, std::to_string(rank), {.size = column_ < 18 ? 9.0 : 11.0, .anchor = "middle"});
    sheet_.write(kLeft - 10, kTop - 8, "rank", {.size = 11, .anchor = "end", .colour = "#888888"});
    sheet_.write(kLeft - 10, kTop + 8, "round", {.size = 11, .anchor = "end", .colour = "#888888"});
  }

  void legend() {
    double at = kLeft;
    const auto entry = [&](const std::string& text, const Sheet::Style& style) {
      sheet_.line(at, 58, at + 26, 58, style);
      sheet_.write(at + 32, 62, text, {.size = 11});
      at += 48 + 6.2 * static_cast<double>(text.size());
    };
    if (by_level()) {
      for (int level = 0; level < plan_.levels->depth(); ++level)
        entry(level == 0 ? "within level 0 (grey: its groups)" : fmt::format("level {}", level),
              {.colour = colour(level), .width = 2.5});
    }
    for (int stripe = 0; plan_.ways > 1 && stripe < plan_.ways; ++stripe) {
      entry(fmt::format("stripe {} ({})", stripe, text::per_cent(share_of(plan_, stripe))),
            {.colour = by_level() ? "#333333" : colour(stripe),
             .width = 2.5,
             .dash = by_level() ? kDashes.at(static_cast<std::size_t>(stripe) % kDashes.size()) : ""});
    }
    if (!by_level() && plan_.ways == 1) entry("a message", {.colour = colour(0), .width = 2.5});
    std::string rest = "thick: a larger part of the vector";
    if (plan_.ranks() > kMostPlainRanks) rest += fmt::format("; rank {}'s messages stand out", followed_rank());
    sheet_.write(at, 62, rest, {.size = 11, .colour = "#888888"});
  }

  const Answer& answer_;
  const plan::Plan& plan_;
  std::vector<Message> messages_;
  std::vector<Leg> legs_;
  std::uint32_t rounds_;
  double column_ = 0;
  double line_ = 0;
  double largest_ = 0;
  std::string stage_;
  Sheet sheet_;
};

// Each stripe as a row of bars, one a leg, in order of time: as long as the bytes are many, on a scale of powers of
// two.
std::string draw_tiers(const Answer& answer) {
  constexpr double kLine = 44;
  constexpr double kLeft = 40;
  constexpr double kLongest = 420;
  const plan::Plan& plan = answer.plan();
  const auto legs = legs_of(plan, answer.bytes, answer.world.fabric);
  double most = 1;
  for (const Leg& leg : legs) most = std::max(most, leg.bytes);
  Sheet sheet;
  sheet.write(kLeft, 22, title_of(answer), {.size = 15, .bold = true});
  sheet.write(kLeft, 40, subtitle_of(answer), {.size = 12, .colour = "#666666"});
  sheet.write(kLeft, 60,
              "a bar is what the busiest rank sends in one leg of the way; twice the length: the square of the bytes",
              {.size = 11, .colour = "#888888"});
  double y = kHead;
  int stripe = -1;
  for (const Leg& leg : legs) {
    if (leg.stripe != stripe) {
      stripe = leg.stripe;
      y += 20;
      sheet.write(kLeft, y,
                  plan.ways > 1
                      ? fmt::format("stripe {}: {} of the vector", stripe, text::per_cent(share_of(plan, stripe)))
                      : std::string("all of the vector"),
                  {.size = 13, .bold = true});
      y += 12;
    }
    const std::string name = fmt::format("{} level {}: {}", leg.down ? "down" : "up", leg.level, leg.algorithm);
    const double shortest = 16 + 7.4 * static_cast<double>(name.size());
    const double length =
        std::max(shortest, kLongest * std::log2(std::max(2.0, leg.bytes)) / std::log2(std::max(2.0, most)));
    const double indent = 22.0 * leg.level;
    sheet.box(kLeft + indent, y, length, kLine - 18, colour(leg.level), 4);
    sheet.write(kLeft + indent + 8, y + 17, name, {.size = 12, .colour = "#ffffff", .bold = true});
    sheet.write(
        kLeft + indent + length + 12, y + 17,
        fmt::format("{}, {} round{}, {:.0f} message{}, groups of {}", text::bytes(leg.bytes), leg.rounds,
                    leg.rounds == 1 ? "" : "s", std::ceil(leg.messages), leg.messages == 1 ? "" : "s", leg.width),
        {.size = 12});
    y += kLine - 8;
  }
  return sheet.document(900, y + 20, title_of(answer));
}

}  // namespace

std::string draw(const Answer& answer) {
  if (answer.plan().ranks() > kMostDrawnRanks || rounds_of(answer.plan()) > kMostRounds) return draw_tiers(answer);
  return Rounds(answer).draw();
}

}  // namespace tutti::explain
