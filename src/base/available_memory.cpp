#include "base/available_memory.hpp"

#include <cstdint>
#include <fstream>
#include <string>

namespace tutti {

std::size_t available_memory() {
  std::ifstream file("/proc/meminfo");
  std::string name;
  for (std::size_t kibibytes = 0; file >> name >> kibibytes; file.ignore(64, '\n')) {
    if (name == "MemAvailable:") return kibibytes * 1024;
  }
  return SIZE_MAX;
}

}  // namespace tutti
