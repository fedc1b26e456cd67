#include <fmt/format.h>

#include <algorithm>
#include <pugixml.hpp>

#include "base/bytes.hpp"
#include "plan/exchange/exchange.hpp"
#include "plan/exchange/msccl.hpp"

namespace tutti::plan::msccl {
namespace {

constexpr std::array<std::pair<std::string_view, Type>, 9> kTypes = {{{"s", Type::send},
                                                                      {"r", Type::recv},
                                                                      {"rcs", Type::recv_copy_send},
                                                                      {"rrs", Type::recv_reduce_send},
                                                                      {"rrc", Type::recv_reduce_copy},
                                                                      {"rrcs", Type::recv_reduce_copy_send},
                                                                      {"cpy", Type::copy},
                                                                      {"re", Type::reduce},
                                                                      {"nop", Type::nop}}};
constexpr std::pair<std::string_view, Collective> kCollectiveNames[] = {
    {"allreduce", Collective::all_reduce},         {"all_reduce", Collective::all_reduce},
    {"allgather", Collective::all_gather},         {"all_gather", Collective::all_gather},
    {"reducescatter", Collective::reduce_scatter}, {"reduce_scatter", Collective::reduce_scatter},
    {"alltoall", Collective::all_to_all},          {"all_to_all", Collective::all_to_all},
    {"broadcast", Collective::broadcast}};
constexpr std::size_t kMostBlocks = 1024;  // of one gpu

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<Algo> read() {
    if (text_.size() > limits_.bytes)
      return Error{Code::invalid_argument,
                   fmt::format("the text has {} bytes, where at most {} are possible", text_.size(), limits_.bytes)};
    pugi::xml_document document;
    const auto parsed = document.load_buffer(text_.data(), text_.size(), pugi::parse_default, pugi::encoding_utf8);
    if (!parsed)
      return Error{Code::invalid_argument,
                   fmt::format("line {}: no XML: {}", line(parsed.offset), parsed.description())};
    const pugi::xml_node root = document.document_element();
    if (std::string_view(root.name()) != "algo" || root.next_sibling())
      return wrong(root, "the document must be one <algo>");
    TUTTI_TRY(only(root, {"name", "proto", "nchannels", "nchunksperloop", "ngpus", "coll", "inplace", "outofplace",
                          "minBytes", "maxBytes", "redop", "nthreads"}));
    Algo algo;
    algo.name = std::string(root.attribute("name").value()).substr(0, 128);
    algo.collective = TUTTI_TRY(collective(root));
    const auto ranks = TUTTI_TRY(number(root, "ngpus", 1, limits_.ranks));
    ranks_ = static_cast<std::uint32_t>(ranks);
    algo.in_place = TUTTI_TRY(number_or(root, "inplace", 0, 0, 1)) == 1 && root.attribute("outofplace").as_int(0) == 0;
    algo.least_bytes = static_cast<std::uint64_t>(TUTTI_TRY(number_or(root, "minBytes", 0, 0, INT64_MAX)));
    algo.most_bytes = static_cast<std::uint64_t>(TUTTI_TRY(number_or(root, "maxBytes", 0, 0, INT64_MAX)));
    algo.gpus.resize(ranks_);
    std::vector<bool> seen(ranks_, false);
    for (const pugi::xml_node node : root.children()) {
      if (std::string_view(node.name()) != "gpu") return wrong(node, "only <gpu> may be here");
      const auto id = static_cast<std::size_t>(TUTTI_TRY(number(node, "id", 0, std::int64_t{ranks_} - 1)));
      if (seen[id]) return wrong(node, fmt::format("gpu {} is there twice", id));
      seen[id] = true;
      algo.gpus[id] = TUTTI_TRY(gpu(node));
    }
    for (std::size_t id = 0; id < seen.size(); ++id) {
      if (!seen[id]) return wrong(root, fmt::format("gpu {} of {} is missing", id, ranks_));
    }
    TUTTI_TRY(find_chunks(root, algo));
    return algo;
  }

