#include "bootstrap/wire/frames.hpp"

#include "bootstrap/wire/codec.hpp"

namespace tutti::bootstrap {
namespace {

constexpr std::size_t kLengthBytes = 4;

// Each message's fields are written by `put` and read by `get`, side by side and in the same order.

void put(Writer& w, const Where& where) {
  w.number(static_cast<std::uint8_t>(where.network.size()));
  for (const auto& address : where.network) w.raw(address.ip).number(address.port);
  w.text(where.unix_name);
}
void get(Reader& r, Where& where) {
  const auto addresses = r.number<std::uint8_t>();
  if (addresses > kMaxAddresses) r.refuse();
  for (std::size_t i = 0; r.good() && i < addresses; ++i) {
    NetAddress address;
    const auto ip = r.raw(address.ip.size());
    std::copy(ip.begin(), ip.end(), address.ip.begin());
    address.port = r.number<std::uint16_t>();
    where.network.push_back(address);
  }
  where.unix_name = r.text(kMaxUnixName);
}

bool get_flag(Reader& r) {
  const auto value = r.number<std::uint8_t>();
  if (value > 1) r.refuse();
  return value == 1;
}

std::int32_t get_rank(Reader& r, std::int32_t lowest = 0) {
  const auto rank = r.number<std::int32_t>();
  if (rank < lowest || rank >= kMostRanks) r.refuse();
  return rank;
}

// Errors come from users, too: what no receiver would accept is not sent.
void put(Writer& w, const Error& error) {
  const auto code = error.code == Code::ok ? Code::internal : error.code;
  const auto culprit = error.culprit ? index(*error.culprit) : -1;
  w.number(static_cast<std::uint8_t>(code)).number(culprit >= 0 && culprit < kMostRanks ? culprit : -1);
  w.text(std::string_view(error.text).substr(0, kMaxText));
}
void get(Reader& r, Error& error) {
  const auto code = r.number<std::uint8_t>();
  if (code == 0 || code > static_cast<std::uint8_t>(Code::aborted)) r.refuse();
  error.code = static_cast<Code>(code);
  const auto culprit = get_rank(r, -1);
  if (culprit >= 0) error.culprit = to_rank(culprit);
  error.text = r.text(kMaxText);
}

void put(Writer& w, const RankRun& run) {
  w.number(run.first).number(run.count);
}
void get(Reader& r, RankRun& run) {
  run.first = get_rank(r);
  run.count = r.number<std::int32_t>();
  if (run.count < 1 || run.count > kMostRanks - run.first) r.refuse();
}

void put(Writer& w, const Arrival& arrival) {
  put(w, arrival.ranks);
  w.number(arrival.node).number(arrival.machine);
}
void get(Reader& r, Arrival& arrival) {
  get(r, arrival.ranks);
  arrival.node = r.number<std::uint64_t>();
  arrival.machine = r.number<std::uint64_t>();
}

void put(Writer& w, const RepeatedRun& run) {
  w.number(run.node).number(run.count).number(run.repeat);
}
void get(Reader& r, RepeatedRun& run) {
  run.node = get_rank(r);
  run.count = r.number<std::int32_t>();
  run.repeat = r.number<std::int32_t>();
  if (run.count < 1 || run.count > kMostRanks || run.repeat < 1 || run.repeat > kMostRanks) r.refuse();
}

void put(Writer& w, const RankPattern& pattern) {
  w.number(pattern.first).number(pattern.count).number(pattern.step).number(pattern.repeat);
}
void get(Reader& r, RankPattern& pattern) {
  pattern.first = get_rank(r);
  pattern.count = r.number<std::int32_t>();
  pattern.step = r.number<std::int32_t>();
  pattern.repeat = r.number<std::int32_t>();
  if (pattern.count < 1 || pattern.repeat < 1 || pattern.step < (pattern.repeat > 1 ? pattern.count : 0)) r.refuse();
  if (pattern.end() > kMostRanks) r.refuse();
}

void put(Writer& w, const Blob& blob);
void get(Reader& r, Blob& blob);

template <typename T>
void put_all(Writer& w, const std::vector<T>& all) {
  w.number(static_cast<std::uint32_t>(all.size()));
  for (const auto& one : all) put(w, one);
}
template <typename T>
void get_all(Reader& r, std::vector<T>& all, std::size_t element_bytes) {
  const auto count = r.count(element_bytes);
  all.reserve(count);
  for (std::size_t i = 0; r.good() && i < count; ++i) get(r, all.emplace_back());
}

void put(Writer& w, const Blob& blob) {
  put_all(w, blob.ranks);
  w.blob(blob.bytes);
}
void get(Reader& r, Blob& blob) {
  get_all(r, blob.ranks, 16);
  const auto bytes = r.blob(kMaxCard);
  blob.bytes.assign(bytes.begin(), bytes.end());
}

void put(Writer& w, const Attach& m) {
  w.number(std::uint8_t{m.local}).number(std::uint8_t{m.moved}).text(m.node_name);
  put(w, m.door);
}
void get(Reader& r, Attach& m) {
  m.local = get_flag(r);
  m.moved = get_flag(r);
  m.node_name = r.text(kMaxNodeName);
  get(r, m.door);
}

void put(Writer& w, const Seated& m) {
  w.text(m.node_name);
}
void get(Reader& r, Seated& m) {
  m.node_name = r.text(kMaxNodeName);
}

void put(Writer& w, const PassOn& m) {
  put(w, m.door);
}
void get(Reader& r, PassOn& m) {
  get(r, m.door);
}

void put(Writer& w, const Refused& m) {
  put(w, m.error);
}
void get(Reader& r, Refused& m) {
  get(r, m.error);
}

void put(Writer& w, const Join& m) {
  w.number(m.left_ms).number(m.patience_ms).number(m.host).text(m.host_node);
  put_all(w, m.arrivals);
}
void get(Reader& r, Join& m) {
  m.left_ms = r.number<std::uint32_t>();
  m.patience_ms = r.number<std::uint32_t>();
  m.host = get_rank(r, -1);
  m.host_node = r.text(kMaxNodeName);
  get_all(r, m.arrivals, 24);
}

void put(Writer& w, const Ready& m) {
  w.number(std::uint8_t{m.last}).number(m.host).text(m.host_node);
  put_all(w, m.runs);
  put_all(w, m.machines);
}
void get(Reader& r, Ready& m) {
  m.last = get_flag(r);
  m.host = get_rank(r, -1);
  m.host_node = r.text(kMaxNodeName);
  get_all(r, m.runs, 12);
  get_all(r, m.machines, 12);
}

void put(Writer& w, const Ask& m) {
  w.number(m.owner).number(m.asker);
}
void get(Reader& r, Ask& m) {
  m.owner = get_rank(r);
  m.asker = get_rank(r);
}

void put(Writer& w, const Card& m) {
  w.number(m.owner).number(m.asker).text(m.node_name).blob(m.bytes);
}
void get(Reader& r, Card& m) {
  m.owner = get_rank(r);
  m.asker = get_rank(r);
  m.node_name = r.text(kMaxNodeName);
  const auto bytes = r.blob(kMaxCard);
  m.bytes.assign(bytes.begin(), bytes.end());
}

void put(Writer& w, const Gather& m) {
  w.number(m.sequence).number(m.left_ms);
  put_all(w, m.blobs);
}
void get(Reader& r, Gather& m) {
  m.sequence = r.number<std::uint32_t>();
  m.left_ms = r.number<std::uint32_t>();
  get_all(r, m.blobs, 8);
}

void put(Writer& w, const Gathered& m) {
  w.number(m.sequence);
  put_all(w, m.blobs);
}
void get(Reader& r, Gathered& m) {
  m.sequence = r.number<std::uint32_t>();
  get_all(r, m.blobs, 8);
}

void put(Writer& w, const Failed& m) {
  put(w, m.error);
}
void get(Reader& r, Failed& m) {
  get(r, m.error);
}

void put(Writer& w, const Left& m) {
  put_all(w, m.ranks);
}
void get(Reader& r, Left& m) {
  get_all(r, m.ranks, 8);
}

void put(Writer& w, const Moved& m) {
  put_all(w, m.ranks);
}
void get(Reader& r, Moved& m) {
  get_all(r, m.ranks, 8);
}

void put(Writer& w, const Strayed& m) {
  put_all(w, m.ranks);
}
void get(Reader& r, Strayed& m) {
  get_all(r, m.ranks, 8);
}

void put(Writer& /*w*/, const HandOver& /*m*/) {}
void get(Reader& /*r*/, HandOver& /*m*/) {}
void put(Writer& /*w*/, const RootGone& /*m*/) {}
void get(Reader& /*r*/, RootGone& /*m*/) {}

// Reads the message whose kind is I + 1 or higher.
template <std::size_t I = 0>
std::optional<Message> read_kind(std::size_t kind, Reader& reader) {
  if constexpr (I == std::variant_size_v<Message>) {
    return std::nullopt;
  } else {
    if (kind != I + 1) return read_kind<I + 1>(kind, reader);
    std::variant_alternative_t<I, Message> message{};
    get(reader, message);
    if (!reader.done()) return std::nullopt;
    return message;
  }
}

}  // namespace

Frame encode(const Message& message) {
  Writer writer;
  writer.number(std::uint32_t{0}).number(static_cast<std::uint8_t>(message.index() + 1));
  std::visit([&](const auto& m) { put(writer, m); }, message);
  auto bytes = writer.take();
  store(bytes, static_cast<std::uint32_t>(bytes.size() - kLengthBytes));
  return std::make_shared<const std::vector<std::byte>>(std::move(bytes));
}

std::optional<Message> decode(std::span<const std::byte> body) {
  Reader reader(body);
  const auto kind = reader.number<std::uint8_t>();
  return read_kind(kind, reader);
}

std::vector<RepeatedRun> pack(const topology::Layout& layout) {
  std::vector<RepeatedRun> packed;
  for (const auto& run : layout.runs()) {
    if (!packed.empty() && packed.back().count == run.count && packed.back().node + packed.back().repeat == run.node) {
      ++packed.back().repeat;
    } else {
      packed.push_back({run.node, run.count, 1});
    }
  }
  return packed;
}

std::optional<topology::Layout> unpack(std::span<const RepeatedRun> runs) {
  std::size_t all = 0;
  std::int64_t ranks = 0;
  for (const auto& run : runs) {
    if (run.count < 1) return std::nullopt;
    ranks += std::int64_t{run.count} * run.repeat;
    if (ranks > kMostRanks) return std::nullopt;
    all += static_cast<std::size_t>(run.repeat);
  }
  std::vector<topology::NodeRun> flat;
  flat.reserve(all);
  std::int64_t first = 0;
  for (const auto& run : runs) {
    for (std::int32_t i = 0; i < run.repeat; ++i) {
      flat.push_back({static_cast<std::int32_t>(first), run.count, run.node + i});
      first += run.count;
    }
  }
  auto layout = topology::Layout::from_runs(std::move(flat));
  if (layout.ranks() == 0) return std::nullopt;
  return layout;
}

}  // namespace tutti::bootstrap
