#include "bootstrap/launchers/pmi_wire.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/bytes.hpp"

namespace tutti::bootstrap {
namespace {

constexpr std::size_t kLongestAnswer = 64 * 1024;

class Pmi1 final : public PmiWire {
 public:
  using PmiWire::PmiWire;

  Status begin() override {
    TUTTI_TRY(ask("cmd=init pmi_version=1 pmi_subversion=1\n", "response_to_init"));
    const auto maxes = TUTTI_TRY(ask("cmd=get_maxes\n", "maxes"));
    if (const auto at = maxes.find("vallen_max"); at != maxes.end()) {
      longest_value_ = static_cast<std::size_t>(TUTTI_TRY(parse_integer(at->second, 1, 1 << 20)));
    }
    const auto names = TUTTI_TRY(ask("cmd=get_my_kvsname\n", "my_kvsname"));
    const auto name = names.find("kvsname");
    if (name == names.end()) return Error{Code::system, "the launcher's PMI gave no name of its key space"};
    space_ = name->second;
    return {};
  }
  std::size_t longest_value() const override { return longest_value_; }
  Status put(const std::string& key, const std::string& value) override {
    TUTTI_TRY(ask(fmt::format("cmd=put kvsname={} key={} value={}\n", space_, key, value), "put_result"));
    return {};
  }
  Status fence() override {
    TUTTI_TRY(ask("cmd=barrier_in\n", "barrier_out"));
    return {};
  }
  Result<std::string> get(const std::string& key) override {
    auto answer = TUTTI_TRY(ask(fmt::format("cmd=get kvsname={} key={}\n", space_, key), "get_result"));
    return answer["value"];
  }
  Status end() override {
    TUTTI_TRY(ask("cmd=finalize\n", "finalize_ack"));
    return {};
  }

 private:
  Result<Fields> ask(const std::string& question, std::string_view expected) {
    TUTTI_TRY(write(question));
    auto answer = parse(TUTTI_TRY(read_line()), ' ');
    TUTTI_TRY(check(answer, expected));
    return answer;
  }

  std::string space_;
  std::size_t longest_value_ = 256;  // what every PMI-1 carries
};

class Pmi2 final : public PmiWire {
 public:
  Pmi2(int fd, std::string job, std::string rank, Deadline deadline)
      : PmiWire(fd, deadline), job_(std::move(job)), rank_(std::move(rank)) {}

  Status begin() override {
    TUTTI_TRY(write("cmd=init pmi_version=2 pmi_subversion=0\n"));
    TUTTI_TRY(check(parse(TUTTI_TRY(read_line()), ' '), "response_to_init"));
    TUTTI_TRY(
        ask(fmt::format("cmd=fullinit;pmijobid={};pmirank={};threaded=FALSE;", job_, rank_), "fullinit-response"));
    auto job = TUTTI_TRY(ask("cmd=job-getid;", "job-getid-response"));
    if (!job["jobid"].empty()) job_ = job["jobid"];
    return {};
  }
  std::size_t longest_value() const override { return 1023; }
  Status put(const std::string& key, const std::string& value) override {
    TUTTI_TRY(ask(fmt::format("cmd=kvs-put;key={};value={};", key, value), "kvs-put-response"));
    return {};
  }
  Status fence() override {
    TUTTI_TRY(ask("cmd=kvs-fence;", "kvs-fence-response"));
    return {};
  }
  Result<std::string> get(const std::string& key) override {
    auto answer = TUTTI_TRY(ask(fmt::format("cmd=kvs-get;jobid={};srcid=-1;key={};", job_, key), "kvs-get-response"));
    if (answer["found"] != "TRUE")
      return Error{Code::system, fmt::format("the launcher's PMI does not know '{}'", key)};
    return answer["value"];
  }
  Status end() override {
    TUTTI_TRY(ask("cmd=finalize;", "finalize-response"));
    return {};
  }

