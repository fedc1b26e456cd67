#include "tools/perf/size_text.hpp"

#include <string>

#include "base/bytes.hpp"

namespace tutti::perf {

CLI::Validator size_text() {
  return CLI::Validator(
      [](std::string& text) {
        const auto bytes = parse_bytes(text);
        if (!bytes) return bytes.error().text;
        text = std::to_string(bytes->value);
        return std::string();
      },
      "SIZE", "size");
}

}  // namespace tutti::perf
