#include "tools/info/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace tutti::info {
namespace {

using Json = nlohmann::ordered_json;

std::string word(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_null()) return "";
  if (!value.is_array()) return value.dump();
  std::string words;
  for (const auto& item : value) words += (words.empty() ? "" : ", ") + word(item);
  return words;
}

std::vector<std::string> columns_of(const Json& rows) {
  std::vector<std::string> columns;
  for (const auto& row : rows) {
    for (const auto& [name, value] : row.items()) {
      if (std::find(columns.begin(), columns.end(), name) == columns.end()) columns.push_back(name);
    }
  }
  return columns;
}

// Rows of the same keys as a table, its columns as wide as what they hold.
std::string table(const Json& rows) {
  const auto columns = columns_of(rows);
  std::vector<std::size_t> widths;
  for (const auto& column : columns) {
    std::size_t width = column.size();
    for (const auto& row : rows) width = std::max(width, word(row.value(column, Json())).size());
    widths.push_back(width);
  }
  const auto line = [&](const auto& cell) {
    std::string text = " ";
    for (std::size_t i = 0; i < columns.size(); ++i) text += fmt::format(" {:<{}}", cell(columns[i]), widths[i]);
    return text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
  };
  std::string text = line([](const std::string& column) { return column; });
  for (const auto& row : rows) text += line([&](const std::string& column) { return word(row.value(column, Json())); });
  return text;
}

std::string pairs(const Json& object) {
  std::size_t width = 0;
  for (const auto& [name, value] : object.items()) width = std::max(width, name.size());
  std::string text;
  for (const auto& [name, value] : object.items()) text += fmt::format("  {:<{}} {}\n", name, width, word(value));
  return text;
}

bool is_table(const Json& value) {
  return value.is_array() && !value.empty() &&
         std::all_of(value.begin(), value.end(), [](const Json& row) { return row.is_object(); });
}

}  // namespace

std::string format_info(const Json& info) {
  std::string text;
  std::string sections;
  for (const auto& [name, value] : info.items()) {
    if (name == "schema") continue;
    if (is_table(value)) {
      sections += "\n" + name + "\n" + table(value);
    } else if (value.is_object()) {
      sections += "\n" + name + "\n" + pairs(value);
    } else {
      text += fmt::format("{} {}\n", name, word(value));
    }
  }
  return text + sections;
}

}  // namespace tutti::info
