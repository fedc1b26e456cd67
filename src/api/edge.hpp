// The edge between C and C++: results become codes, the text is kept for tuttiGetLastError, no exception passes.
#pragma once

#include <exception>
#include <new>
#include <string>

#include "api/handles.hpp"
#include "base/config.hpp"
#include "base/result.hpp"
#include "tutti/tutti.h"

namespace tutti::api {

/// Remembers the error for the calling thread, and gives its code.
tuttiResult_t report_failure(const Error& error);
inline tuttiResult_t report(const Status& status) {
  return status ? tuttiSuccess : report_failure(status.error());
}

/// Runs `body`, a function that gives a Status, and reports what it gives or throws.
template <typename Body>
tuttiResult_t guarded(Body&& body) {
  try {
    return report(body());
  } catch (const std::bad_alloc&) {
    return report(Error{Code::system, "out of memory"});
  } catch (const std::exception& exception) {
    return report(Error{Code::internal, exception.what()});
  }
}

/// Why a handle cannot be used for calls; for handles that cannot.
Error why_unusable(const tuttiComm* handle);
Error why_unusable(const tuttiStream* handle);

/// The communicator behind a handle that is ready for calls.
inline Result<comm::Communicator*> usable(tuttiComm_t handle) {
  if (handle == nullptr || handle->magic != tuttiComm::kAlive || !handle->ready.load(std::memory_order_acquire) ||
      handle->failure)
    return why_unusable(handle);
  return handle->communicator.get();
}

/// Null is allowed and gives null.
inline Result<comm::Stream*> usable(tuttiStream_t handle) {
  if (handle == nullptr) return nullptr;
  if (handle->magic != tuttiStream::kAlive) return why_unusable(handle);
  return &handle->stream;
}

/// The settings of this process's environment, read on first use.
const Result<Config>& environment_config();

/// `config` over the environment; `config` may be null.
Result<Config> merged_config(const tuttiConfig_t* config);
Result<Config> merged_config(const tuttiConfig_t* config, const Config& base);

/// Whether `config` asks for a non-blocking init.
bool is_non_blocking(const tuttiConfig_t* config);
std::string name_of(const tuttiConfig_t* config);

/// Copies text into a caller's buffer, as the header describes.
Status put_text(const std::string& text, char* buffer, std::size_t size, std::size_t* needed);

Error null_argument(const char* name);

}  // namespace tutti::api
