// A rank of ucx: one worker, or a worker a device where several are equally good.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "transports/packets/nics.hpp"
#include "transports/packets/transport.hpp"
#include "transports/ucx/rail.hpp"
#include "transports/ucx/ucx.hpp"

namespace tutti::transport::ucx {
namespace {

bool is_rdma(const Worker::Resource& resource) {
  return resource.transport != "tcp";
}

// Where the NIC writes by itself, and refuses by itself what is not exposed any more. Over datagrams ("ud_verbs") UCX
// would do it, unchecked.
bool can_write(const Worker::Resource& resource) {
  return resource.transport.starts_with("rc_") || resource.transport.starts_with("dc_");
}

Result<std::unique_ptr<Worker>> make_worker(const std::string& devices, const UcxOptions& options) {
  if (options.writing == UcxOptions::Where::always) return Worker::create(devices, true);
  auto worker = TUTTI_TRY(Worker::create(devices, false));
  if (std::ranges::any_of(worker->resources(), can_write)) worker = TUTTI_TRY(Worker::create(devices, true));
  return worker;
}

// The devices that are used together: of the RDMA ports, or else of the interfaces, the fastest. None where UCX has
// nothing that can be told apart.
std::vector<std::string> equal_devices(const std::vector<Worker::Resource>& resources) {
  const bool has_rdma = std::ranges::any_of(resources, is_rdma);
  std::vector<std::string> devices;
  for (const auto& resource : resources) {
    if (is_rdma(resource) == has_rdma && std::ranges::find(devices, resource.device) == devices.end())
      devices.push_back(resource.device);
  }
  if (devices.empty()) return {};
  std::ranges::sort(devices);  // UCX lists them as it finds them
  const auto slower = [](const std::string& left, const std::string& right) {
    return packets::speed_of(left) < packets::speed_of(right);
  };
  const auto fastest = std::ranges::max_element(devices, slower) - devices.begin();
  std::vector<std::string> equal;
  for (const std::size_t place : packets::equal_nics(devices, static_cast<std::size_t>(fastest)))
    equal.push_back(devices[place]);
  return equal;
}

Status add_rail(packets::Parts& parts, std::unique_ptr<Worker> worker, const UcxOptions& options) {
  const auto is = [&](UcxOptions::Where where, auto able) {
    return where == UcxOptions::Where::always || std::ranges::any_of(worker->resources(), able);
  };
  const Abilities abilities{.announces = is(options.fetching, is_rdma), .writes = is(options.writing, can_write)};
  parts.combines = parts.combines && !abilities.announces;
  parts.rails.push_back(TUTTI_TRY(UcxRail::create(std::move(worker), abilities)));
  return {};
}

}  // namespace

Result<std::unique_ptr<Transport>> create(const UcxOptions& options) {
  if (index(options.rank) < 0) return Error{Code::invalid_argument, "ucx: a rank is not negative"};
  const std::string wanted = given_devices().value_or(options.devices);  // the environment says exactly what is meant
  auto first = TUTTI_TRY(make_worker(wanted, options));
  const auto resources = first->resources();
  if (resources.empty() && !wanted.empty()) {  // it would start, and reach nobody
    return Error{Code::transport, fmt::format("ucx: it can use none of the devices {}", wanted)};
  }
  const auto addresses = packets::own_addresses(options.addresses);
  if (!addresses) return addresses.error().within("ucx");
  if (addresses->empty()) return Error{Code::transport, "ucx: this machine has no network interface that is up"};
  packets::Parts parts{.name = "ucx",
                       .rank = options.rank,
                       .kind = "ucx",
                       .lifeline = addresses->front(),
                       .rails = {},
                       .planes = {},
                       .combines = true,
                       .log = options.log};
  std::vector<std::string> devices;
  for (const std::string& device : equal_devices(resources)) {
    for (int i = 0; i < options.per_device; ++i) {
      if (devices.size() < static_cast<std::size_t>(options.rails)) devices.push_back(device);
    }
  }
  const std::string version = first->ucx().get_version_string();
  if (devices.size() < 2) {
    TUTTI_TRY(add_rail(parts, std::move(first), options));  // UCX knows best how to reach whom
    devices = {""};
  } else {
    first.reset();
    for (const std::string& device : devices)
      TUTTI_TRY(add_rail(parts, TUTTI_TRY(make_worker(device, options)), options));
  }
  parts.planes = packets::planes_of(devices);
  auto transport = TUTTI_TRY(packets::start(std::move(parts)));
  options.log.info("ucx", "version {} path {}", version, transport->describe());
  return transport;
}

}  // namespace tutti::transport::ucx
