// The `tutti` command: one folder a subcommand.
#include <tutti/tutti.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <iostream>

#include "tools/info/command.hpp"
#include "tools/perf/command.hpp"
#include "tools/plan/command.hpp"
#include "tools/run/command.hpp"
#include "tools/sim/command.hpp"
#include "tools/topo/command.hpp"
#include "tools/tune/command.hpp"
#include "tools/verify/command.hpp"

namespace {

constexpr int kUsage = 2;

std::string version() {
  int code = 0;
  tuttiGetVersion(&code);
  return "tutti " + std::to_string(code / 10000) + "." + std::to_string(code / 100 % 100) + "." +
         std::to_string(code % 100);
}

int run(int argc, char** argv) {
  CLI::App app("Tutti: collective communication for training clusters", "tutti");
  app.footer("'tutti SUBCOMMAND --help' explains each one, with examples.");
  app.set_version_flag("--version", version);
  app.require_subcommand(1);
  int exit_code = 0;
  tutti::run::add_command(app, exit_code);
  tutti::perf::add_command(app, exit_code);
  tutti::info::add_command(app, exit_code);
  tutti::explain::add_command(app, exit_code);
  tutti::topo::add_command(app, exit_code);
  tutti::tune::add_command(app, exit_code);
  tutti::prove::add_command(app, exit_code);
  tutti::predict::add_command(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? 0 : kUsage;
  }
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tutti: %s\n", error.what());
    return 1;
  }
}
