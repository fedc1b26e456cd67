#include <fmt/format.h>

#include "base/bytes.hpp"
#include "bootstrap/launchers/exchange.hpp"
#include "bootstrap/launchers/pmi_wire.hpp"

namespace tutti::bootstrap {
namespace {

constexpr std::size_t kLongestText = 4096;

std::string key_of(std::size_t piece) {
  return fmt::format("tutti-id-{}", piece);
}

// In pieces, as values may be short.
Status put_in_pieces(PmiWire& wire, const std::string& text) {
  const auto most = wire.longest_value() - 1;
  std::size_t piece = 0;
  for (std::size_t begin = 0; begin < text.size(); begin += most) {
    TUTTI_TRY(wire.put(key_of(++piece), text.substr(begin, most)));
  }
  return wire.put(key_of(0), std::to_string(piece));
}

Result<std::string> get_pieces(PmiWire& wire) {
  const auto pieces = TUTTI_TRY(parse_integer(TUTTI_TRY(wire.get(key_of(0))), 1, kLongestText));
  std::string text;
  for (std::int64_t piece = 1; piece <= pieces; ++piece)
    text += TUTTI_TRY(wire.get(key_of(static_cast<std::size_t>(piece))));
  return text;
}

// Slurm's plugin serves PMI-2 best; everybody else's launcher speaks PMI-1 unless it says otherwise.
bool prefers_pmi2(const Environment& environment) {
  return environment.find("PMI_VERSION") == "2" || environment.find("SLURM_PROCID").has_value();
}

}  // namespace

Result<std::string> exchange_by_pmi(const Environment& environment, const Offer& offer) {
  const auto fd_text = environment.find("PMI_FD");
  if (!fd_text) {
    return Error{Code::unsupported,
                 "PMI_RANK is set but PMI_FD is not: this kind of PMI is not supported; set "
                 "TUTTI_UNIQUE_ID_FILE or TUTTI_ADDRESS"};
  }
  const auto fd = parse_integer(*fd_text, 0, INT32_MAX);
  if (!fd) return fd.error().within("PMI_FD");
  const auto say = [&](std::string_view name) { return std::string(environment.find(name).value_or("")); };
  const auto job = say("PMI_JOBID").empty() ? say("PMI_ID") : say("PMI_JOBID");
  const auto wire = prefers_pmi2(environment) ? make_pmi2(static_cast<int>(*fd), job, say("PMI_RANK"), offer.deadline)
                                              : make_pmi1(static_cast<int>(*fd), offer.deadline);
  TUTTI_TRY(wire->begin());
  if (!offer.mine.empty()) TUTTI_TRY(put_in_pieces(*wire, offer.mine));
  TUTTI_TRY(wire->fence());
  auto theirs = TUTTI_TRY(get_pieces(*wire));
  TUTTI_TRY(wire->end());
  return theirs;
}

}  // namespace tutti::bootstrap