 private:
  [[nodiscard]] std::size_t line(std::ptrdiff_t offset) const {
    const auto end = std::min<std::size_t>(text_.size(), static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, offset)));
    return 1 +
           static_cast<std::size_t>(std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
  }
  [[nodiscard]] Error wrong(const pugi::xml_node& node, std::string_view what) const {
    std::string path;
    for (pugi::xml_node at = node; at && at.type() == pugi::node_element; at = at.parent()) {
      const auto id = at.attribute(std::string_view(at.name()) == "step" ? "s" : "id");
      const std::string number = id ? fmt::format(" {:.16}", id.value()) : "";
      path = fmt::format("{:.64}{}{}{}", at.name(), number, path.empty() ? "" : " ", path);
    }
    return {Code::invalid_argument, fmt::format("line {}: {}: {}", line(node.offset_debug()), path, what)};
  }
  Status only(const pugi::xml_node& node, std::initializer_list<std::string_view> known) const {
    for (const pugi::xml_attribute one : node.attributes()) {
      if (std::find(known.begin(), known.end(), one.name()) == known.end())
        return wrong(node, fmt::format("there is no attribute '{}' here", std::string(one.name()).substr(0, 64)));
    }
    return {};
  }
  [[nodiscard]] Result<std::int64_t> number(const pugi::xml_node& node, const char* name, std::int64_t low,
                                            std::int64_t high) const {
    const auto attribute = node.attribute(name);
    if (!attribute) return wrong(node, fmt::format("{} is missing", name));
    std::string_view text = attribute.value();
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    const auto value = parse_integer(text, 0, INT64_MAX);
    const std::int64_t signed_value = value ? (negative ? -*value : *value) : 0;
    if (!value || signed_value < low || signed_value > high)
      return wrong(node, fmt::format("{} is '{}': it must be an integer from {} to {}", name,
                                     std::string(attribute.value()).substr(0, 32), low, high));
    return signed_value;
  }
  [[nodiscard]] Result<std::int64_t> number_or(const pugi::xml_node& node, const char* name, std::int64_t otherwise,
                                               std::int64_t low, std::int64_t high) const {
    if (!node.attribute(name)) return otherwise;
    return number(node, name, low, high);
  }
  [[nodiscard]] Result<Collective> collective(const pugi::xml_node& root) const {
    const std::string_view name = root.attribute("coll").value();
    for (const auto& [known, which] : kCollectiveNames) {
      if (known == name) return which;
    }
    return wrong(root, fmt::format("coll is '{}': known are allreduce, allgather, reducescatter, alltoall, broadcast",
                                   name.substr(0, 64)));
  }
  Result<Gpu> gpu(const pugi::xml_node& node) {
    TUTTI_TRY(only(node, {"id", "i_chunks", "o_chunks", "s_chunks"}));
    Gpu made;
    const char* const names[] = {"i_chunks", "o_chunks", "s_chunks"};
    for (std::size_t array = 0; array < 3; ++array)
      made.chunks[array] = static_cast<std::uint32_t>(TUTTI_TRY(number(node, names[array], 0, limits_.chunks)));
    for (const pugi::xml_node child : node.children()) {
      if (std::string_view(child.name()) != "tb") return wrong(child, "only <tb> may be here");
      if (made.blocks.size() == kMostBlocks) return wrong(child, "too many threadblocks");
      if (TUTTI_TRY(number(child, "id", 0, INT32_MAX)) != static_cast<std::int64_t>(made.blocks.size()))
        return wrong(child,
                     fmt::format("threadblocks are numbered from 0 in order: this is number {}", made.blocks.size()));
      made.blocks.push_back(TUTTI_TRY(block(child, made)));
    }
    for (std::size_t b = 0; b < made.blocks.size(); ++b) {
      for (std::size_t s = 0; s < made.blocks[b].steps.size(); ++s) {
        const XmlStep& step = made.blocks[b].steps[s];
        if (step.needs_block < 0) continue;
        const auto of = static_cast<std::size_t>(step.needs_block);
        if (of >= made.blocks.size() || static_cast<std::size_t>(step.needs_step) >= made.blocks[of].steps.size())
          return wrong(node, fmt::format("tb {} step {} waits for tb {} step {}, which there is not", b, s,
                                         step.needs_block, step.needs_step));
      }
    }
    return made;
  }
  Result<Block> block(const pugi::xml_node& node, const Gpu& of) {
    TUTTI_TRY(only(node, {"id", "send", "recv", "chan"}));
    Block made;
    made.send = static_cast<std::int32_t>(TUTTI_TRY(number(node, "send", -1, std::int64_t{ranks_} - 1)));
    made.recv = static_cast<std::int32_t>(TUTTI_TRY(number(node, "recv", -1, std::int64_t{ranks_} - 1)));
    made.channel = static_cast<std::int32_t>(TUTTI_TRY(number_or(node, "chan", 0, -1, INT32_MAX)));
    for (const pugi::xml_node child : node.children()) {
      if (std::string_view(child.name()) != "step") return wrong(child, "only <step> may be here");
      if (TUTTI_TRY(number(child, "s", 0, INT32_MAX)) != static_cast<std::int64_t>(made.steps.size()))
        return wrong(child, fmt::format("steps are numbered from 0 in order: this is number {}", made.steps.size()));
      made.steps.push_back(TUTTI_TRY(step(child, made, of)));
      if (++steps_ > limits_.steps) return wrong(child, fmt::format("more than {} steps", limits_.steps));
    }
    return made;
  }
  Result<XmlStep> step(const pugi::xml_node& node, const Block& of, const Gpu& gpu) {
    TUTTI_TRY(only(node, {"s", "type", "srcbuf", "srcoff", "dstbuf", "dstoff", "cnt", "depid", "deps", "hasdep"}));
    if (node.first_child()) return wrong(node, "a step has nothing inside");
    const std::string_view name = node.attribute("type").value();
    const auto type = std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& one) { return one.first == name; });
    if (type == kTypes.end())
      return wrong(node, fmt::format("type is '{}': known are s r rcs rrs rrc rrcs cpy re nop", name.substr(0, 16)));
    XmlStep made{.type = type->second, .src = {}, .dst = {}};
    made.needs_block = static_cast<std::int32_t>(TUTTI_TRY(number_or(node, "depid", -1, -1, INT32_MAX)));
    made.needs_step = static_cast<std::int32_t>(TUTTI_TRY(number_or(node, "deps", -1, -1, INT32_MAX)));
    TUTTI_TRY(number_or(node, "hasdep", 0, 0, 1));
    if ((made.needs_block < 0) != (made.needs_step < 0)) return wrong(node, "depid and deps go together");
    if (made.type == Type::nop) return made;
    const bool sends = made.type == Type::send || made.type == Type::recv_copy_send ||
                       made.type == Type::recv_reduce_send || made.type == Type::recv_reduce_copy_send;
    const bool receives = made.type != Type::send && made.type != Type::copy && made.type != Type::reduce;
    if (sends && of.send < 0) return wrong(node, "it sends, but its threadblock has no peer to send to");
    if (receives && of.recv < 0) return wrong(node, "it receives, but its threadblock has no peer to receive from");
    made.count = static_cast<std::uint32_t>(TUTTI_TRY(number_or(node, "cnt", 1, 1, limits_.chunks)));
    chunks_ += made.count;
    if (chunks_ > std::uint64_t{4} * limits_.steps) return wrong(node, "the steps move too many chunks");
    const bool reads = made.type != Type::recv && made.type != Type::recv_copy_send;
    const bool writes = made.type != Type::send && made.type != Type::recv_reduce_send;
    if (reads) made.src = TUTTI_TRY(slice(node, "srcbuf", "srcoff", made.count, gpu));
    if (writes) made.dst = TUTTI_TRY(slice(node, "dstbuf", "dstoff", made.count, gpu));
    return made;
  }
  [[nodiscard]] Result<Slice> slice(const pugi::xml_node& node, const char* buffer, const char* offset,
                                    std::uint32_t count, const Gpu& gpu) const {
    const std::string_view name = node.attribute(buffer).value();
    constexpr std::string_view kArrays = "ios";
    const auto which = name.size() == 1 ? kArrays.find(name[0]) : std::string_view::npos;
    if (which == std::string_view::npos)
      return wrong(node, fmt::format("{} is '{}': it must be i, o or s", buffer, name.substr(0, 16)));
    const auto first = TUTTI_TRY(number(node, offset, 0, limits_.chunks));
    if (static_cast<std::uint64_t>(first) + count > gpu.chunks[which] && !may_alias(which))
      return wrong(node, fmt::format("{}[{}..{}) is beyond the {} chunks of {}", name, first,
                                     static_cast<std::uint64_t>(first) + count, gpu.chunks[which], name));
    return Slice{static_cast<Array>(which), static_cast<std::uint32_t>(first)};
  }
  // Of in-place algorithms one of input and output may have no chunks of its own: the lowering looks where they lie.
  [[nodiscard]] static bool may_alias(std::size_t array) { return array < 2; }

  // How many chunks the vector, or all blocks together, are cut into.
  Status find_chunks(const pugi::xml_node& root, Algo& algo) const {
    std::uint32_t most = 0;
    for (const Gpu& one : algo.gpus) most = std::max({most, one.chunks[0], one.chunks[1]});
    const bool own_in = in_is_own_block(algo.collective);
    const bool own_out = out_is_own_block(algo.collective);
    if (has_blocks(algo.collective) && most % ranks_ != 0)
      return wrong(root, fmt::format("{} chunks are not the same number for each of {} ranks", most, ranks_));
    algo.chunks = most;
    if (most == 0 || most > limits_.chunks)
      return wrong(root, fmt::format("the largest buffer has {} chunks: 1 to {} are possible", most, limits_.chunks));
    for (std::size_t id = 0; id < algo.gpus.size(); ++id) {
      const std::uint32_t in = own_in ? most / ranks_ : most;
      const std::uint32_t out = own_out ? most / ranks_ : most;
      const auto& has = algo.gpus[id].chunks;
      const bool alias = algo.in_place;
      const bool broadcasts = algo.collective == Collective::broadcast;
      if ((has[0] != in && !alias && !broadcasts) || (has[1] != out && !alias))
        return wrong(root, fmt::format("gpu {} has {} input and {} output chunks, where {} has {} and {}", id, has[0],
                                       has[1], to_string(algo.collective), in, out));
    }
    const auto per_loop = TUTTI_TRY(number_or(root, "nchunksperloop", most, 1, INT32_MAX));
    if (per_loop != most)
      return wrong(root, fmt::format("nchunksperloop is {}, but the largest buffer has {} chunks", per_loop, most));
    return {};
  }

  std::string_view text_;
  ExchangeLimits limits_;
  std::uint32_t ranks_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t chunks_ = 0;
};

}  // namespace

Result<Algo> parse(std::string_view text) {
  return Reader(text).read();
}

}  // namespace tutti::plan::msccl
