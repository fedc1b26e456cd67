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
tuttiResult_t report(const Status& status);

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

/// The communicator behind a handle that is ready for calls.
Result<comm::Communicator*> usable(tuttiComm_t handle);

/// Null is allowed and gives null.
Result<comm::Stream*> usable(tuttiStream_t handle);

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
