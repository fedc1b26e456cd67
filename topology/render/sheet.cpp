#include "topology/render/sheet.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace tutti::render {

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char letter : text) {
    switch (letter) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += letter;
    }
  }
  return safe;
}

std::string_view colour(int number) {
  static constexpr std::array<std::string_view, 8> kColours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                               "#e69f00", "#56b4e9", "#7a5195", "#666666"};
  return kColours.at(static_cast<std::size_t>(number) % kColours.size());
}

void Sheet::line(double x1, double y1, double x2, double y2, const Style& style) {
  body_ += fmt::format(R"(<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" stroke="{}" stroke-width="{:.2f}")", x1,
                       y1, x2, y2, style.colour, style.width);
  if (!style.dash.empty()) body_ += fmt::format(R"( stroke-dasharray="{}")", style.dash);
  if (style.opacity < 1) body_ += fmt::format(R"( stroke-opacity="{:.2f}")", style.opacity);
  body_ += "/>\n";
}

void Sheet::arrow(double x1, double y1, double x2, double y2, const Style& style) {
  const double length = std::hypot(x2 - x1, y2 - y1);
  if (length == 0) return;
  const double head = 5 + style.width;
  const double dx = (x2 - x1) / length;
  const double dy = (y2 - y1) / length;
  const double x = x2 - head * dx;
  const double y = y2 - head * dy;
  line(x1, y1, x, y, style);
  body_ += fmt::format(
      R"(<polygon points="{:.1f},{:.1f} {:.1f},{:.1f} {:.1f},{:.1f}" fill="{}" fill-opacity="{:.2f}"/>)", x2, y2,
      x - head * dy / 2, y + head * dx / 2, x + head * dy / 2, y - head * dx / 2, style.colour, style.opacity);
  body_ += "\n";
}

void Sheet::box(double x, double y, double width, double height, std::string_view fill, double radius) {
  body_ += fmt::format(R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="{:.1f}" fill="{}"/>)", x, y,
                       width, height, radius, fill);
  body_ += "\n";
}

void Sheet::dot(double x, double y, double radius, std::string_view fill) {
  body_ += fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="{:.1f}" fill="{}"/>)", x, y, radius, fill);
  body_ += "\n";
}

void Sheet::write(double x, double y, std::string_view text, const Letters& letters) {
  body_ += fmt::format(R"(<text x="{:.1f}" y="{:.1f}" font-size="{:.1f}" text-anchor="{}" fill="{}"{}>{}</text>)", x, y,
                       letters.size, letters.anchor, letters.colour, letters.bold ? R"( font-weight="bold")" : "",
                       escaped(text));
  body_ += "\n";
}

std::string Sheet::document(double width, double height, std::string_view title) const {
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} {1:.0f}\" "
      "font-family=\"Helvetica, Arial, sans-serif\">\n<title>{2}</title>\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{3}</svg>\n",
      width, height, escaped(title), body_);
}

}  // namespace tutti::render
