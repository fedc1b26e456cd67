// How a communicator comes into being: ranks meet, open their transports, and agree on what plans depend on.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "bootstrap/net/interfaces.hpp"
#include "bootstrap/trust/id_fields.hpp"
#include "comm/communicator.hpp"
#include "comm/founding.hpp"
#include "transports/ofi/ofi.hpp"
#include "transports/shm/shm.hpp"
#include "transports/ucx/ucx.hpp"

namespace tutti::comm {
namespace {

using Transports = std::vector<std::unique_ptr<transport::Transport>>;

bool is_alone_on_node(const topology::Layout& layout, Rank rank) {
  return layout.ranks_on(layout.node_of(rank)) == 1;
}

// Carries what the rank says to the others, and back what they say, until there is no more.
Status talk(Communicator::Founding& founding, bootstrap::Session* session, Deadline deadline) {
  auto word = TUTTI_TRY(founding.next(nullptr));
  while (word) {
    const auto heard = TUTTI_TRY(session->all_gather(*word, deadline));
    word = TUTTI_TRY(founding.next(&heard));
  }
  return {};
}

// What a transport of this communicator proves to its peers: that it knows the id.
std::array<std::byte, 32> transport_key(const bootstrap::Key& key) {
  return bootstrap::mac(key, {bootstrap::bytes_of("transports")});
}

// UCX's names of what TUTTI_IFACE allows; empty: all.
Result<std::string> network_devices(const std::string& filter) {
  if (filter.empty()) return std::string();
  const auto interfaces = TUTTI_TRY(bootstrap::choose_interfaces(bootstrap::list_interfaces(), filter));
  return transport::ucx::devices_of(interfaces);
}

// The addresses of what TUTTI_IFACE allows.
Result<std::vector<std::string>> network_addresses(const std::string& filter) {
  const auto chosen = TUTTI_TRY(bootstrap::choose_addresses(bootstrap::list_interfaces(), filter));
  std::vector<std::string> addresses;
  for (const auto& address : chosen) {
    std::string text = to_string(address);  // "10.0.0.1:0", "[fd00::2]:0"
    text.resize(text.rfind(':'));
    if (text.starts_with('[')) text = text.substr(1, text.size() - 2);
    addresses.push_back(std::move(text));
  }
  return addresses;
}

// A network transport by its name.
Result<std::unique_ptr<transport::Transport>> make_network(const std::string& name, Rank rank, const Config& config,
                                                           const NicUse& nic, const Log& log) {
  std::vector<std::string> names = nic.ports;
  names.insert(names.end(), nic.interfaces.begin(), nic.interfaces.end());
  const auto addresses = TUTTI_TRY(network_addresses(config.iface));
  // Ranks among which a node's NICs are divided use no others.
  const int rails = nic.names.empty() ? config.rails : std::min(config.rails, static_cast<int>(nic.names.size()));
  if (name == "ucx") {
    const auto devices =
        nic.names.empty() ? TUTTI_TRY(network_devices(config.iface)) : fmt::format("{}", fmt::join(names, ","));
    return transport::ucx::create(
        {.rank = rank, .devices = devices, .addresses = addresses, .rails = rails, .log = log});
  }
  if (!nic.ports.empty()) names.insert(names.end(), nic.names.begin(), nic.names.end());
  return transport::ofi::create({.rank = rank,
                                 .addresses = addresses,
                                 .nearest = names,
                                 .provider = {},
                                 .rails = rails,
                                 .memory = config.net_memory.value,
                                 .log = log});
}

}  // namespace

Result<std::unique_ptr<Communicator>> Communicator::create(Membership membership) {
  const auto size = membership.world_size;
  if (size < 1) return Error{Code::invalid_argument, fmt::format("a communicator of {} ranks cannot be", size)};
  if (index(membership.rank) < 0 || index(membership.rank) >= size) {
    return Error{Code::invalid_argument,
                 fmt::format("rank {} is not between 0 and {}", index(membership.rank), size - 1)};
  }
  const auto deadline = in(membership.config.init_timeout, SteadyClock().now());
  const auto who = fmt::format("init of rank {} of {} failed", index(membership.rank), size);
  Company company;
  if (size > 1) {
    const Log log(LogLevels::parse(membership.config.log).value(),
                  fmt::format("{} rank {}", membership.name, index(membership.rank)));
    auto joined = bootstrap::Session::join({.id = membership.id,
                                            .rank = membership.rank,
                                            .world_size = size,
                                            .config = &membership.config,
                                            .log = log,
                                            .deadline = deadline});
    if (!joined) return joined.error().within(who);
    company.session = std::move(joined).value();
  }
  auto* const session = company.session.get();
  Founding founding(std::move(membership), std::move(company));
  if (auto founded = talk(founding, session, deadline); !founded) {
    if (session != nullptr) session->fail(founded.error());
    return founded.error().within(who);
  }
  return founding.take();
}

void Communicator::open_paths(Transports transports) {
  paths_ = std::make_unique<PathTable>(std::move(transports), session_.get(), log_);
  if (session_) session_->publish(transport::encode(paths_->card()));
}

// Only those that can be of use: shared memory needs company on the node, a network needs another node, unless shared
// memory is not allowed. Of the networks it is the first that is installed: every rank has the same.
Result<Transports> Communicator::make_transports(const topology::Layout& layout) {
  const Config& config = membership_.config;
  Transports transports;
  if (size() == 1) return transports;
  // Not the whole id: ranks that were told an address have found different addresses of the root.
  const auto key = transport_key(TUTTI_TRY(bootstrap::decode(membership_.id)).key);
  bool has_network = false;
  const std::string last_network = config.transports.back() == "shm" && config.transports.size() > 1
                                       ? config.transports[config.transports.size() - 2]
                                       : config.transports.back();
  for (const std::string& name : config.transports) {
    if (name == "shm" && !is_alone_on_node(layout, rank())) {
      transports.push_back(TUTTI_TRY(transport::shm::create({.rank = rank(),
                                                             .node_id = config.node_id,
                                                             .ring_bytes = config.shm_ring.value,
                                                             .least_read = config.shm_read.value,
                                                             .key = key,
                                                             .epoch = bootstrap::fingerprint(key),
                                                             .log = log_})));
    } else if (name != "shm" && !has_network && needs_network(layout)) {
      auto network = make_network(name, rank(), config, nic_, log_);
      if (!network && network.error().code == Code::transport && !nic_.names.empty()) {
        // Nobody asked for this NIC: that it cannot be used so ends no job.
        nic_.reason = fmt::format("{} would be near, but {}", nic_.name(), network.error().text);
        nic_.names.clear();
        nic_.ports.clear();
        nic_.interfaces.clear();
        network = make_network(name, rank(), config, nic_, log_);
      }
      if (!network && (network.error().code != Code::unsupported || name == last_network)) return network.error();
      if (!network) {
        log_.info("comm", "transport {} is not there: {}", name, network.error().text);
        left_out_.push_back({name, "it is not there: " + network.error().text});
        continue;
      }
      has_network = true;
      transports.push_back(std::move(network).value());
    } else if (name == "shm") {
      left_out_.push_back({name, "this rank is alone on its node"});
    } else {
      left_out_.push_back({name, has_network ? "a network that goes before it is there" : "all ranks share memory"});
    }
  }
  if (transports.empty()) {
    return Error{
        Code::unsupported,
        fmt::format("none of the allowed transports ({}) reaches other nodes: allow ucx or ofi in TUTTI_TRANSPORTS",
                    fmt::join(config.transports, ","))};
  }
  return transports;
}

namespace {

constexpr std::size_t kIdBytes = sizeof(bootstrap::UniqueId);

std::vector<std::byte> encode_choice(std::int32_t color, std::int32_t key) {
  std::vector<std::byte> bytes;
  for (const std::int32_t value : {color, key}) {
    for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<std::byte>(static_cast<std::uint32_t>(value) >> (8 * i)));
  }
  return bytes;
}

std::int32_t decode_number(std::span<const std::byte> bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4 && at + i < bytes.size(); ++i)
    value |= std::to_integer<std::uint32_t>(bytes[at + i]) << (8 * i);
  return static_cast<std::int32_t>(value);
}

}  // namespace

