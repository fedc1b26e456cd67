#include "bootstrap/identity.hpp"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "bootstrap/launchers/environment.hpp"

namespace tutti::bootstrap {
namespace {

constexpr std::int64_t kMostRanks = 1 << 24;

// A launcher's pair of variables.
struct Source {
  std::string_view name;
  std::string_view rank;
  std::string_view size;
  bool inherited;  // may be left over from an outer launcher: asked only where no other source speaks
};

// In order of trust. Slurm's numbers are inherited: under `srun torchrun` they are the agent's, under `mpirun` in a
// batch script those of the script's own step. SLURM_NTASKS alone is an allocation's (salloc) and no source at all.
constexpr std::array kSources = {
    Source{"torchrun", "RANK", "WORLD_SIZE", false},
    Source{"pmix", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", false},
    Source{"pmi", "PMI_RANK", "PMI_SIZE", false},
    Source{"slurm", "SLURM_PROCID", "SLURM_NTASKS", true},
};

constexpr std::string_view kHowToChoose = "set TUTTI_RANK and TUTTI_WORLD_SIZE to choose";

Result<Identity> read_pair(const Source& source, std::string_view rank_text, std::string_view size_text) {
  const auto say = [&](std::string_view variable) { return fmt::format("{} (from {})", variable, source.name); };
  const auto rank = parse_integer(rank_text, 0, kMostRanks - 1);
  if (!rank) return rank.error().within(say(source.rank));
  const auto size = parse_integer(size_text, 1, kMostRanks);
  if (!size) return size.error().within(say(source.size));
  if (*rank >= *size) {
    return Error{Code::invalid_argument, fmt::format("{} is {} but {} is {}: ranks count from 0; {}", source.rank,
                                                     *rank, source.size, *size, kHowToChoose)};
  }
  return Identity{to_rank(*rank), static_cast<std::int32_t>(*size), std::string(source.name)};
}

Error half(std::string_view given, std::string_view missing) {
  return {Code::invalid_argument,
          fmt::format("{} is set but {} is not: both are needed; {}", given, missing, kHowToChoose)};
}

Result<std::optional<Identity>> ask(const Source& source, const Environment& environment) {
  const auto rank = environment.find(source.rank);
  const auto size = environment.find(source.size);
  if (!rank && !size) return std::optional<Identity>{};
  if (source.inherited && !rank) return std::optional<Identity>{};
  if (!rank) return half(source.size, source.rank);
  if (!size) return half(source.rank, source.size);
  return std::optional(TUTTI_TRY(read_pair(source, *rank, *size)));
}

Result<std::optional<Identity>> ask_explicit(const Config& config) {
  if (!config.rank && !config.world_size) return std::optional<Identity>{};
  if (!config.rank) return half("TUTTI_WORLD_SIZE", "TUTTI_RANK");
  if (!config.world_size) return half("TUTTI_RANK", "TUTTI_WORLD_SIZE");
  if (*config.rank < 0 || *config.world_size < 1 || *config.rank >= *config.world_size) {
    return Error{Code::invalid_argument, fmt::format("TUTTI_RANK is {} but TUTTI_WORLD_SIZE is {}: ranks count from 0",
                                                     *config.rank, *config.world_size)};
  }
  return std::optional(Identity{to_rank(*config.rank), *config.world_size, "TUTTI_RANK"});
}

Error contradiction(const Identity& one, const Identity& other) {
  const auto say = [](const Identity& who) {
    return fmt::format("{} says rank {} of {}", who.source, index(who.rank), who.world_size);
  };
  return {Code::invalid_argument,
          fmt::format("two launchers contradict each other: {}, {}; {}", say(one), say(other), kHowToChoose)};
}

}  // namespace

Result<Identity> identify(const Config& config, std::span<const char* const> environment) {
  if (auto chosen = TUTTI_TRY(ask_explicit(config))) return *std::move(chosen);
  const Environment variables(environment);
  std::optional<Identity> first;
  for (const auto& source : kSources) {
    if (first && source.inherited) continue;
    const auto said = TUTTI_TRY(ask(source, variables));
    if (!said) continue;
    if (!first) {
      first = said;
    } else if (first->rank != said->rank || first->world_size != said->world_size) {
      return contradiction(*first, *said);
    }
  }
  if (first) return *std::move(first);
  if (variables.find("PMIX_RANK")) {  // a bare PMIx server, as prun's, which leaves the size to a query
    return half("PMIX_RANK", "the number of ranks");
  }
  return Identity{Rank{}, 1, "none (one rank)"};
}

}  // namespace tutti::bootstrap
