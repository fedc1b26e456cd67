#include "comm/files.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/text_file.hpp"
#include "plan/exchange/exchange.hpp"
#include "topology/fabric/presets.hpp"

namespace tutti::comm {
namespace {

constexpr std::size_t kMostFabricBytes = std::size_t{16} << 20;

}  // namespace

Result<std::shared_ptr<const BroughtPlans>> read_plans(const std::string& paths) {
  auto all = std::make_shared<BroughtPlans>();
  for (std::size_t begin = 0; begin < paths.size();) {
    const auto end = std::min(paths.find(';', begin), paths.size());
    const std::string path = paths.substr(begin, end - begin);
    begin = end + 1;
    if (path.empty()) continue;
    auto text = read_text(path, plan::ExchangeLimits{}.bytes);
    if (!text) return text.error().within("TUTTI_PLAN");
    auto brought = plan::read_brought(*text);
    if (!brought) return brought.error().within("TUTTI_PLAN: " + path);
    all->fingerprint += fmt::format("{}{} {:016x}", all->fingerprint.empty() ? "" : ";",
                                    path.substr(path.rfind('/') + 1), plan::hash_of(*text));
    all->plans.push_back(std::move(brought).value());
  }
  return std::shared_ptr<const BroughtPlans>(std::move(all));
}

Result<BroughtFabric> read_fabric(const std::string& name) {
  if (name.empty()) return BroughtFabric{};
  const bool is_path = name.find_first_of("/.") != std::string::npos;
  std::string text;
  if (is_path) text = TUTTI_TRY(read_text(name, kMostFabricBytes));
  auto description = is_path ? topology::read_description(text) : topology::read_preset(name);
  if (!description) {
    return description.error().within(
        "TUTTI_FABRIC: " + (is_path ? name : "neither a file (with a '/' or a '.' in its name) nor a preset"));
  }
  BroughtFabric brought;
  brought.fingerprint =
      fmt::format("{} {:016x}", description->name, plan::hash_of(topology::write_description(*description)));
  brought.description = std::move(*description);
  return brought;
}

Result<MeasuredPlans> read_measured(const Config& config) {
  MeasuredPlans measured;
  const std::string path = tuning_file(config);
  const bool named = !config.tuning.empty();
  if (path.empty() || (!named && ::access(path.c_str(), F_OK) != 0)) return measured;
  auto table = [&]() -> Result<plan::TuningTable> {
    const std::string text = TUTTI_TRY(read_text(path, plan::ExchangeLimits{}.bytes));
    (named ? measured.fingerprint : measured.cached) =
        fmt::format("{} {:016x}", path.substr(path.rfind('/') + 1), plan::hash_of(text));
    auto read = plan::read_tuning(text);
    if (!read) return read.error().within(path);
    return read;
  }();
  if (!table && named) return table.error().within("TUTTI_TUNING");
  if (!table)
    return MeasuredPlans{.table = {}, .file = {}, .fingerprint = {}, .cached = {}, .ignored = table.error().text};
  measured.table = std::move(table).value();
  measured.file = path;
  return measured;
}

}  // namespace tutti::comm
