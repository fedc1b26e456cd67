#include "transports/ucx/library.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <ucs/debug/log_def.h>

#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "transports/ucx/ucx.hpp"

namespace tutti::transport::ucx {
namespace {

// They stay in memory: UCX leaves hooks and handlers behind that must not point into nothing.
constexpr int kMode = RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE;

Error missing() {
  const char* why = ::dlerror();
  return {Code::unsupported, fmt::format("ucx: {}", why != nullptr ? why : "a library cannot be opened")};
}

template <typename Function>
bool find(void* handle, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(handle, name));
  return function != nullptr;
}

// UCX writes its log to standard output, which belongs to the program.
ucs_log_func_rc_t log_to_stderr(const char* file, unsigned line, const char* /*function*/, ucs_log_level_t /*level*/,
                                const ucs_log_component_config_t* /*component*/, const char* message, va_list values) {
  // What we set for TCP is of no meaning where a machine has none.
  if (std::strncmp(message, "invalid configuration", 21) == 0) return UCS_LOG_FUNC_RC_STOP;
  std::array<char, 512> text{};
  std::vsnprintf(text.data(), text.size(), message, values);
  fmt::print(stderr, "ucx: {} ({}:{})\n", text.data(), file, line);
  return UCS_LOG_FUNC_RC_STOP;
}

// For the process that had no UCX before. A program that uses UCX itself has its own wishes.
void make_polite(void* ucs) {
  void (*disable_signals)() = nullptr;  // UCX takes over SIGSEGV and its like when it is loaded
  if (find(ucs, "ucs_debug_disable_signals", disable_signals)) disable_signals();
  void (*push_handler)(ucs_log_func_t) = nullptr;
  if (find(ucs, "ucs_log_push_handler", push_handler)) push_handler(log_to_stderr);
}

}  // namespace

Result<std::shared_ptr<const Library>> Library::open() {
  void* loaded_before = ::dlopen("libucs.so.0", kMode | RTLD_NOLOAD);
  void* ucs = ::dlopen("libucs.so.0", kMode);
  if (ucs == nullptr) return missing();
  void* ucm = ::dlopen("libucm.so.0", kMode);
  if (ucm == nullptr) return missing();
  void* ucp = ::dlopen("libucp.so.0", kMode);
  if (ucp == nullptr) return missing();

  auto library = std::make_shared<Library>();
  const bool complete =
      find(ucp, "ucp_get_version", library->get_version) &&
      find(ucp, "ucp_get_version_string", library->get_version_string) &&
      find(ucp, "ucp_config_read", library->config_read) && find(ucp, "ucp_config_modify", library->config_modify) &&
      find(ucp, "ucp_config_release", library->config_release) &&
      find(ucp, "ucp_init_version", library->init_version) && find(ucp, "ucp_cleanup", library->cleanup) &&
      find(ucp, "ucp_context_print_info", library->context_print_info) &&
      find(ucp, "ucp_worker_create", library->worker_create) &&
      find(ucp, "ucp_worker_destroy", library->worker_destroy) &&
      find(ucp, "ucp_worker_query", library->worker_query) &&
      find(ucp, "ucp_worker_release_address", library->worker_release_address) &&
      find(ucp, "ucp_worker_get_efd", library->worker_get_efd) && find(ucp, "ucp_worker_arm", library->worker_arm) &&
      find(ucp, "ucp_worker_progress", library->worker_progress) &&
      find(ucp, "ucp_worker_flush_nbx", library->worker_flush_nbx) && find(ucp, "ucp_ep_create", library->ep_create) &&
      find(ucp, "ucp_ep_close_nbx", library->ep_close_nbx) &&
      find(ucp, "ucp_worker_set_am_recv_handler", library->worker_set_am_recv_handler) &&
      find(ucp, "ucp_am_send_nbx", library->am_send_nbx) &&
      find(ucp, "ucp_am_recv_data_nbx", library->am_recv_data_nbx) &&
      find(ucp, "ucp_am_data_release", library->am_data_release) && find(ucp, "ucp_mem_map", library->mem_map) &&
      find(ucp, "ucp_mem_unmap", library->mem_unmap) && find(ucp, "ucp_rkey_pack", library->rkey_pack) &&
      find(ucp, "ucp_rkey_buffer_release", library->rkey_buffer_release) &&
      find(ucp, "ucp_ep_rkey_unpack", library->ep_rkey_unpack) &&
      find(ucp, "ucp_rkey_destroy", library->rkey_destroy) && find(ucp, "ucp_put_nbx", library->put_nbx) &&
      find(ucp, "ucp_ep_flush_nbx", library->ep_flush_nbx) && find(ucm, "ucm_vm_munmap", library->vm_munmap) &&
      find(ucp, "ucp_request_check_status", library->request_check_status) &&
      find(ucp, "ucp_request_free", library->request_free) && find(ucs, "ucs_status_string", library->status_string);
  if (!complete) return missing();

  if (loaded_before == nullptr) make_polite(ucs);
  return std::shared_ptr<const Library>(std::move(library));
}

Error ucx_error(const Library& library, const std::string& what, ucs_status_t status) {
  return {Code::transport, fmt::format("ucx: {}: {}", what, library.status_string(status))};
}

Status available() {
  TUTTI_TRY(Library::open());
  return {};
}

}  // namespace tutti::transport::ucx
