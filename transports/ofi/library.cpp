#include "transports/ofi/library.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <array>
#include <csignal>
#include <cstdlib>

#include "transports/ofi/ofi.hpp"

namespace tutti::transport::ofi {
namespace {

// It stays in memory: its providers leave threads and handlers behind that must not point into nothing.
constexpr int kMode = RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE;

Error missing() {
  const char* why = ::dlerror();
  return {Code::unsupported, fmt::format("ofi: {}", why != nullptr ? why : "libfabric cannot be opened")};
}

template <typename Function>
bool find(void* handle, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(handle, name));
  return function != nullptr;
}

/// Puts the program's signal handlers back: some libraries of libfabric's providers (PSM) set theirs when they are
/// loaded, and then neither SIGTERM nor a crash does what the program expects.
class KeptHandlers {
 public:
  KeptHandlers() {
    for (int number = 1; number < kSignals; ++number) ::sigaction(number, nullptr, &kept_[at(number)]);
  }
  KeptHandlers(const KeptHandlers&) = delete;
  KeptHandlers& operator=(const KeptHandlers&) = delete;
  ~KeptHandlers() {
    for (int number = 1; number < kSignals; ++number) {
      struct sigaction now {};
      ::sigaction(number, nullptr, &now);
      if (now.sa_handler != kept_[at(number)].sa_handler) ::sigaction(number, &kept_[at(number)], nullptr);
    }
  }

 private:
  static constexpr int kSignals = 32;  // those that are not for real-time
  static std::size_t at(int number) { return static_cast<std::size_t>(number); }
  std::array<struct sigaction, kSignals> kept_{};
};

}  // namespace

Result<std::shared_ptr<const Library>> Library::open() {
  const KeptHandlers handlers;
  void* handle = ::dlopen("libfabric.so.1", kMode);
  if (handle == nullptr) return missing();
  auto library = std::make_shared<Library>();
  const bool complete = find(handle, "fi_getinfo", library->getinfo) &&
                        find(handle, "fi_freeinfo", library->freeinfo) &&
                        find(handle, "fi_dupinfo", library->dupinfo) && find(handle, "fi_fabric", library->fabric) &&
                        find(handle, "fi_strerror", library->strerror) && find(handle, "fi_version", library->version);
  if (!complete) return missing();
  return std::shared_ptr<const Library>(std::move(library));
}

Error ofi_error(const Library& library, const std::string& what, std::int64_t error) {
  return {Code::transport, fmt::format("ofi: {}: {}", what, library.strerror(static_cast<int>(std::abs(error))))};
}

Status available() {
  TUTTI_TRY(Library::open());
  return {};
}

}  // namespace tutti::transport::ofi
