#include "base/result.hpp"

namespace tutti {

const char* to_string(Code code) {
  switch (code) {
    case Code::ok:
      return "success";
    case Code::transport:
      return "transport error";
    case Code::system:
      return "system error";
    case Code::internal:
      return "internal error";
    case Code::invalid_argument:
      return "invalid argument";
    case Code::invalid_usage:
      return "invalid usage";
    case Code::peer_lost:
      return "peer lost";
    case Code::in_progress:
      return "in progress";
    case Code::timeout:
      return "timeout";
    case Code::unsupported:
      return "unsupported";
    case Code::aborted:
      return "aborted";
  }
  return "unknown result code";
}

}  // namespace tutti
