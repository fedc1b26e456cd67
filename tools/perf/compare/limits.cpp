#include "tools/perf/compare/limits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text_file.hpp"

namespace tutti::perf {
namespace {

using nlohmann::json;

constexpr std::size_t kMostBytes = std::size_t{16} << 20;

Error wrong(std::string text) {
  return {Code::invalid_argument, "--limits: " + std::move(text)};
}

Result<LimitCurve::Point> point_of(const json& row) {
  const auto bytes = row.find("bytes");
  const auto us = row.find("us");
  if (bytes == row.end() || us == row.end() || !bytes->is_number() || !us->is_number())
    return wrong("a row has no number of 'bytes' or 'us'");
  const LimitCurve::Point point{bytes->get<double>(), us->get<double>()};
  if (!(point.bytes > 0) || !(point.us > 0)) return wrong("a row's 'bytes' or 'us' is not above 0");
  return point;
}

// Of several points at one size the quickest stays.
void put(LimitCurve& curve, LimitCurve::Point point) {
  auto& points = curve.points;
  const auto at = std::lower_bound(points.begin(), points.end(), point,
                                   [](const auto& a, const auto& b) { return a.bytes < b.bytes; });
  if (at != points.end() && at->bytes == point.bytes) {
    at->us = std::min(at->us, point.us);
  } else {
    points.insert(at, point);
  }
}

Result<const json*> rows_of(const json& document, const char* name) {
  const auto rows = document.find(name);
  if (rows == document.end() || !rows->is_array()) return wrong(fmt::format("the document has no list '{}'", name));
  const auto is_object = [](const json& row) { return row.is_object(); };
  if (!std::all_of(rows->begin(), rows->end(), is_object))
    return wrong(fmt::format("'{}' is no list of objects", name));
  return &*rows;
}

bool is_number(const json& row, const char* name, int value) {
  const auto member = row.find(name);
  return member != row.end() && member->is_number_integer() && *member == value;
}

}  // namespace

std::optional<double> LimitCurve::at(double bytes) const {
  if (points.empty()) return std::nullopt;
  const auto above = std::find_if(points.begin(), points.end(), [&](const Point& p) { return p.bytes >= bytes; });
  if (above == points.begin()) return above->us;  // latency: less data is no faster
  if (above == points.end()) return points.back().us * bytes / points.back().bytes;
  const Point& below = *(above - 1);
  return below.us + (above->us - below.us) * (bytes - below.bytes) / (above->bytes - below.bytes);
}

std::optional<double> Limits::of(Kind kind, std::size_t bytes, int ranks) const {
  const auto size = static_cast<double>(bytes);
  const auto floored = [&](std::optional<double> us, double share) {
    // Curves of copies begin at 4 KiB: what is smaller takes its share of that.
    if (!us) return us;
    const double least = copy.points.empty() ? 0 : copy.points.front().bytes;
    return std::optional(std::max(one_way_us, share < least ? *us * share / least : *us));
  };
  switch (kind) {
    case Kind::all_reduce:
      return all_reduce.at(size);
    case Kind::reduce_scatter:
      return floored(reduce.at(size / ranks), size / ranks);
    case Kind::all_gather:
    case Kind::all_to_all:
    case Kind::sendrecv:
      return floored(copy.at(size), size);
    case Kind::barrier:
      return one_way_us > 0 ? std::optional(one_way_us) : std::nullopt;
    case Kind::reduce:
    case Kind::broadcast:
    case Kind::gather:
    case Kind::scatter:
      break;  // all cores or one may do the work: there is no one curve
  }
  return std::nullopt;
}

Result<Limits> parse_limits(const std::string& text, int ranks) {
  const json document = json::parse(text, nullptr, false);
  if (!document.is_object() || !document.contains("schema") || document["schema"] != "tutti.limits/1")
    return wrong("this is no tutti.limits/1 document: make one with perf/limits --json FILE");
  Limits limits;
  for (const json& row : *TUTTI_TRY(rows_of(document, "all_reduce"))) {
    if (is_number(row, "ranks", ranks)) put(limits.all_reduce, TUTTI_TRY(point_of(row)));
  }
  for (const json& row : *TUTTI_TRY(rows_of(document, "bandwidth"))) {
    if (!is_number(row, "cores", ranks)) continue;
    const auto what = row.find("what");
    if (what == row.end() || (*what != "copy" && *what != "reduce"))
      return wrong("a row of 'bandwidth' is about neither 'copy' nor 'reduce'");
    put(*what == "copy" ? limits.copy : limits.reduce, TUTTI_TRY(point_of(row)));
  }
  const auto trip = document.find("round_trip_us");
  const bool apart = !limits.all_reduce.points.empty();  // as many ranks as cores, or fewer
  if (apart && trip != document.end() && trip->is_number() && *trip > 0) limits.one_way_us = trip->get<double>() / 2;
  return limits;
}

Result<Limits> read_limits(const std::string& file, int ranks) {
  auto limits = parse_limits(TUTTI_TRY(read_text(file, kMostBytes)), ranks);
  if (!limits) return std::move(limits).error().within(file);
  return limits;
}

}  // namespace tutti::perf
