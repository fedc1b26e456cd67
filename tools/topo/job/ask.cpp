#include "tools/topo/job/ask.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "topology/node/distance.hpp"

namespace tutti::topo {
namespace {

using job::checked;
using job::Member;
using Json = nlohmann::ordered_json;

// Where this process may run, and what could be better about that where the library has no choice of NICs.
Json own_place() {
  const auto machine = topology::discover(topology::Drivers::left_alone);
  if (!machine) return {{"cpus", ""}, {"advice", Json::array()}};
  Json advice = Json::array();
  for (const std::string& one : topology::advice(*machine, {{machine->bound, -1}}))
    advice.push_back(one.substr(one.find(": ") + 2));  // without the number that a seat has there
  return {{"cpus", machine->bound.text()}, {"advice", advice}};
}

Result<std::string> own_view(Member& member, int peer) {
  // A path is found when it is first needed.
  std::byte sent{};
  std::byte received{};
  TUTTI_TRY(checked(tuttiGroupStart(), "group"));
  TUTTI_TRY(member.send({&sent, 1}, peer));
  TUTTI_TRY(member.receive({&received, 1}, peer));
  TUTTI_TRY(checked(tuttiGroupEnd(), "greeting", member.comm()));
  std::size_t needed = 0;
  TUTTI_TRY(checked(tuttiExplainPath(member.comm(), peer, nullptr, 0, &needed), "asking for the path", member.comm()));
  std::string text(needed, '\0');
  TUTTI_TRY(checked(tuttiExplainPath(member.comm(), peer, text.data(), text.size(), nullptr), "asking for the path",
                    member.comm()));
  Json view = Json::parse(text.c_str(), nullptr, false);
  if (!view.is_object()) return Error{Code::internal, "the library does not say over which path it sends"};
  view["place"] = own_place();
  return view.dump();
}

std::string on_node(const Json& view) {
  const auto node = view.value("node", std::string());
  return node.empty() ? std::string() : fmt::format(" (node {})", node);
}

// A rank, how it reaches others, and what could be better.
std::string describe_end(const Json& view) {
  const Json& nic = view.at("nic");
  const Json& place = view.at("place");
  const auto rank = view.at("rank").get<int>();
  const auto name = nic.at("name").get<std::string>();
  std::string text =
      fmt::format("  rank {} may run on processors {}; NIC {}: {}\n", rank, place.at("cpus").get<std::string>(),
                  name.empty() ? "any" : name, nic.at("reason").get<std::string>());
  if (const auto advice = nic.at("advice").get<std::string>(); !advice.empty()) {
    text += fmt::format("  better: rank {}: {}\n", rank, advice);
  } else if (name.empty()) {
    for (const auto& one : place.at("advice"))
      text += fmt::format("  better: rank {}: {}\n", rank, one.get<std::string>());
  }
  return text;
}

std::string describe(const Json& one, const Json& other) {
  const bool together = one.at("same_node").get<bool>();
  const Json& level = one.at("level");
  std::string text =
      fmt::format("rank {}{} and rank {}{} are on {}\n", one.at("rank").get<int>(), on_node(one),
                  other.at("rank").get<int>(), on_node(other), together ? "one node" : "different nodes");
  text += fmt::format("  they meet at level {}; plans reckon with {:g} GB/s and {:g} us there ({})\n",
                      level.at("name").get<std::string>(), level.at("bandwidth_GBps").get<double>(),
                      level.at("latency_us").get<double>(), level.at("provenance").get<std::string>());
  text += fmt::format("  carried by {} over \"{}\"\n", one.at("transport").get<std::string>(),
                      one.at("path").get<std::string>());
  for (const Json& each : one.at("considered"))
    text += fmt::format("    {}: {}\n", each.at("transport").get<std::string>(), each.at("verdict").get<std::string>());
  return text + describe_end(one) + describe_end(other);
}

}  // namespace

Result<std::optional<std::string>> ask(Member& member, int one, int other, bool as_json) {
  std::optional<std::string> answer;
  const int peer = member.rank() == one ? other : one;
  if (member.rank() == one || member.rank() == other) {
    const std::string mine = TUTTI_TRY(own_view(member, peer));
    std::uint64_t size = mine.size();
    const auto size_bytes = std::as_writable_bytes(std::span(&size, 1));
    if (member.rank() == other) {
      TUTTI_TRY(member.send(size_bytes, one));
      TUTTI_TRY(member.send(std::as_bytes(std::span(mine)), one));
    } else {
      TUTTI_TRY(member.receive(size_bytes, other));
      std::string theirs(size, '\0');
      TUTTI_TRY(member.receive(std::as_writable_bytes(std::span(theirs)), other));
      const Json views = {{"schema", "tutti.why/1"}, {"one", Json::parse(mine)}, {"other", Json::parse(theirs)}};
      answer = as_json ? views.dump(2) + "\n" : describe(views.at("one"), views.at("other"));
    }
  }
  TUTTI_TRY(member.barrier());
  return answer;
}

}  // namespace tutti::topo
