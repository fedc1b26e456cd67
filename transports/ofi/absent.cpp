// What the room says where it was built without libfabric.
#include "transports/ofi/ofi.hpp"

namespace tutti::transport::ofi {

Status available() {
  return Error{Code::unsupported, "ofi: Tutti was built without libfabric's headers (Debian: libfabric-dev)"};
}

std::vector<std::string> providers(const std::vector<std::string>& /*addresses*/) {
  return {};
}

Result<std::unique_ptr<Transport>> create(const OfiOptions& /*options*/) {
  return available().error();
}

}  // namespace tutti::transport::ofi