 private:
  Result<Fields> ask(const std::string& question, std::string_view expected) {
    TUTTI_TRY(write(fmt::format("{:6}{}", question.size(), question)));
    auto length = TUTTI_TRY(read_exactly(6));
    length.erase(0, length.find_first_not_of(' '));
    const auto bytes = TUTTI_TRY(parse_integer(length, 0, kLongestAnswer));
    auto answer = parse(TUTTI_TRY(read_exactly(static_cast<std::size_t>(bytes))), ';');
    TUTTI_TRY(check(answer, expected));
    return answer;
  }

  std::string job_;
  const std::string rank_;
};

}  // namespace

std::unique_ptr<PmiWire> make_pmi1(int fd, Deadline deadline) {
  return std::make_unique<Pmi1>(fd, deadline);
}

std::unique_ptr<PmiWire> make_pmi2(int fd, std::string job, std::string rank, Deadline deadline) {
  return std::make_unique<Pmi2>(fd, std::move(job), std::move(rank), deadline);
}

PmiWire::Fields PmiWire::parse(std::string_view text, char separator) {
  Fields fields;
  while (!text.empty()) {
    const auto field = text.substr(0, text.find(separator));
    if (const auto equals = field.find('='); equals != std::string_view::npos) {
      fields[std::string(field.substr(0, equals))] = std::string(field.substr(equals + 1));
    }
    text.remove_prefix(std::min(field.size() + 1, text.size()));
  }
  return fields;
}

Status PmiWire::check(const Fields& answer, std::string_view expected) {
  const auto command = answer.find("cmd");
  if (command == answer.end() || command->second != expected) {
    return Error{Code::system, fmt::format("the launcher's PMI answered '{}' instead of '{}'",
                                           command == answer.end() ? "nothing" : command->second, expected)};
  }
  const auto rc = answer.find("rc");
  if (rc != answer.end() && rc->second != "0") {
    const auto why = answer.find(answer.contains("errmsg") ? "errmsg" : "msg");
    return Error{Code::system, fmt::format("the launcher's PMI refused ({}, rc {}{})", expected, rc->second,
                                           why == answer.end() ? "" : ": " + why->second)};
  }
  return {};
}

Status PmiWire::wait_for(short events) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_.left(std::chrono::steady_clock::now()));
  pollfd ready{fd_, events, 0};
  const int found = ::poll(&ready, 1, static_cast<int>(std::min<std::int64_t>(left.count(), INT32_MAX)));
  if (found == 0)
    return Error{Code::timeout, "the launcher's PMI gave no answer in time: not all processes came there"};
  if (found < 0 && errno != EINTR) return Error{Code::system, fmt::format("PMI_FD: {}", std::strerror(errno))};
  return {};
}

Status PmiWire::write(std::string_view text) {
  while (!text.empty()) {
    TUTTI_TRY(wait_for(POLLOUT));
    const auto written = ::write(fd_, text.data(), text.size());
    if (written < 0 && errno != EINTR && errno != EAGAIN) {
      return Error{Code::system, fmt::format("PMI_FD is {}, but cannot be written: {}", fd_, std::strerror(errno))};
    }
    text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
  }
  return {};
}

Result<std::string> PmiWire::read_exactly(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t done = 0; done < bytes;) {
    TUTTI_TRY(wait_for(POLLIN));
    const auto got = ::read(fd_, text.data() + done, bytes - done);
    if (got == 0) return Error{Code::system, "the launcher closed PMI_FD: was PMI used by this process before?"};
    if (got < 0 && errno != EINTR && errno != EAGAIN) {
      return Error{Code::system, fmt::format("PMI_FD is {}, but cannot be read: {}", fd_, std::strerror(errno))};
    }
    done += static_cast<std::size_t>(std::max<ssize_t>(got, 0));
  }
  return text;
}

Result<std::string> PmiWire::read_line() {
  std::string line;
  while (line.size() < kLongestAnswer) {
    const auto next = TUTTI_TRY(read_exactly(1));
    if (next == "\n") return line;
    line += next;
  }
  return Error{Code::system, "the launcher's PMI sent a line without an end"};
}

}  // namespace tutti::bootstrap
