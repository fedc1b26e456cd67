#include "api/edge.hpp"

#include <fmt/format.h>

#include <cstring>

namespace tutti::api {
namespace {

std::string& last_error() {
  thread_local std::string text;
  return text;
}

}  // namespace

tuttiResult_t report_failure(const Error& error) {
  last_error() = error.text;
  return static_cast<tuttiResult_t>(error.code);
}

Error why_unusable(const tuttiComm* handle) {
  if (handle == nullptr || handle->magic != tuttiComm::kAlive)
    return {Code::invalid_argument, "comm is not a communicator"};
  // An init that ends between two looks is one that had not ended.
  if (!handle->ready.load(std::memory_order_acquire) || !handle->failure)
    return {Code::in_progress, "the communicator's init has not finished: poll tuttiCommGetAsyncError"};
  return *handle->failure;
}

Error why_unusable(const tuttiStream* /*handle*/) {
  return {Code::invalid_argument, "stream is not a stream"};
}

const Result<Config>& environment_config() {
  static const Result<Config> kConfig = read_config(process_environment());
  return kConfig;
}

Status put_text(const std::string& text, char* buffer, std::size_t size, std::size_t* needed) {
  if (buffer == nullptr && size != 0) return null_argument("buffer");
  if (needed != nullptr) *needed = text.size() + 1;
  if (size == 0) return {};
  const std::size_t copied = std::min(size - 1, text.size());
  std::memcpy(buffer, text.data(), copied);
  buffer[copied] = '\0';
  return {};
}

Error null_argument(const char* name) {
  return {Code::invalid_argument, fmt::format("{} is NULL", name)};
}

}  // namespace tutti::api

using tutti::api::last_error;

const char* tuttiGetErrorString(tuttiResult_t result) {
  return to_string(static_cast<tutti::Code>(result));
}

const char* tuttiGetLastError(tuttiComm_t comm) {
  if (comm == nullptr || comm->magic != tuttiComm::kAlive) return last_error().c_str();
  if (!comm->ready.load(std::memory_order_acquire)) return "";
  const auto why = comm->failure ? comm->failure : comm->communicator->failure();
  last_error() = why ? why->text : last_error();
  return last_error().c_str();
}

tuttiResult_t tuttiGetVersion(int* version) {
  return tutti::api::guarded([&]() -> tutti::Status {
    if (version == nullptr) return tutti::api::null_argument("version");
    *version = TUTTI_VERSION_CODE;
    return {};
  });
}
