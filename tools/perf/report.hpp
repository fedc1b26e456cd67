// What rank 0 shows while and after measuring; the other ranks' reports show nothing.
#pragma once

#include "tools/perf/table.hpp"

namespace tutti::perf {

class Report {
 public:
  Report(const Options& options, Job job, bool speaks);

  void begin() const;
  void about_to(const Case& series, std::size_t bytes) const;  // on a terminal only
  void add(const Row& row);
  /// Prints the end of the table, writes the document and draws the picture. Fails with system.
  Status end();
  [[nodiscard]] bool passed() const { return totals_.passed(); }

 private:
  void clear_progress() const;

  const Options& options_;
  Job job_;
  bool speaks_;
  bool shows_progress_;
  Totals totals_;
  std::vector<Row> rows_;
};

}  // namespace tutti::perf
