// tuttiConfig_t over the environment.
#include <fmt/format.h>

#include <cstddef>
#include <cstring>

#include "api/edge.hpp"

namespace tutti::api {
namespace {

constexpr unsigned kMagic = 0x74757474;

// A copy in which fields beyond the caller's `size` are undefined.
Result<tuttiConfig_t> known_part(const tuttiConfig_t& given) {
  if (given.magic != kMagic) return Error{Code::invalid_argument, "config was not made with TUTTI_CONFIG_INITIALIZER"};
  if (given.size < offsetof(tuttiConfig_t, blocking) || given.size > (std::size_t{1} << 16)) {
    return Error{Code::invalid_argument, fmt::format("config.size is {}, which no version has", given.size)};
  }
  tuttiConfig_t known = TUTTI_CONFIG_INITIALIZER;
  std::memcpy(&known, &given, std::min(given.size, sizeof known));
  return known;
}

bool is_set(int value) {
  return value != TUTTI_CONFIG_UNDEF_INT;
}

Status set_milliseconds(const char* name, int value, Duration& field) {
  if (!is_set(value)) return {};
  if (value <= 0)
    return Error{Code::invalid_argument, fmt::format("config.{} is {}: it must be more than 0", name, value)};
  field = std::chrono::milliseconds(value);
  return {};
}

// Through the same reader as the variable, so that both accept the same.
Status set_text(const char* name, std::string_view variable, const char* value, Config& config) {
  if (value == nullptr) return {};
  for (const Setting& setting : settings()) {
    if (setting.variable != variable) continue;
    if (auto read = setting.read(config, value); !read) return read.error().within(fmt::format("config.{}", name));
    config.origin[std::string(variable)] = "tuttiConfig_t";
  }
  return {};
}

}  // namespace

Result<Config> merged_config(const tuttiConfig_t* config) {
  return merged_config(config, TUTTI_TRY(Result<Config>(environment_config())));
}

Result<Config> merged_config(const tuttiConfig_t* given, const Config& base) {
  Config merged = base;
  if (given == nullptr) return merged;
  const tuttiConfig_t config = TUTTI_TRY(known_part(*given));
  if (is_set(config.blocking) && config.blocking != 0 && config.blocking != 1) {
    return Error{Code::invalid_argument, fmt::format("config.blocking is {}: it must be 0 or 1", config.blocking)};
  }
  if (is_set(config.deterministic)) {
    if (config.deterministic != 0 && config.deterministic != 1) {
      return Error{Code::invalid_argument,
                   fmt::format("config.deterministic is {}: it must be 0 or 1", config.deterministic)};
    }
    merged.deterministic = config.deterministic == 1;
  }
  TUTTI_TRY(set_milliseconds("timeoutMs", config.timeoutMs, merged.timeout));
  TUTTI_TRY(set_milliseconds("initTimeoutMs", config.initTimeoutMs, merged.init_timeout));
  TUTTI_TRY(set_text("transports", "TUTTI_TRANSPORTS", config.transports, merged));
  TUTTI_TRY(set_text("algorithm", "TUTTI_ALGO", config.algorithm, merged));
  TUTTI_TRY(set_text("iface", "TUTTI_IFACE", config.iface, merged));
  TUTTI_TRY(set_text("plans", "TUTTI_PLAN", config.plans, merged));
  TUTTI_TRY(set_text("tuning", "TUTTI_TUNING", config.tuning, merged));
  TUTTI_TRY(set_text("nodeId", "TUTTI_NODE_ID", config.nodeId, merged));
  return merged;
}

bool is_non_blocking(const tuttiConfig_t* config) {
  return config != nullptr && config->size > offsetof(tuttiConfig_t, blocking) && config->blocking == 0;
}

std::string name_of(const tuttiConfig_t* config) {
  constexpr std::size_t kKnowsIt = offsetof(tuttiConfig_t, commName) + sizeof(tuttiConfig_t::commName);
  const bool named = config != nullptr && config->size >= kKnowsIt && config->commName != nullptr;
  return named ? config->commName : "comm";
}

}  // namespace tutti::api
