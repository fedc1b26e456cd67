// What the room says where it was built without UCX.
#include "transports/ucx/ucx.hpp"

namespace tutti::transport::ucx {

Status available() {
  return Error{Code::unsupported, "ucx: Tutti was built without UCX's headers (Debian: libucx-dev)"};
}

Result<std::unique_ptr<Transport>> create(const UcxOptions& /*options*/) {
  return available().error();
}

}  // namespace tutti::transport::ucx
