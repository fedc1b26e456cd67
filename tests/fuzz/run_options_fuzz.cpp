// What a command line may hold for `tutti run` and `tutti perf`: nodes, programs, and lists of types, operators and
// roots.
#include <cstdlib>
#include <string>

#include "tools/perf/options.hpp"
#include "tools/run/placement.hpp"
#include "tools/run/program.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const int ranks : {1, 3, 64}) {
    const auto nodes = tutti::run::place(text, ranks);
    if (nodes && nodes->size() != static_cast<std::size_t>(ranks)) std::abort();
  }
  static_cast<void>(tutti::run::find_program(text, "/usr/bin:/bin"));
  const auto slash = text.find('/');
  tutti::perf::Options options;
  options.collective = *tutti::perf::find_collective("reduce");
  options.type = text.substr(0, slash);
  static_cast<void>(tutti::perf::cases_of(options, 4));
  options.type = "float";
  options.op = text.substr(0, slash);
  options.root = slash == std::string::npos ? "0" : text.substr(slash + 1);
  static_cast<void>(tutti::perf::cases_of(options, 4));
  return 0;
}
