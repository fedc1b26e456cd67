// Whole files: those that settings and options name.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tutti {

/// A file's content. Fails with system when it cannot be read, and with invalid_argument beyond `most` bytes.
Result<std::string> read_text(const std::string& path, std::size_t most);

/// Makes the file hold `text`, at once: a reader sees the old content or the new, and a failure leaves the old. Fails
/// with system.
Status write_text(const std::string& path, std::string_view text);

/// The same for a file that nobody but its owner may read or write (mode 0600), in a folder that is made if need be.
Status write_private_text(const std::string& path, std::string_view text);

/// The same for a text that `produce` gives to its argument piece by piece; its error is handed on.
using TextSink = std::function<Status(std::string_view)>;
Status write_text(const std::string& path, const std::function<Status(const TextSink&)>& produce);

}  // namespace tutti
