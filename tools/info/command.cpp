#include "tools/info/command.hpp"

#include <fmt/format.h>
#include <tutti/tutti.h>

#include <memory>

#include "tools/info/text.hpp"

namespace tutti::info {
namespace {

constexpr const char* kExamples = R"(
Examples:
  tutti info                                   # what this build can do on this machine, and every setting
  TUTTI_TRANSPORTS=ucx tutti info              # with the values and origins that a job would have
  tutti info --json | jq '.settings[].variable')";

int print_info(bool as_json) {
  std::size_t needed = 0;
  std::string text;
  tuttiResult_t result = tuttiInfo(nullptr, 0, &needed);
  if (result == tuttiSuccess) {
    text.resize(needed);
    result = tuttiInfo(text.data(), text.size(), &needed);
  }
  if (result != tuttiSuccess) {
    fmt::print(stderr, "tutti info: {}\n", tuttiGetLastError(nullptr));
    return result == tuttiInvalidArgument ? 2 : 1;
  }
  const auto info = nlohmann::ordered_json::parse(text.c_str(), nullptr, false);
  fmt::print("{}", as_json ? info.dump(2) + "\n" : format_info(info));
  return 0;
}

}  // namespace

void add_command(CLI::App& app, int& exit_code) {
  auto as_json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("info", "Show versions, transports, algorithms and settings");
  command->footer(kExamples);
  command->add_flag("--json", *as_json, "As data (schema tutti.info/1)");
  command->callback([as_json, &exit_code] { exit_code = print_info(*as_json); });
}

}  // namespace tutti::info
