#include "bootstrap/node.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "bootstrap/trust/key.hpp"

namespace tutti::bootstrap {
namespace {

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id.empty() ? host_name() : id;
}

std::uint64_t network_namespace() {
  struct stat about {};
  return ::stat("/proc/self/ns/net", &about) == 0 ? about.st_ino : 0;
}

}  // namespace

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

Node this_node(const Config& config) {
  const auto machine = boot_id();
  const auto text = fmt::format("{}|{}|{}|{}", machine, network_namespace(), ::geteuid(), config.node_id);
  const auto name = config.node_id.empty() ? host_name() : config.node_id;
  return {fingerprint(bytes_of(text)), fingerprint(bytes_of(machine)), name.substr(0, 255)};
}

}  // namespace tutti::bootstrap
