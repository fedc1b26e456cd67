// What the library says about itself, as JSON.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/edge.hpp"
#include "api/ep_rings.hpp"
#include "comm/files.hpp"
#include "comm/nic.hpp"
#include "kernels/kernels.hpp"
#include "plan/algorithms/catalogue.hpp"
#include "transports/ofi/ofi.hpp"
#include "transports/packets/flow.hpp"
#include "transports/packets/header.hpp"
#include "transports/shm/ring.hpp"
#include "transports/shm/shm.hpp"
#include "transports/ucx/ucx.hpp"

namespace tutti::api {
namespace {

using json = nlohmann::ordered_json;  // people read it in the order in which it was written

/// What a rank may hold of a transport for messages at most.
struct Holding {
  std::uint64_t bytes = 0;
  std::uint64_t bytes_per_peer = 0;
  const char* limited_by = nullptr;
  std::uint64_t bytes_per_expert_group = 0;  // in all its rings
};

// A ring for messages and one for puts; a group of experts on a node of two ranks.
Holding held_by_shm(const Config& config) {
  const auto ring = [](Bytes bytes) { return transport::shm::RingShape::of(bytes.value).segment_bytes(); };
  return {0, 2 * ring(config.shm_ring), "TUTTI_SHM_RING", ring(expert_ring(config, 1))};
}
// What came before its receive, and a packet.
Holding held_by_networks(std::uint64_t packets, const char* limited_by) {
  return {packets, transport::packets::Allowance::kUnasked + transport::packets::kPacketBytes, limited_by};
}

json describe_transport(const char* name, const char* what, const Holding& holds, const Status& available) {
  json entry{{"name", name},
             {"what", what},
             {"holds_bytes", holds.bytes},
             {"and_for_each_peer", holds.bytes_per_peer},
             {"for_each_expert_group", holds.bytes_per_expert_group},
             {"limited_by", holds.limited_by},
             {"usable", static_cast<bool>(available)}};
  if (!available) entry["reason"] = available.error().text;
  return entry;
}

json describe_settings(const Config& config) {
  const Config defaults;
  json all = json::array();
  for (const Setting& setting : settings()) {
    const auto origin = config.origin.find(setting.variable);
    all.push_back({{"variable", setting.variable},
                   {"value", setting.show(config)},
                   {"default", setting.show(defaults)},
                   {"origin", origin == config.origin.end() ? "default" : origin->second},
                   {"meaning", setting.meaning}});
  }
  return all;
}

json describe_algorithms() {
  json all = json::array();
  for (const plan::Method& method : plan::methods()) {
    json needs = json::array();
    const auto any = [&](bool plan::Algorithm::*restriction) {
      return (method.down != nullptr && method.down->*restriction) || (method.up != nullptr && method.up->*restriction);
    };
    if (any(&plan::Algorithm::power_of_two)) needs.push_back("a power of two of ranks");
    if (any(&plan::Algorithm::commutative)) needs.push_back("a commutative operator");
    if (method.all_levels) needs.push_back("regular levels");
    all.push_back(
        {{"collective", to_string(method.collective)}, {"name", method.name}, {"wins", method.wins}, {"needs", needs}});
  }
  return all;
}

// What a rank alone on this machine would use: how many share a NIC is known in a job only.
json describe_nics(const Config& config) {
  const comm::NicSurvey survey = comm::survey_nics(config.iface);
  json all = json::array();
  if (survey.nics.size() < 2) return {{{"name", "any"}, {"because", survey.why_not}}};
  const auto machine = topology::discover();
  if (!machine) return {{{"name", "any"}, {"because", machine.error().text}}};
  const auto node = comm::choose_for_node(*machine, survey, {machine->bound});
  const auto use = comm::use_of(node, 0, machine->bound);
  for (const auto& nic : survey.nics) {
    const auto placed = std::ranges::find(node.nics, nic.name, &comm::NodeNics::Nic::name);
    all.push_back(
        {{"name", nic.name},
         {"networks", nic.networks},
         {"near", placed == node.nics.end() ? "unknown" : placed->near},
         {"because", std::ranges::find(use.names, nic.name) != use.names.end() ? "taken: " + use.reason : ""}});
  }
  if (use.names.empty()) all.push_back({{"name", "any"}, {"because", use.reason}});
  return all;
}

// What was measured, site by site: jobs at these sites follow it.
json describe_tuning(const Config& config) {
  if (config.tuning == "off") return json::array({{{"file", "off"}, {"because", "TUTTI_TUNING=off"}}});
  const std::string path = tuning_file(config);
  const auto measured = comm::read_measured(config);
  const std::string why = measured ? measured->ignored : measured.error().text;
  if (!why.empty()) return json::array({{{"file", path}, {"because", why}}});
  if (measured->file.empty())
    return json::array({{{"file", path}, {"because", "nothing was measured: see tutti tune"}}});
  json all = json::array();
  for (const plan::TunedSite& one : measured->table.sites)
    all.push_back({{"file", path},
                   {"fingerprint", one.site.fingerprint},
                   {"site", one.site.describe()},
                   {"links", one.links ? "measured" : "as without"},
                   {"choices", one.choices.size()}});
  return all;
}

std::string info_text() {
  const Config config = environment_config() ? *environment_config() : Config{};
  json info{{"schema", "tutti.info/1"},
            {"version", fmt::format("{}.{}.{}", TUTTI_MAJOR, TUTTI_MINOR, TUTTI_PATCH)},
            {"compiler", __VERSION__},
            {"instruction_set", kernels::instruction_set()},
            {"transports",
             {describe_transport("shm", "ranks on one node, through shared memory", held_by_shm(config),
                                 transport::shm::available()),
              describe_transport("ucx", "InfiniBand, RoCE and TCP, through UCX",
                                 held_by_networks(0, "nothing; what UCX itself holds is not counted"),
                                 transport::ucx::available()),
              describe_transport("ofi", "EFA, Slingshot, verbs and TCP, through libfabric",
                                 held_by_networks(config.net_memory.value, "TUTTI_NET_MEMORY"),
                                 transport::ofi::available())}},
            {"nics", describe_nics(config)},
            {"tuning", describe_tuning(config)},
            {"algorithms", describe_algorithms()},
            {"settings", describe_settings(config)}};
  if (!environment_config()) info["error"] = environment_config().error().text;
  return info.dump(2);
}

Result<plan::Collective> collective_of(tuttiCollective_t collective) {
  switch (collective) {
    case tuttiCollAllReduce:
      return plan::Collective::all_reduce;
    case tuttiCollReduce:
      return plan::Collective::reduce;
    case tuttiCollBroadcast:
      return plan::Collective::broadcast;
    case tuttiCollReduceScatter:
      return plan::Collective::reduce_scatter;
    case tuttiCollAllGather:
      return plan::Collective::all_gather;
    case tuttiCollBarrier:
      return plan::Collective::barrier;
    case tuttiCollGather:
      return plan::Collective::gather;
    case tuttiCollScatter:
      return plan::Collective::scatter;
    case tuttiCollAlltoAll:
      return plan::Collective::all_to_all;
    default:
      return Error{Code::invalid_argument, fmt::format("collective {} has no plan", static_cast<int>(collective))};
  }
}

json describe_site(const plan::Site& site) {
  return {{"fingerprint", site.fingerprint}, {"ranks", site.ranks}, {"nodes", site.nodes}, {"levels", site.levels},
          {"transports", site.transports},   {"cores", site.cores}, {"cpu", site.cpu}};
}

// The levels of the model with their numbers, innermost first, and the runs of groups that they are made of.
json describe_fabric(const topology::Fabric& fabric) {
  const topology::Levels& levels = *fabric.levels;
  json all = json::array();
  for (int level = 0; level < levels.depth(); ++level) {
    json groups = json::array();
    for (const topology::GroupRun& run : levels.runs(level)) groups.push_back({run.groups, run.size});
    const topology::Link& link = fabric.link(level);
    all.push_back({{"groups", groups},
                   {"latency_us", link.latency_us},
                   {"overhead_us", link.overhead_us},
                   {"bandwidth_GBps", link.bandwidth_GBps},
                   {"uplink_GBps", link.uplink_GBps},
                   {"port", link.port},
                   {"hops", link.hops},
                   {"provenance", topology::to_string(fabric.provenance_of(level))}});
    if (!link.is_moved_by_processors()) continue;
    all.back()["exchange_us"] = link.exchange.us;
    if (!link.window.empty()) all.back()["window_us"] = link.window.us;
    all.back()["combine_GBps"] = link.combine_GBps;
  }
  json document{{"levels", all},
                {"call_us", fabric.call_us},
                {"reduce_GBps", fabric.reduce_GBps},
                {"copy_GBps", fabric.copy_GBps}};
  if (!levels.in_rank_order()) {
    for (std::int32_t position = 0; position < levels.ranks(); ++position)
      document["rank_at"].push_back(index(levels.rank_at(position)));
  }
  return document;
}

const char* chosen_by(const plan::Selection& selection) {
  if (!selection.brought.empty()) return "TUTTI_PLAN";
  if (selection.forced) return "TUTTI_ALGO";
  return selection.tuned ? "TUTTI_TUNING" : "model";
}

json explain(const comm::Communicator& communicator, const plan::Selection& selection) {
  json candidates = json::array();
  for (const auto& candidate : selection.candidates) {
    json entry{{"algorithm", plan::way_of(candidate.plan)},
               {"segments", candidate.plan.segments},
               {"predicted_us", candidate.cost.total_us}};
    if (!candidate.refused.empty()) entry["refused"] = candidate.refused;
    candidates.push_back(entry);
  }
  return {{"schema", "tutti.explain/1"},
          {"algorithm", selection.brought.empty() ? plan::way_of(selection.plan) : selection.brought},
          {"segments", selection.plan.segments},
          {"transports", communicator.transports()},
          {"predicted_us", selection.cost.total_us},
          {"dominant", selection.cost.dominant()},
          {"provenance", topology::to_string(communicator.fabric().provenance)},
          {"chosen_by", chosen_by(selection)},
          {"reason", selection.reason},
          {"deterministic", communicator.deterministic()},
          {"site", describe_site(communicator.site())},
          {"fabric", describe_fabric(communicator.fabric())},
          {"candidates", candidates}};
}

json explain_message(const comm::Communicator& communicator) {
  return {{"schema", "tutti.explain/1"},
          {"algorithm", "message"},
          {"segments", 1},
          {"transports", communicator.transports()},
          {"paths", communicator.paths()},
          {"predicted_us", nullptr},
          {"candidates", json::array()}};
}

}  // namespace
}  // namespace tutti::api

