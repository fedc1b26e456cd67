#include "base/config.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "base/log.hpp"

extern char** environ;  // NOLINT: POSIX gives the environment this way

namespace tutti {
namespace {

constexpr std::int64_t kMostRanks = 1 << 24;

Setting text(std::string_view variable, std::string_view meaning, std::string Config::*field) {
  return {variable, meaning,
          [field](Config& config, std::string_view value) -> Status {
            config.*field = std::string(value);
            return {};
          },
          [field](const Config& config) { return config.*field; }};
}

Setting duration(std::string_view variable, std::string_view meaning, Duration Config::*field) {
  return {variable, meaning,
          [field](Config& config, std::string_view value) -> Status {
            config.*field = TUTTI_TRY(parse_duration(value));
            return {};
          },
          [field](const Config& config) { return to_string(config.*field); }};
}

Setting size(std::string_view variable, std::string_view meaning, Bytes Config::*field, Bytes low, Bytes high) {
  return {variable, meaning,
          [field, low, high](Config& config, std::string_view value) -> Status {
            const Bytes bytes = TUTTI_TRY(parse_bytes(value));
            if (bytes < low || bytes > high) {
              return Error{Code::invalid_argument,
                           fmt::format("{} is not between {} and {}", value, to_string(low), to_string(high))};
            }
            config.*field = bytes;
            return {};
          },
          [field](const Config& config) { return to_string(config.*field); }};
}

Setting optional_number(std::string_view variable, std::string_view meaning, std::optional<std::int32_t> Config::*field,
                        std::int64_t low) {
  return {variable, meaning,
          [field, low](Config& config, std::string_view value) -> Status {
            config.*field = static_cast<std::int32_t>(TUTTI_TRY(parse_integer(value, low, kMostRanks)));
            return {};
          },
          [field](const Config& config) { return (config.*field) ? std::to_string(*(config.*field)) : std::string(); }};
}

Setting number(std::string_view variable, std::string_view meaning, std::int32_t Config::*field, std::int64_t low,
               std::int64_t high) {
  return {variable, meaning,
          [field, low, high](Config& config, std::string_view value) -> Status {
            config.*field = static_cast<std::int32_t>(TUTTI_TRY(parse_integer(value, low, high)));
            return {};
          },
          [field](const Config& config) { return std::to_string(config.*field); }};
}

Setting flag(std::string_view variable, std::string_view meaning, bool Config::*field) {
  return {variable, meaning,
          [field](Config& config, std::string_view value) -> Status {
            if (value != "0" && value != "1")
              return Error{Code::invalid_argument, fmt::format("'{}' is neither 0 nor 1", value)};
            config.*field = value == "1";
            return {};
          },
          [field](const Config& config) { return std::string(config.*field ? "1" : "0"); }};
}

Status read_transports(Config& config, std::string_view value) {
  static constexpr std::string_view kKnown[] = {"shm", "ucx", "ofi"};
  config.transports.clear();
  for (std::size_t begin = 0; begin <= value.size();) {
    const auto end = std::min(value.find(',', begin), value.size());
    const auto name = value.substr(begin, end - begin);
    if (std::find(std::begin(kKnown), std::end(kKnown), name) == std::end(kKnown)) {
      return Error{Code::invalid_argument, fmt::format("there is no transport '{}'; known are shm, ucx and ofi", name)};
    }
    if (std::find(config.transports.begin(), config.transports.end(), name) != config.transports.end()) {
      return Error{Code::invalid_argument, fmt::format("transport '{}' is named twice", name)};
    }
    config.transports.emplace_back(name);
    begin = end + 1;
  }
  return {};
}

Status read_port_range(Config& config, std::string_view value) {
  const auto dash = value.find('-');
  const auto high_text = dash == std::string_view::npos ? value : value.substr(dash + 1);
  config.port_low = static_cast<std::uint16_t>(TUTTI_TRY(parse_integer(value.substr(0, dash), 1, 65535)));
  config.port_high = static_cast<std::uint16_t>(TUTTI_TRY(parse_integer(high_text, config.port_low, 65535)));
  return {};
}

std::string show_port_range(const Config& config) {
  return config.port_low == 0 ? std::string() : fmt::format("{}-{}", config.port_low, config.port_high);
}

Status read_log(Config& config, std::string_view value) {
  TUTTI_TRY(LogLevels::parse(value));
  config.log = std::string(value);
  return {};
}

std::vector<Setting> make_settings() {
  return {
      optional_number("TUTTI_RANK", "this process's rank, from 0; goes before what a launcher says", &Config::rank, 0),
      optional_number("TUTTI_WORLD_SIZE", "number of ranks of the job", &Config::world_size, 1),
      text("TUTTI_UNIQUE_ID_FILE", "path that all ranks see: rank 0 writes the unique id there, the others wait for it",
           &Config::unique_id_file),
      text("TUTTI_ADDRESS", "host:port where rank 0 listens and the others come; instead of a shared path",
           &Config::address),
      text("TUTTI_KEY_FILE", "file of mode 0600 with at least 32 bytes: the job's key when TUTTI_ADDRESS is used",
           &Config::key_file),
      text("TUTTI_NODE_ID", "name of this node; ranks with different names do not share memory", &Config::node_id),
      text("TUTTI_IFACE", "network interfaces to use: prefixes with commas, '=' exact, '^' all but these",
           &Config::iface),
      {"TUTTI_PORT_RANGE", "ports to listen on, as 20000-20100, for firewalls; any free port when unset",
       read_port_range, show_port_range},
      {"TUTTI_TRANSPORTS", "transports that may be used, best first: shm,ucx,ofi", read_transports,
       [](const Config& config) { return fmt::format("{}", fmt::join(config.transports, ",")); }},
      number("TUTTI_RAILS", "most NICs that a rank uses together, of those that are equally fast, 1 to 8",
             &Config::rails, 1, 8),
      size("TUTTI_NET_MEMORY", "bytes of packets that a rank holds for networks, over all its NICs, 256K to 1G",
           &Config::net_memory, {std::uint64_t{256} << 10}, {std::uint64_t{1} << 30}),
      duration("TUTTI_TIMEOUT", "time within which a collective completes or fails", &Config::timeout),
      duration("TUTTI_INIT_TIMEOUT", "time within which all ranks must have come", &Config::init_timeout),
      duration("TUTTI_SPIN", "time that a waiting rank polls before it sleeps, where every rank has a core",
               &Config::spin),
      text("TUTTI_ALGO", "forces algorithms, as 'all_reduce:ring;all_gather:circulant'", &Config::algorithm),
      text("TUTTI_PLAN", "files with plans of your own, with ';' between: tutti.plan/1, tutti.program/1 or MSCCL's XML",
           &Config::plans),
      text("TUTTI_FABRIC", "what the planner knows of the cluster: a preset's name, or a file (tutti.fabric/1)",
           &Config::fabric),
      text("TUTTI_TUNING",
           "file of what was measured (tutti.tuning/1, by 'tutti tune'), or off; tutti/tuning.json in the cache if "
           "unset",
           &Config::tuning),
      flag("TUTTI_DETERMINISTIC", "1: the same bits whatever the transport and the algorithm", &Config::deterministic),
      size(
          "TUTTI_SHM_RING",
          "bytes of the shared ring to one peer on this node, 4K to 64M; beyond ten peers at most 64K; unset, those of "
          "a group of experts are 1M together, and 64K at least",
          &Config::shm_ring, {4096}, {std::uint64_t{64} << 20}),
      size("TUTTI_SHM_READ",
           "from how many bytes on a rank of this node reads a message out of its sender's memory, where it may; 0: "
           "never",
           &Config::shm_read, {0}, {std::uint64_t{1} << 40}),
      size("TUTTI_STAGING", "bytes that one collective may stage outside the user's buffers, 64K to 1G",
           &Config::staging, {65536}, {std::uint64_t{1} << 30}),
      {"TUTTI_LOG", "warn, info, debug or off; per room as 'warn,bootstrap:debug'", read_log,
       [](const Config& config) { return config.log; }},
  };
}

Error unknown_variable(std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& setting : settings()) names.push_back(setting.variable);
  return {Code::invalid_argument,
          fmt::format("there is no setting {}; the nearest is {} (tutti info lists all)", name, nearest(name, names))};
}

// As the XDG base directories are defined: a path that is not absolute counts as unset.
void read_cache(Config& config, std::string_view name, std::string_view value) {
  if (!value.starts_with('/')) return;
  if (name == "XDG_CACHE_HOME") config.cache = std::string(value);
  if (name == "HOME" && config.cache.empty()) config.cache = std::string(value) + "/.cache";
}

}  // namespace

