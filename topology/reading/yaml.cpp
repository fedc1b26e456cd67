#include <fmt/format.h>
#include <yaml.h>

#include <charconv>
#include <memory>

#include "topology/reading/builder.hpp"

namespace tutti::reading {
namespace {

struct Parser {
  Parser() { ready = yaml_parser_initialize(&it) != 0; }
  ~Parser() {
    if (ready) yaml_parser_delete(&it);
  }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  yaml_parser_t it{};
  bool ready = false;
};

struct Event {
  Event() = default;
  ~Event() { yaml_event_delete(&it); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  [[nodiscard]] int line() const { return static_cast<int>(it.start_mark.line) + 1; }
  yaml_event_t it{};
};

// Plain words mean what YAML 1.2's core schema says; what stands in quotes is text.
Value scalar_of(const yaml_event_t& event, int line) {
  Value value;
  value.line = line;
  value.letters.assign(reinterpret_cast<const char*>(event.data.scalar.value), event.data.scalar.length);
  value.kind = Kind::text;
  if (event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE) return value;
  const std::string& text = value.letters;
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
    value.kind = Kind::null;
    value.letters.clear();
  } else if (text == "true" || text == "True" || text == "TRUE" || text == "false" || text == "False" ||
             text == "FALSE") {
    value.kind = Kind::boolean;
    value.number = text[0] == 't' || text[0] == 'T' ? 1 : 0;
  } else if (text.find_first_not_of("0123456789+-.eE") == std::string::npos) {
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value.number);
    if (wrong == std::errc() && end == text.data() + text.size()) value.kind = Kind::number;
  }
  return value;
}

// Whether the event went well; the document is over when the builder has closed everything.
bool take(const Event& event, Builder& builder) {
  const yaml_event_t& it = event.it;
  switch (it.type) {
    case YAML_SCALAR_EVENT: {
      if (it.data.scalar.anchor != nullptr) return builder.refuse(event.line(), "anchors are not read here");
      Value value = scalar_of(it, event.line());
      return builder.scalar(std::move(value));
    }
    case YAML_SEQUENCE_START_EVENT:
      if (it.data.sequence_start.anchor != nullptr) return builder.refuse(event.line(), "anchors are not read here");
      return builder.open(Kind::list, event.line());
    case YAML_MAPPING_START_EVENT:
      if (it.data.mapping_start.anchor != nullptr) return builder.refuse(event.line(), "anchors are not read here");
      return builder.open(Kind::object, event.line());
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
      return builder.close();
    case YAML_ALIAS_EVENT:
      return builder.refuse(event.line(), "aliases are not read here");
    default:
      return true;
  }
}

}  // namespace

Result<Value> parse_yaml(std::string_view text, const Limits& limits) {
  if (text.size() > limits.bytes) {
    return Error{Code::invalid_argument,
                 fmt::format("the text has {} bytes, where at most {} are possible", text.size(), limits.bytes)};
  }
  Parser parser;
  if (!parser.ready) return Error{Code::system, "no memory for a YAML parser"};
  yaml_parser_set_input_string(&parser.it, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  Builder builder(limits);
  std::vector<bool> wants_key;  // by depth: whether the next scalar of an object is a name
  while (true) {
    Event event;
    if (yaml_parser_parse(&parser.it, &event.it) == 0) {
      const int line = static_cast<int>(parser.it.problem_mark.line) + 1;
      const char* const why = parser.it.problem == nullptr ? "not readable" : parser.it.problem;
      return Error{Code::invalid_argument, fmt::format("line {}: no YAML: {}", line, why)};
    }
    if (event.it.type == YAML_DOCUMENT_END_EVENT || event.it.type == YAML_STREAM_END_EVENT) break;
    const bool ends = event.it.type == YAML_SEQUENCE_END_EVENT || event.it.type == YAML_MAPPING_END_EVENT;
    const bool is_name = builder.in_object() && !wants_key.empty() && wants_key.back() && !ends;
    bool well = true;
    if (is_name) {
      if (event.it.type != YAML_SCALAR_EVENT) {
        well = builder.refuse(event.line(), "a name must be a word");
      } else {
        const auto& scalar = event.it.data.scalar;
        well = builder.key({reinterpret_cast<const char*>(scalar.value), scalar.length}, event.line());
        wants_key.back() = false;
      }
    } else {
      const int before = builder.depth();
      well = take(event, builder);
      if (well && builder.depth() > before) wants_key.push_back(builder.in_object());
      if (ends && !wants_key.empty()) wants_key.pop_back();
      const bool value_is_over = builder.depth() <= before;
      if (value_is_over && !wants_key.empty()) wants_key.back() = builder.in_object();
    }
    if (!well) break;
  }
  if (builder.error()) return *builder.error();
  return builder.take();
}

}  // namespace tutti::reading
