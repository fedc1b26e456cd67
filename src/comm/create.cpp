// How a communicator comes into being: ranks meet, open their transports, and agree on what plans depend on.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "bootstrap/net/interfaces.hpp"
#include "bootstrap/trust/id_fields.hpp"
#include "comm/communicator.hpp"
#include "comm/facts.hpp"
#include "comm/files.hpp"
#include "topology/fabric/described.hpp"
#include "transports/ofi/ofi.hpp"
#include "transports/shm/shm.hpp"
#include "transports/ucx/ucx.hpp"

namespace tutti::comm {
namespace {

using Transports = std::vector<std::unique_ptr<transport::Transport>>;

bool is_alone_on_node(const topology::Layout& layout, Rank rank) {
  return layout.ranks_on(layout.node_of(rank)) == 1;
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
                                                           const Log& log) {
  if (name == "ucx") {
    const auto devices = TUTTI_TRY(network_devices(config.iface));
    return transport::ucx::create({.rank = rank, .devices = devices, .log = log});
  }
  const auto addresses = TUTTI_TRY(network_addresses(config.iface));
  return transport::ofi::create({.rank = rank, .addresses = addresses, .provider = {}, .log = log});
}

}  // namespace

Result<std::unique_ptr<Communicator>> Communicator::create(Membership membership) {
  const auto size = membership.world_size;
  if (size < 1) return Error{Code::invalid_argument, fmt::format("a communicator of {} ranks cannot be", size)};
  if (index(membership.rank) < 0 || index(membership.rank) >= size) {
    return Error{Code::invalid_argument,
                 fmt::format("rank {} is not between 0 and {}", index(membership.rank), size - 1)};
  }
  std::unique_ptr<Communicator> communicator(new Communicator(std::move(membership)));
  if (auto met = communicator->meet(); !met) {
    const std::string who = fmt::format("init of rank {} of {} failed", index(communicator->rank()), size);
    if (communicator->session_) communicator->session_->fail(met.error());
    return met.error().within(who);
  }
  return communicator;
}

Status Communicator::meet() {
  const Config& config = membership_.config;
  const Deadline deadline = in(config.init_timeout, clock_.now());
  topology::Layout layout = topology::Layout::regular(1, 1);
  if (size() > 1) {
    session_ = TUTTI_TRY(bootstrap::Session::join({.id = membership_.id,
                                                   .rank = rank(),
                                                   .world_size = size(),
                                                   .config = &config,
                                                   .log = log_,
                                                   .deadline = deadline}));
    layout = session_->layout();
  }
  paths_ = std::make_unique<PathTable>(TUTTI_TRY(make_transports(layout)), session_.get(), log_);
  if (session_) session_->publish(transport::encode(paths_->card()));
  plans_ = std::make_unique<PlanCache>(TUTTI_TRY(agree_on_choosing(layout, deadline)), rank());
  engine_ = std::make_unique<engine::Engine>(*paths_, config.staging);
  log_.info("comm", "ranks {} nodes {} transports {} crowded {}", size(), layout.nodes(), fmt::join(transports(), ","),
            crowded_);
  return {};
}

// Only those that can be of use: shared memory needs company on the node, a network needs another node, unless shared
// memory is not allowed. Of the networks it is the first that is installed: every rank has the same.
Result<Transports> Communicator::make_transports(const topology::Layout& layout) {
  const Config& config = membership_.config;
  Transports transports;
  if (size() == 1) return transports;
  const auto fields = TUTTI_TRY(bootstrap::decode(membership_.id));
  const auto allowed = [&](std::string_view name) {
    return std::find(config.transports.begin(), config.transports.end(), name) != config.transports.end();
  };
  bool has_network = false;
  const std::string last_network = config.transports.back() == "shm" && config.transports.size() > 1
                                       ? config.transports[config.transports.size() - 2]
                                       : config.transports.back();
  for (const std::string& name : config.transports) {
    if (name == "shm" && !is_alone_on_node(layout, rank())) {
      transports.push_back(TUTTI_TRY(transport::shm::create({.rank = rank(),
                                                             .node_id = config.node_id,
                                                             .ring_bytes = config.shm_ring.value,
                                                             .key = transport_key(fields.key),
                                                             .epoch = bootstrap::fingerprint(membership_.id.bytes),
                                                             .log = log_})));
    } else if (name != "shm" && !has_network && (layout.nodes() > 1 || !allowed("shm"))) {
      auto network = make_network(name, rank(), config, log_);
      if (!network && (network.error().code != Code::unsupported || name == last_network)) return network.error();
      if (!network) {
        log_.info("comm", "transport {} is not there: {}", name, network.error().text);
        continue;
      }
      has_network = true;
      transports.push_back(std::move(network).value());
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

Result<Choosing> Communicator::agree_on_choosing(const topology::Layout& layout, Deadline deadline) {
  const Config& config = membership_.config;
  std::vector<Facts> facts{own_facts(config)};
  const auto brought = TUTTI_TRY(read_plans(config.plans));
  facts.front().plans = brought->fingerprint;
  const BroughtFabric described = TUTTI_TRY(read_fabric(config.fabric));
  facts.front().fabric = described.fingerprint;
  const auto measured = TUTTI_TRY(read_measured(config.tuning));
  facts.front().tuning = measured.fingerprint;
  if (session_) {
    const auto encoded = TUTTI_TRY(session_->all_gather(encode(facts.front()), deadline));
    facts.clear();
    for (const auto& bytes : encoded) facts.push_back(TUTTI_TRY(decode_facts(bytes)));
  }
  TUTTI_TRY(check_agreement(facts));
  const std::int32_t my_node = layout.node_of(rank());
  crowded_ = layout.ranks_on(my_node) > cores_of(facts, layout, my_node);
  Choosing choosing;
  choosing.layout = layout;
  choosing.forced = TUTTI_TRY(plan::ForcedAlgorithms::parse(config.algorithm));
  choosing.brought = brought;
  for (const plan::Brought& one : brought->plans) {
    if (one.ranks != size() && rank() == Rank{0})
      log_.warn("comm", "plan {} is for {} ranks and is not used by these {}: name one for {} in TUTTI_PLAN", one.name,
                one.ranks, size(), size());
  }
  choosing.deterministic = config.deterministic;
  choosing.staging = config.staging;
  choosing.links.cores = cores_of(facts, layout, fullest_node(layout));
  choosing.fabric = topology::fabric_of(layout, choosing.links);
  if (described.description) {
    topology::Job job{.layout = &choosing.layout, .nodes = {}, .links = choosing.links};
    job.nodes = TUTTI_TRY(places_of(facts, layout, *described.description));
    choosing.fabric = TUTTI_TRY(topology::fabric_of(*described.description, job));
    log_.info("comm", "fabric {} levels {} numbers {}", described.fingerprint, choosing.fabric.levels->describe(),
              to_string(choosing.fabric.provenance));
  }
  choosing.site = plan::Site::of(*choosing.fabric.levels, layout.nodes(), facts.front().transports, cpus_of(facts),
                                 choosing.links.cores);
  if (const auto* const tuned = measured.table.find(choosing.site.fingerprint); tuned != nullptr) {
    choosing.tuned = *tuned;
  } else if (!measured.fingerprint.empty() && size() > 1 && rank() == Rank{0}) {
    log_.warn("comm", "TUTTI_TUNING {} has nothing that was measured here ({}) and is not used: run tutti perf --tune",
              config.tuning, choosing.site.describe());
  }
  return choosing;
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
                   .root = nullptr};
  child.config.rank.reset();
  child.config.world_size.reset();
  if (!session_) return color < 0 ? Result<std::unique_ptr<Communicator>>(nullptr) : create(std::move(child));
  const auto choices = TUTTI_TRY(session_->all_gather(encode_choice(color, key), deadline));
  std::vector<std::pair<std::int32_t, std::int32_t>> members;  // key, rank: in the new order
  for (std::int32_t other = 0; other < size(); ++other) {
    const auto& choice = choices[static_cast<std::size_t>(other)];
    if (color >= 0 && decode_number(choice, 0) == color) members.emplace_back(decode_number(choice, 4), other);
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
  const auto& leader_id = ids[static_cast<std::size_t>(members.front().second)];
  if (leader_id.size() == kIdBytes) std::copy(leader_id.begin(), leader_id.end(), child.id.bytes.begin());
  child.rank = to_rank(own - members.begin());
  child.world_size = static_cast<std::int32_t>(members.size());
  return create(std::move(child));
}

}  // namespace tutti::comm
