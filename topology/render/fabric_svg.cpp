#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "topology/fabric/described.hpp"
#include "topology/render/fabric.hpp"
#include "topology/render/sheet.hpp"

namespace tutti::render {
namespace {

using topology::Description;
using topology::LevelDescription;
using topology::Provenance;
using topology::Quantity;

constexpr double kLeft = 30;
constexpr double kWords = 250;   // where units begin: words stand to their left
constexpr double kRight = 1010;  // where they end
constexpr double kTop = 84;      // title
constexpr double kRow = 176;     // of a level
constexpr double kNetwork = 26;  // height of a network's bar
constexpr double kUnit = 40;     // height of a unit's box
constexpr std::int32_t kMostUnits = 8;
constexpr int kMostLines = 8;  // that stand for rails
constexpr std::string_view kRed = "#c1121f";
constexpr std::string_view kGrey = "#777777";
constexpr std::string_view kInk = "#222222";

std::string with_origin(const Quantity& quantity, std::string_view unit) {
  return fmt::format("{:g}{}{}", quantity.value, unit, quantity.provenance == Provenance::assumed ? " (assumed)" : "");
}

std::string count_of(const Quantity& quantity, std::string_view one) {
  return quantity.value > 1 ? fmt::format(", {:g} {}s", quantity.value, one) : std::string();
}

std::string plural(const std::string& word, std::int32_t count) {
  if (count == 1) return word;
  const bool hisses = word.ends_with("s") || word.ends_with("x") || word.ends_with("ch") || word.ends_with("sh");
  return word + (hisses ? "es" : "s");
}

class Drawing {
 public:
  explicit Drawing(const Description& description) : description_(description) {}

  std::string draw() {
    const auto depth = description_.levels.size();
    title();
    for (std::size_t row = 0; row < depth; ++row) level(depth - 1 - row, kTop + kRow * static_cast<double>(row));
    const double end = kTop + kRow * static_cast<double>(depth);
    legend(end + 6);
    return sheet_.document(kRight + kLeft, end + 40, description_.name);
  }

 private:
  void title() {
    sheet_.write(kLeft, 30, fmt::format("{}: {} ranks", description_.name, description_.ranks()),
                 {.size = 20, .colour = kInk, .bold = true});
    std::string text = description_.about.substr(0, 170);
    if (text.size() < description_.about.size()) text += " ...";
    sheet_.write(kLeft, 54, text, {.size = 12, .colour = kGrey});
  }

  // How many boxes a row has, and where they are: the last stands for the last unit where some are left out.
  struct Boxes {
    std::int32_t units = 0;
    std::int32_t shown = 0;
    double width = 0;
    [[nodiscard]] double x(std::int32_t box) const { return kWords + width * box; }
  };
  [[nodiscard]] Boxes boxes(std::size_t level) const {
    Boxes all;
    all.units = description_.levels[level].runs.front().size;
    all.shown = std::min(all.units, kMostUnits);
    all.width = (kRight - kWords) / all.shown;
    return all;
  }
  [[nodiscard]] static std::int32_t unit_at(const Boxes& all, std::int32_t box) {
    return box == all.shown - 1 ? all.units - 1 : box;
  }

  void level(std::size_t number, double y) {
    const LevelDescription& level = description_.levels[number];
    const bool narrow = level.oversubscription.value > 1;
    const Boxes all = boxes(number);
    sheet_.box(kWords - 8, y, kRight - kWords + 16, kRow - 40,
               number < description_.node_levels ? "#eef6ee" : "#f3f5f9", 8);
    words(number, y, all);
    const double bar = y + 12;
    sheet_.box(kWords, bar, kRight - kWords, kNetwork, narrow ? kRed : "#33415c", 6);
    sheet_.write((kWords + kRight) / 2, bar + 17, network_of(level),
                 {.size = 12, .anchor = "middle", .colour = "#ffffff", .bold = true});
    const double top = bar + kNetwork + 34;
    for (std::int32_t box = 0; box < all.shown; ++box) {
      const double x = all.x(box);
      lines(level, x + all.width / 2, bar + kNetwork, top, all.width);
      sheet_.box(x + 5, top, all.width - 10, kUnit, number == 0 ? "#ffd166" : "#cfd8e6", 5);
      unit(number, unit_at(all, box), x + all.width / 2, top);
      if (all.units > all.shown && box == all.shown - 2)
        sheet_.write(x + all.width, top + kUnit / 2 + 5, "...",
                     {.size = 16, .anchor = "middle", .colour = kInk, .bold = true});
    }
    if (number > 0) zoom(all, top + kUnit, y + kRow);
  }