using namespace tutti;
using namespace tutti::api;

tuttiResult_t tuttiInfo(char* buffer, size_t size, size_t* needed) {
  return guarded([&] { return put_text(info_text(), buffer, size, needed); });
}

tuttiResult_t tuttiCommDescribe(tuttiComm_t comm, char* buffer, size_t size, size_t* needed) {
  return guarded([&]() -> Status { return put_text(TUTTI_TRY(usable(comm))->describe(), buffer, size, needed); });
}

tuttiResult_t tuttiExplain(tuttiComm_t comm, tuttiCollective_t collective, size_t count, tuttiDataType_t datatype,
                           tuttiRedOp_t op, char* buffer, size_t size, size_t* needed) {
  return guarded([&]() -> Status {
    auto* const communicator = TUTTI_TRY(usable(comm));
    if (collective == tuttiCollSend || collective == tuttiCollRecv)
      return put_text(explain_message(*communicator).dump(), buffer, size, needed);
    if (static_cast<int>(datatype) < 0 || datatype >= tuttiNumTypes)
      return Error{Code::invalid_argument,
                   fmt::format("datatype is {}: there is no such type", static_cast<int>(datatype))};
    const auto which = TUTTI_TRY(collective_of(collective));
    comm::CollectiveCall call{
        .collective = which, .count = count, .type = static_cast<DataType>(datatype), .op = {.user = {}}};
    if (is_reduction(call.collective)) call.op = TUTTI_TRY(communicator->operators().find(op, call.type));
    return put_text(explain(*communicator, TUTTI_TRY(communicator->explain(call))).dump(), buffer, size, needed);
  });
}
