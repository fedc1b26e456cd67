#include "transports/ucx/worker.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string_view>
#include <utility>

namespace tutti::transport::ucx {
Result<std::unique_ptr<Worker>> Worker::create(const std::string& devices, bool writes) {
  std::unique_ptr<Worker> worker(new Worker(TUTTI_TRY(Library::open())));
  TUTTI_TRY(worker->start(devices, writes));
  return worker;
}

Status Worker::start(const std::string& devices, bool writes) {
  ucp_config_t* config = nullptr;
  ucs_status_t status = library_->config_read(nullptr, nullptr, &config);
  if (status != UCS_OK) return ucx_error(*library_, "its configuration cannot be read", status);
  // UCX 1.13 aborts the process (`comp->count > 0`, uct_iface.h) when a TCP peer dies in the middle of an eager send
  // without copy. Rendezvous, which carries long messages, goes on without copies.
  status = library_->config_modify(config, "ZCOPY_THRESH", "inf");
  // Over TCP a packet is one segment: it is not put together from parts at its receiver.
  if (status == UCS_OK) status = library_->config_modify(config, "TX_SEG_SIZE", std::to_string(kSegment).c_str());
  if (status == UCS_OK && !devices.empty()) {
    status = library_->config_modify(config, "NET_DEVICES", devices.c_str());
  }
  if (status == UCS_OK) {
    ucp_params_t params{};
    params.field_mask = UCP_PARAM_FIELD_FEATURES;
    params.features = UCP_FEATURE_AM | UCP_FEATURE_WAKEUP;
    if (writes) params.features |= UCP_FEATURE_RMA;
    status = library_->init_version(UCP_API_MAJOR, UCP_API_MINOR, &params, config, &context_);
  }
  library_->config_release(config);
  if (status != UCS_OK) return ucx_error(*library_, "no context", status);

  ucp_worker_params_t params{};
  params.field_mask = UCP_WORKER_PARAM_FIELD_THREAD_MODE;
  params.thread_mode = UCS_THREAD_MODE_SERIALIZED;  // any thread, one at a time
  status = library_->worker_create(context_, &params, &worker_);
  if (status != UCS_OK) return ucx_error(*library_, "no worker", status);
  status = library_->worker_get_efd(worker_, &event_fd_);
  if (status != UCS_OK) return ucx_error(*library_, "no event descriptor", status);
  unsigned major = 0;
  unsigned minor = 0;
  unsigned release = 0;
  library_->get_version(&major, &minor, &release);
  aborts_on_unfinished_end_ = std::pair(major, minor) < std::pair(1U, 14U);
  aborts_on_early_close_ = aborts_on_unfinished_end_ && describe().find("rc_") != std::string::npos;
  return read_address();
}

Status Worker::read_address() {
  ucp_worker_attr_t attributes{};
  attributes.field_mask = UCP_WORKER_ATTR_FIELD_ADDRESS | UCP_WORKER_ATTR_FIELD_ADDRESS_FLAGS;
  // Networks only. UCX's shared memory cannot tell that a peer died, and inside a node there is our own.
  attributes.address_flags = UCP_WORKER_ADDRESS_FLAG_NET_ONLY;
  const ucs_status_t status = library_->worker_query(worker_, &attributes);
  if (status != UCS_OK) return ucx_error(*library_, "no address", status);
  const auto* bytes = reinterpret_cast<const std::byte*>(attributes.address);
  address_.assign(bytes, bytes + attributes.address_length);
  library_->worker_release_address(worker_, attributes.address);
  return {};
}

Worker::~Worker() {
  if (abandoned_) return;
  if (worker_ != nullptr) library_->worker_destroy(worker_);
  if (context_ != nullptr) library_->cleanup(context_);
}

// UCX 1.13 tells its resources only in print: "#  resource 2 : md 1 dev 2 flags -- tcp/eth0".
std::vector<Worker::Resource> Worker::resources() const {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* stream = ::open_memstream(&text, &size);
  if (stream == nullptr) return {};
  library_->context_print_info(context_, stream);
  std::fclose(stream);
  std::istringstream lines(std::string(text, size));
  std::free(text);

  std::vector<Resource> found;
  for (std::string line; std::getline(lines, line);) {
    const auto place = line.rfind("-- ");
    const auto slash = line.find('/', place == std::string::npos ? 0 : place);
    if (line.find("resource") == std::string::npos || place == std::string::npos || slash == std::string::npos)
      continue;
    const std::string transport = line.substr(place + 3, slash - place - 3);
    constexpr std::string_view kInside[] = {"self", "sysv", "posix", "cma", "knem", "xpmem"};
    if (std::ranges::find(kInside, transport) != std::end(kInside)) continue;
    found.push_back({transport, line.substr(slash + 1)});
  }
  // It is of use where there is nothing else only.
  if (found.size() > 1) std::erase(found, Resource{"tcp", "lo"});
  return found;
}

std::string Worker::describe() const {
  std::vector<std::string> found;
  for (const Resource& resource : resources()) found.push_back(resource.transport + " " + resource.device);
  constexpr std::size_t kShown = 3;
  const bool more = found.size() > kShown;
  if (more) found.resize(kShown);
  return fmt::format("{}{}", fmt::join(found, ", "), more ? ", ..." : "");
}

}  // namespace tutti::transport::ucx