Result<std::unique_ptr<Communicator>> Communicator::split(std::int32_t color, std::int32_t key, const Config& config,
                                                          Deadline deadline) {
  if (auto why = failure()) return why->within("split refused, because the communicator has failed");
  Membership child{.id = {},
                   .rank = Rank{0},
                   .world_size = 1,
                   .config = config,
                   .name = membership_.name + ".split",
                   .root = nullptr,
                   .machine = membership_.machine};
  child.config.rank.reset();
  child.config.world_size.reset();
  if (!session_) return color < 0 ? Result<std::unique_ptr<Communicator>>(nullptr) : create(std::move(child));
  const auto choices = TUTTI_TRY(session_->all_gather(encode_choice(color, key), deadline));
  std::vector<std::pair<std::int32_t, std::int32_t>> members;  // key, rank: in the new order
  for (const auto& choice : choices.blobs()) {
    if (color < 0 || decode_number(choice.bytes, 0) != color) continue;
    std::vector<bootstrap::RankRun> runs;
    for (const auto& pattern : choice.ranks) append_runs(pattern, runs);
    for (const auto& run : runs) {
      for (std::int32_t i = 0; i < run.count; ++i) members.emplace_back(decode_number(choice.bytes, 4), run.first + i);
    }
  }
  std::sort(members.begin(), members.end());
  const auto own =
      std::find_if(members.begin(), members.end(), [&](const auto& member) { return member.second == index(rank()); });
  const bool leads = !members.empty() && own == members.begin() && members.size() > 1;
  std::vector<std::byte> id;
  if (leads) {
    child.root = TUTTI_TRY(bootstrap::Root::start(child.config, log_));
    id.assign(child.root->unique_id().bytes.begin(), child.root->unique_id().bytes.end());
  }
  const auto ids = TUTTI_TRY(session_->all_gather(id, deadline));
  if (color < 0) return std::unique_ptr<Communicator>();
  const auto leader_id = ids.of(to_rank(members.front().second));
  if (leader_id.size() == kIdBytes) std::copy(leader_id.begin(), leader_id.end(), child.id.bytes.begin());
  child.rank = to_rank(own - members.begin());
  child.world_size = static_cast<std::int32_t>(members.size());
  return create(std::move(child));
}

}  // namespace tutti::comm
