// What the library says about itself, as JSON.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "api/edge.hpp"
#include "kernels/kernels.hpp"
#include "plan/algorithms/catalogue.hpp"
#include "transports/ofi/ofi.hpp"
#include "transports/shm/shm.hpp"
#include "transports/ucx/ucx.hpp"

namespace tutti::api {
namespace {

using json = nlohmann::ordered_json;  // people read it in the order in which it was written

json describe_transport(const char* name, const char* what, const Status& available) {
  json entry{{"name", name}, {"what", what}, {"usable", static_cast<bool>(available)}};
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

std::string info_text() {
  const Config config = environment_config() ? *environment_config() : Config{};
  json info{
      {"schema", "tutti.info/1"},
      {"version", fmt::format("{}.{}.{}", TUTTI_MAJOR, TUTTI_MINOR, TUTTI_PATCH)},
      {"compiler", __VERSION__},
      {"instruction_set", kernels::instruction_set()},
      {"transports",
       {describe_transport("shm", "ranks on one node, through shared memory", transport::shm::available()),
        describe_transport("ucx", "InfiniBand, RoCE and TCP, through UCX", transport::ucx::available()),
        describe_transport("ofi", "EFA, Slingshot, verbs and TCP, through libfabric", transport::ofi::available())}},
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
          {"provenance", topology::to_string(communicator.links().provenance)},
          {"chosen_by", chosen_by(selection)},
          {"reason", selection.reason},
          {"deterministic", communicator.deterministic()},
          {"site", describe_site(communicator.site())},
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
