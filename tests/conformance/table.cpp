// The table at the end of a run of the suite: a line a case, a column a transport.
#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <string>
#include <vector>

namespace tutti::transport::conformance {
namespace {

class Table final : public testing::EmptyTestEventListener {
 public:
  void OnTestEnd(const testing::TestInfo& test) override {
    const std::string suite = test.test_suite_name();
    const auto slash = suite.find("/Conformance");
    if (slash == std::string::npos) return;
    const std::string name = test.name();
    const std::string column = suite.substr(0, slash) + name.substr(name.find('/'));
    const auto place = columns_.try_emplace(column, columns_.size()).first->second;
    cells_[name.substr(0, name.find('/'))][place] = verdict(*test.result());
  }

  void OnTestProgramEnd(const testing::UnitTest& /*unit_test*/) override {
    if (columns_.empty()) return;
    std::printf("\nconformance: + holds, . does not apply, ! fails, empty: not run\n");
    for (const auto& [name, place] : columns_) std::printf("  %2zu  %s\n", place + 1, name.c_str());
    for (const auto& [name, row] : cells_) {
      std::printf("%-60s", name.c_str());
      for (std::size_t place = 0; place < columns_.size(); ++place) {
        const auto cell = row.find(place);
        std::printf(" %2s", cell == row.end() ? "" : cell->second.c_str());
      }
      std::printf("\n");
    }
    for (const auto& [why, count] : reasons_) std::printf("  . %s (%d cases)\n", why.c_str(), count);
  }

 private:
  std::string verdict(const testing::TestResult& result) {
    if (result.Failed()) return "!";
    for (int i = 0; i < result.test_property_count(); ++i) {
      const auto& property = result.GetTestProperty(i);
      if (std::string(property.key()) != "does_not_apply") continue;
      ++reasons_[property.value()];
      return ".";
    }
    return "+";
  }

  std::map<std::string, std::size_t> columns_;
  std::map<std::string, std::map<std::size_t, std::string>> cells_;
  std::map<std::string, int> reasons_;
};

// gtest_main is the tests' main function: a listener joins before it runs.
const bool is_listening = [] {
  testing::UnitTest::GetInstance()->listeners().Append(new Table);  // gtest owns it
  return true;
}();

}  // namespace
}  // namespace tutti::transport::conformance
