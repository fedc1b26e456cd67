// A rank of ofi: the rails of the best provider, one a device.
#include <fmt/format.h>

#include <algorithm>

#include "transports/ofi/ofi.hpp"
#include "transports/ofi/rail.hpp"
#include "transports/packets/nics.hpp"
#include "transports/packets/transport.hpp"

namespace tutti::transport::ofi {
namespace {

std::string kind_of(const Offer& offer) {
  return fmt::format("{}/{}", offer.provider(), offer.info->addr_format);
}

Error nothing_fits(const OfiOptions& options) {
  return {Code::transport,
          fmt::format("ofi: no provider of libfabric has reliable messages{}{}; `fi_info -t FI_EP_RDM` lists them, and "
                      "FI_PROVIDER may exclude some",
                      options.provider.empty() ? "" : " under the name " + options.provider,
                      options.addresses.empty() ? "" : " at the interfaces that TUTTI_IFACE allows")};
}

// The first, and those of its kind through other devices that are as good.
std::vector<Offer> chosen(std::vector<Offer> offered, const OfiOptions& options) {
  std::erase_if(offered, [first = offered.front()](const Offer& offer) {
    return kind_of(offer) != kind_of(first) || offer.place != first.place;
  });
  std::vector<std::string> devices;
  for (const Offer& offer : offered) devices.push_back(offer.device());
  std::vector<Offer> rails;
  for (const std::size_t place : packets::equal_nics(devices, 0)) {
    for (int i = 0; i < options.per_device; ++i) {
      if (rails.size() < static_cast<std::size_t>(options.rails)) rails.push_back(offered[place]);
    }
  }
  return rails;
}

}  // namespace

Result<std::unique_ptr<Transport>> create(const OfiOptions& options) {
  if (index(options.rank) < 0) return Error{Code::invalid_argument, "ofi: a rank is not negative"};
  const auto library = TUTTI_TRY(Library::open());
  auto offered = TUTTI_TRY(offers(library, options));
  if (offered.empty()) return nothing_fits(options);
  const auto rails = chosen(std::move(offered), options);
  packets::Parts parts{.name = "ofi",
                       .rank = options.rank,
                       .kind = kind_of(rails.front()),
                       .lifeline = rails.front().lifeline,
                       .rails = {},
                       .planes = {},
                       .combines = true,
                       .log = options.log};
  std::vector<std::string> devices;
  for (const Offer& offer : rails) {
    devices.push_back(offer.device());
    parts.rails.push_back(TUTTI_TRY(OfiRail::create(library, offer, options.memory / rails.size())));
  }
  parts.planes = packets::planes_of(devices);
  const auto version = library->version();
  auto transport = TUTTI_TRY(packets::start(std::move(parts)));
  options.log.info("ofi", "version {}.{} path {}", FI_MAJOR(version), FI_MINOR(version), transport->describe());
  return transport;
}

}  // namespace tutti::transport::ofi
