#include "bootstrap/launchers/exchange.hpp"

namespace tutti::bootstrap {

Result<std::string> exchange_by_pmix(bool /*rank_0*/, const Offer& /*offer*/) {
  return Error{Code::unsupported,
               "PMIx is offered, but this build of tutti is without it; set TUTTI_UNIQUE_ID_FILE or "
               "TUTTI_ADDRESS"};
}

}  // namespace tutti::bootstrap