  // What one box holds is drawn below.
  void zoom(const Boxes& all, double from, double to) {
    const Sheet::Style style{.colour = "#9aa5b8", .width = 1, .dash = "4 4"};
    sheet_.line(all.x(0) + 5, from, kWords - 8, to + 4, style);
    sheet_.line(all.x(0) + all.width - 5, from, kRight + 8, to + 4, style);
  }

  // One line a rail; thin and red where they are too few for what the ranks can send.
  void lines(const LevelDescription& level, double x, double from, double to, double width) {
    const int count = std::clamp(static_cast<int>(level.rails.value), 1, kMostLines);
    const double room = std::min(width * 0.6, 64.0);
    for (int line = 0; line < count; ++line) {
      const double at = count == 1 ? x : x - room / 2 + room * line / (count - 1);
      const bool narrow = level.oversubscription.value > 1;
      sheet_.line(
          at, from, at, to,
          {.colour = narrow ? kRed : colour(line), .width = count == 1 ? 4.0 : 2.5, .dash = narrow ? "5 3" : ""});
    }
  }

  void unit(std::size_t level, std::int32_t unit, double x, double y) {
    const std::string name = unit_of(description_, level);
    sheet_.write(x, y + 17, fmt::format("{} {}", name, unit),
                 {.size = 11, .anchor = "middle", .colour = kInk, .bold = true});
    if (level == 0) return;
    std::int32_t first = unit;
    std::int32_t end = unit + 1;
    for (std::size_t inner = level; inner-- > 0;) {
      first = first_unit(inner, first);
      end = first_unit(inner, end);
    }
    sheet_.write(x, y + 32, fmt::format("{}..{}", first, end - 1),
                 {.size = 10, .anchor = "middle", .colour = "#444444"});
  }

  // The first unit of a group.
  [[nodiscard]] std::int32_t first_unit(std::size_t level, std::int32_t group) const {
    std::int32_t unit = 0;
    for (const topology::GroupRun& run : description_.levels[level].runs) {
      const std::int32_t before = std::min(run.groups, group);
      unit += before * run.size;
      group -= before;
    }
    return unit;
  }

  static std::string network_of(const LevelDescription& level) {
    return fmt::format("{}{}{}{}", to_string(level.kind), count_of(level.rails, "rail"),
                       count_of(level.planes, "plane"), level.in_network_reduction ? ", can reduce" : "");
  }

  void words(std::size_t number, double y, const Boxes& all) {
    const LevelDescription& level = description_.levels[number];
    std::int32_t groups = 0;
    for (const topology::GroupRun& run : level.runs) groups += run.groups;
    sheet_.write(kLeft, y + 22, level.name, {.size = 16, .colour = kInk, .bold = true});
    double at = y + 42;
    const auto line = [&](const std::string& text, std::string_view ink, bool bold) {
      sheet_.write(kLeft, at, text, {.size = 12, .colour = ink, .bold = bold});
      at += 17;
    };
    line(fmt::format("{} {} of {} {}{}", groups, plural(level.name, groups), all.units,
                     plural(unit_of(description_, number), all.units), level.runs.size() > 1 ? ", uneven" : ""),
         kInk, false);
    line(with_origin(level.up_GBps, " GB/s a rank"), kInk, true);
    if (level.down_GBps.value != level.up_GBps.value) line(with_origin(level.down_GBps, " GB/s down"), kInk, true);
    line(with_origin(level.latency_us, " us"), kInk, false);
    if (const std::string narrow = narrowness(level); !narrow.empty()) {
      line(narrow, kRed, true);
      line(fmt::format("{:.3g} GB/s a rank when all send", description_.cut_GBps(number)), kRed, false);
    }
    if (number + 1 == description_.node_levels) line("shares memory", "#2a7a2a", false);
  }

  void legend(double y) {
    sheet_.write(
        kLeft, y + 14,
        "Each row shows what the first box of the row above holds. A line is a rail. Red: what leads out of a box "
        "carries less than its ranks can send. Green: ranks that share memory.",
        {.size = 11, .colour = kGrey});
  }

  const Description& description_;
  Sheet sheet_;
};

}  // namespace

std::string narrowness(const LevelDescription& level) {
  return level.oversubscription.value > 1 ? fmt::format("{:g}:1 oversubscribed", level.oversubscription.value)
                                          : std::string();
}

std::string unit_of(const Description& description, std::size_t level) {
  return level == 0 ? "rank" : description.levels[level - 1].name;
}

std::string fabric_svg(const Description& description) {
  return Drawing(description).draw();
}

}  // namespace tutti::render
