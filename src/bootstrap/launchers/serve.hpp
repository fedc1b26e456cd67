// A root with a key and doors of the caller's choice: what Root::start and the launchers' ways to agree have in common.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/config.hpp"
#include "base/log.hpp"
#include "bootstrap/root.hpp"
#include "bootstrap/trust/id_fields.hpp"

namespace tutti::bootstrap {

struct Serving {
  Key key;
  std::vector<NetAddress> addresses;  // each with its port, or 0 for one of the configured range
  ServedBy by = ServedBy::rank;
};

/// Listens on every address that can be listened on; fails like the last if none can.
Result<std::unique_ptr<Root>> serve(const Serving& serving, const Config& config, const Log& log);

/// "host:port" as addresses. A name of this very machine that stands for loopback only, as /etc/hosts often has it,
/// gives the addresses of its interfaces too. Asks the resolver, which has time limits of its own. Fails with
/// invalid_argument (malformed) or system (no such host).
Result<std::vector<NetAddress>> resolve(const std::string& host_and_port, const Config& config);

}  // namespace tutti::bootstrap
