// The two dialects in which a process talks with its launcher over PMI_FD.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace tutti::bootstrap {

/// A conversation. The file descriptor belongs to the process, not to this.
class PmiWire {
 public:
  PmiWire(int fd, Deadline deadline) : fd_(fd), deadline_(deadline) {}
  virtual ~PmiWire() = default;
  PmiWire(const PmiWire&) = delete;
  PmiWire& operator=(const PmiWire&) = delete;

  virtual Status begin() = 0;
  [[nodiscard]] virtual std::size_t longest_value() const = 0;
  virtual Status put(const std::string& key, const std::string& value) = 0;
  virtual Status fence() = 0;
  virtual Result<std::string> get(const std::string& key) = 0;
  virtual Status end() = 0;

 protected:
  using Fields = std::map<std::string, std::string, std::less<>>;

  /// "name=value" fields, parted by `separator`.
  static Fields parse(std::string_view text, char separator);
  Status write(std::string_view text);
  Result<std::string> read_line();
  Result<std::string> read_exactly(std::size_t bytes);
  /// Whether the answer is the one expected, with rc=0 where it has an rc.
  static Status check(const Fields& answer, std::string_view expected);

 private:
  Status wait_for(short events);

  const int fd_;
  const Deadline deadline_;
};

/// Lines of fields parted by blanks.
std::unique_ptr<PmiWire> make_pmi1(int fd, Deadline deadline);
/// Records with their length in front, of fields parted by semicolons.
std::unique_ptr<PmiWire> make_pmi2(int fd, std::string job, std::string rank, Deadline deadline);

}  // namespace tutti::bootstrap
