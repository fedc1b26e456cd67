// Every setting of the library: meaning, default, unit, range and variable, in one place, read once.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

namespace tutti {

enum class LogLevel : std::uint8_t { off, warn, info, debug };

/// The values in force. A value type: it is made once, from the environment or by a program, and passed down.
struct Config {
  std::optional<std::int32_t> rank;        // TUTTI_RANK
  std::optional<std::int32_t> world_size;  // TUTTI_WORLD_SIZE
  std::string unique_id_file;              // TUTTI_UNIQUE_ID_FILE
  std::string address;                     // TUTTI_ADDRESS
  std::string key_file;                    // TUTTI_KEY_FILE
  std::string node_id;                     // TUTTI_NODE_ID
  std::string iface;                       // TUTTI_IFACE
  std::uint16_t port_low = 0;              // TUTTI_PORT_RANGE
  std::uint16_t port_high = 0;
  std::vector<std::string> transports = {"shm", "ucx", "ofi"};  // TUTTI_TRANSPORTS
  std::int32_t rails = 8;                                       // TUTTI_RAILS
  Bytes net_memory = {std::uint64_t{2} * 1024 * 1024};          // TUTTI_NET_MEMORY
  Duration timeout = std::chrono::seconds(30);                  // TUTTI_TIMEOUT
  Duration init_timeout = std::chrono::seconds(60);             // TUTTI_INIT_TIMEOUT
  Duration spin = std::chrono::microseconds(200);               // TUTTI_SPIN
  std::string algorithm;                                        // TUTTI_ALGO
  std::string plans;                                            // TUTTI_PLAN
  std::string tuning;                                           // TUTTI_TUNING
  std::string fabric;                                           // TUTTI_FABRIC
  bool deterministic = false;                                   // TUTTI_DETERMINISTIC
  Bytes shm_ring = {256 * 1024};                                // TUTTI_SHM_RING
  Bytes shm_read = {0};                                         // TUTTI_SHM_READ
  Bytes staging = {std::uint64_t{4} * 1024 * 1024};             // TUTTI_STAGING
  std::string log = "warn";                                     // TUTTI_LOG
  std::string cache;  // the user's folder for what can be found again: $XDG_CACHE_HOME, or ~/.cache; empty: none

  std::map<std::string, std::string, std::less<>> origin;  // variable -> where its value came from; absent: default
};

/// One setting, for reading it, showing it and explaining it.
struct Setting {
  std::string_view variable;
  std::string_view meaning;  // one line, with the unit and the range
  std::function<Status(Config&, std::string_view)> read;
  std::function<std::string(const Config&)> show;
};

/// All settings, in the order in which `tutti info` prints them.
const std::vector<Setting>& settings();

/// The configuration from variables of the form "NAME=value" (others are ignored).
/// Fails with invalid_argument on a bad value, and on a TUTTI_* name that does not exist, with the nearest that does.
Result<Config> read_config(std::span<const char* const> environment);

/// The file with what was measured: TUTTI_TUNING, or else tutti/tuning.json in the user's cache. Empty where that is
/// off or there is no such folder.
std::string tuning_file(const Config& config);

/// The variables of this process, for `read_config`. Read where the library is entered, and nowhere else.
std::vector<const char*> process_environment();

/// The name among `known` that differs least from `text`.
std::string nearest(std::string_view text, std::span<const std::string_view> known);

}  // namespace tutti
