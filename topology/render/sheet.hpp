// A sheet of SVG: shapes and words, in the colours that all of Tutti's pictures share.
#pragma once

#include <string>
#include <string_view>

namespace tutti::render {

/// `text` with what XML reserves written as entities.
std::string escaped(std::string_view text);

/// Colours that people who see few colours tell apart; they repeat after eight.
std::string_view colour(int number);

class Sheet {
 public:
  struct Style {
    std::string_view colour = "#333333";
    double width = 1;         // of lines
    std::string_view dash{};  // "6 3"
    double opacity = 1;
  };
  struct Letters {
    double size = 12;
    std::string_view anchor = "start";  // start, middle, end
    std::string_view colour = "#333333";
    bool bold = false;
  };

  void line(double x1, double y1, double x2, double y2, const Style& style);
  /// A line with a small head at its end.
  void arrow(double x1, double y1, double x2, double y2, const Style& style);
  void box(double x, double y, double width, double height, std::string_view fill, double radius = 0);
  void dot(double x, double y, double radius, std::string_view fill);
  void write(double x, double y, std::string_view text, const Letters& letters);

  /// The document: white, of this size, with a title for readers that do not see.
  [[nodiscard]] std::string document(double width, double height, std::string_view title) const;

 private:
  std::string body_;
};

}  // namespace tutti::render
