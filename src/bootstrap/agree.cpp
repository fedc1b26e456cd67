#include <fmt/format.h>

#include <charconv>

#include "bootstrap/identity.hpp"
#include "bootstrap/launchers/by_address.hpp"
#include "bootstrap/launchers/exchange.hpp"
#include "bootstrap/launchers/id_file.hpp"
#include "bootstrap/trust/id_fields.hpp"

namespace tutti::bootstrap {
namespace {

std::string to_hex(const UniqueId& id) {
  std::string text;
  for (const auto byte : id.bytes) text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  return text;
}

Result<UniqueId> from_hex(std::string_view text) {
  UniqueId id;
  if (text.size() != 2 * id.bytes.size()) return Error{Code::system, "the launcher gave no unique id"};
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    unsigned value = 0;
    const char* const at = text.data() + 2 * i;
    if (std::from_chars(at, at + 2, value, 16).ptr != at + 2)
      return Error{Code::system, "the launcher gave a damaged id"};
    id.bytes[i] = static_cast<std::byte>(value);
  }
  TUTTI_TRY(decode(id));
  return id;
}

// Rank 0 starts the root, and the launcher carries its id.
template <typename Exchange>
Result<Agreement> agree_through(Exchange exchange, const Identity& identity, const Config& config, const Log& log,
                                Deadline deadline) {
  Agreement agreement;
  Offer offer{{}, deadline};
  if (index(identity.rank) == 0) {
    agreement.root = TUTTI_TRY(Root::start(config, log));
    offer.mine = to_hex(agreement.root->unique_id());
  }
  agreement.id = TUTTI_TRY(from_hex(TUTTI_TRY(exchange(offer))));
  return agreement;
}

// One rank alone needs neither root nor network.
Agreement alone() {
  IdFields fields;
  fields.key = Key::random();
  return {encode(fields), nullptr};
}

enum class Channel : std::uint8_t { none, torchrun, pmix, pmi };

// The channel of the launcher that numbered the ranks; with explicit numbers, whichever there is.
Channel channel_of(const Identity& identity, const Environment& environment) {
  const bool torch = environment.find("MASTER_ADDR") && environment.find("MASTER_PORT");
  const bool pmix = environment.find("PMIX_NAMESPACE").has_value();
  const bool pmi = environment.find("PMI_FD").has_value();
  if (identity.source == "torchrun") return Channel::torchrun;
  if (identity.source == "pmi") return Channel::pmi;
  if (pmix) return Channel::pmix;
  if (pmi) return Channel::pmi;
  return torch ? Channel::torchrun : Channel::none;
}

}  // namespace

Result<Agreement> agree(const Identity& identity, const Config& config, std::span<const char* const> environment,
                        const Log& log, Deadline deadline) {
  const Environment variables(environment);
  log.info("bootstrap", "rank {} of {}, source {}", index(identity.rank), identity.world_size, identity.source);
  if (!config.unique_id_file.empty()) return agree_by_file(config.unique_id_file, identity, config, log, deadline);
  if (!config.address.empty()) {
    return agree_by_address({config.address, "TUTTI_ADDRESS"}, identity, config, variables, log, deadline);
  }
  if (identity.world_size == 1) return alone();
  switch (channel_of(identity, variables)) {
    case Channel::torchrun:
      return agree_by_address(TUTTI_TRY(torchrun_rendezvous(variables)), identity, config, variables, log, deadline);
    case Channel::pmix: {
      const bool same_numbers = identity.source != "TUTTI_RANK";
      return agree_through([&](const Offer& offer) { return exchange_by_pmix(same_numbers, offer); }, identity, config,
                           log, deadline);
    }
    case Channel::pmi:
      return agree_through([&](const Offer& offer) { return exchange_by_pmi(variables, offer); }, identity, config, log,
                           deadline);
    case Channel::none:
      break;
  }
  return Error{
      Code::invalid_argument,
      fmt::format("rank {} of {} ({}) has no way to find the others: set TUTTI_UNIQUE_ID_FILE to a path that all "
                  "ranks see, or TUTTI_ADDRESS to host:port of rank 0{}",
                  index(identity.rank), identity.world_size, identity.source,
                  identity.source == "slurm" ? ", or start with srun --mpi=pmix or --mpi=pmi2" : "")};
}

}  // namespace tutti::bootstrap