const std::vector<Setting>& settings() {
  static const std::vector<Setting> kAll = make_settings();
  return kAll;
}

Result<Config> read_config(std::span<const char* const> environment) {
  Config config;
  for (const std::string_view entry : environment) {
    const auto equals = entry.find('=');
    if (equals == std::string_view::npos) continue;
    const auto name = entry.substr(0, equals);
    const auto value = entry.substr(equals + 1);
    read_cache(config, name, value);
    if (!entry.starts_with("TUTTI_")) continue;
    const auto known =
        std::find_if(settings().begin(), settings().end(), [&](const Setting& s) { return s.variable == name; });
    if (known == settings().end()) return unknown_variable(name);
    if (value.empty()) continue;  // as unset
    if (auto read = known->read(config, value); !read) return read.error().within(std::string(name));
    config.origin[std::string(name)] = "environment";
  }
  if (config.rank && config.world_size && *config.rank >= *config.world_size) {
    return Error{Code::invalid_argument, fmt::format("TUTTI_RANK is {} but TUTTI_WORLD_SIZE is {}: ranks count from 0",
                                                     *config.rank, *config.world_size)};
  }
  return config;
}

std::string tuning_file(const Config& config) {
  if (config.tuning == "off") return {};
  if (!config.tuning.empty()) return config.tuning;
  return config.cache.empty() ? std::string() : config.cache + "/tutti/tuning.json";
}

std::vector<const char*> process_environment() {
  std::vector<const char*> all;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) all.push_back(*entry);
  return all;
}

std::string nearest(std::string_view text, std::span<const std::string_view> known) {
  std::string_view best;
  std::size_t best_distance = SIZE_MAX;
  std::vector<std::size_t> row;
  for (const auto& candidate : known) {  // Levenshtein's distance, one row at a time
    row.resize(candidate.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < text.size(); ++i) {
      std::size_t diagonal = std::exchange(row[0], i + 1);
      for (std::size_t j = 0; j < candidate.size(); ++j) {
        const std::size_t replaced = diagonal + (text[i] == candidate[j] ? 0 : 1);
        diagonal = row[j + 1];
        row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return std::string(best);
}

}  // namespace tutti
