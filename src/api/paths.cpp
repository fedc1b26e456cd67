// The way from one rank to another, as JSON.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "api/edge.hpp"

namespace tutti::api {
namespace {

using json = nlohmann::ordered_json;  // people read it in the order in which it was written

json describe_way(const comm::Communicator& communicator, Rank peer) {
  const auto way = communicator.way_to(peer);
  const comm::NicUse& nic = communicator.nic();
  json considered = json::array();
  for (const comm::Verdict& verdict : way.verdicts)
    considered.push_back({{"transport", verdict.transport}, {"verdict", verdict.text}});
  const bool found = way.transport != nullptr;
  return {{"schema", "tutti.path/1"},
          {"rank", index(communicator.rank())},
          {"peer", index(peer)},
          {"node", way.node},
          {"peer_node", way.peer_node},
          {"same_node", way.same_node},
          {"transport", found ? json(way.transport->name()) : json(nullptr)},
          {"path", found ? json(way.transport->describe()) : json(nullptr)},
          {"considered", considered},
          {"nic", {{"name", nic.name()}, {"reason", nic.reason}, {"near", nic.near.text()}, {"advice", nic.advice}}},
          {"level",
           {{"name", way.level},
            {"latency_us", way.link.latency_us},
            {"bandwidth_GBps", way.link.bandwidth_GBps},
            {"provenance", topology::to_string(way.provenance)}}}};
}

}  // namespace
}  // namespace tutti::api

using namespace tutti;
using namespace tutti::api;

tuttiResult_t tuttiExplainPath(tuttiComm_t comm, int peer, char* buffer, size_t size, size_t* needed) {
  return guarded([&]() -> Status {
    auto* const communicator = TUTTI_TRY(usable(comm));
    if (peer < 0 || peer >= communicator->size())
      return Error{Code::invalid_argument,
                   fmt::format("peer is {}: it must be between 0 and {}", peer, communicator->size() - 1)};
    return put_text(describe_way(*communicator, Rank{peer}).dump(), buffer, size, needed);
  });
}
