// docs/environment.md is the library's own list of settings. When it fails, it prints the table that belongs there.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "base/config.hpp"

namespace tutti {
namespace {

std::string document() {
  std::stringstream text;
  text << std::ifstream(TUTTI_DOCS "/environment.md").rdbuf();
  return text.str();
}

std::string table() {
  std::string rows = "| variable | default | meaning |\n|---|---|---|\n";
  for (const Setting& setting : settings()) {
    const std::string value = setting.show(Config());
    rows += fmt::format("| `{}` | {} | {} |\n", setting.variable, value.empty() ? "unset" : "`" + value + "`",
                        setting.meaning);
  }
  return rows;
}

TEST(EnvironmentDocument, HoldsEverySettingWithItsDefaultAndMeaning) {
  EXPECT_NE(document().find(table()), std::string::npos) << "docs/environment.md must hold:\n\n" << table();
}

TEST(EnvironmentDocument, NamesNoSettingThatDoesNotExist) {
  std::set<std::string> known;
  for (const Setting& setting : settings()) known.emplace(setting.variable);
  const std::string text = document();
  static const std::regex kName("TUTTI_[A-Z_]+");
  for (std::sregex_iterator it(text.begin(), text.end(), kName), end; it != end; ++it) {
    EXPECT_TRUE(known.contains(it->str())) << it->str();
  }
}

}  // namespace
}  // namespace tutti
