#include "transports/ofi/library.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

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

}  // namespace

Result<std::shared_ptr<const Library>> Library::open() {
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
