// libfabric, opened at run time: the one place that knows how its functions are found. All others of its functions are
// inline in its headers, and reach a provider through the objects that these give.
#pragma once

#include <rdma/fabric.h>
#include <rdma/fi_errno.h>

#include <memory>
#include <string>

#include "base/result.hpp"

namespace tutti::transport::ofi {

/// The functions that we use, under their names without "fi_".
struct Library {
  decltype(&::fi_getinfo) getinfo = nullptr;
  decltype(&::fi_freeinfo) freeinfo = nullptr;
  decltype(&::fi_dupinfo) dupinfo = nullptr;
  decltype(&::fi_fabric) fabric = nullptr;
  decltype(&::fi_strerror) strerror = nullptr;
  decltype(&::fi_version) version = nullptr;

  /// Fails with unsupported, and says which file or function is missing.
  static Result<std::shared_ptr<const Library>> open();
};

/// "what: libfabric's words for the error", a number below or above 0.
Error ofi_error(const Library& library, const std::string& what, std::int64_t error);

}  // namespace tutti::transport::ofi
