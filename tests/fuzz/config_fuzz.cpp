// Settings, sizes and durations as a user may misspell them: an error or a value, and what is shown reads back.
#include <cstdlib>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/config.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto bytes = tutti::parse_bytes(text)) {
    const auto again = tutti::parse_bytes(tutti::to_string(*bytes));
    if (!again || *again != *bytes) std::abort();
  }
  if (const auto duration = tutti::parse_duration(text)) {
    const auto again = tutti::parse_duration(tutti::to_string(*duration));
    if (!again || *again != *duration) std::abort();
  }
  std::vector<const char*> environment;
  environment.push_back(text.c_str());
  for (char& c : text) {  // one variable a line
    if (c != '\n') continue;
    c = '\0';
    environment.push_back(&c + 1);
  }
  const auto config = tutti::read_config(environment);
  if (!config && config.error().text.empty()) std::abort();
  return 0;
}
