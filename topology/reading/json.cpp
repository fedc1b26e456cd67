#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>

#include "topology/reading/builder.hpp"

namespace tutti::reading {
namespace {

// Walks the text for the parser and remembers the line of the last character that is no white space: when an event
// comes, that is where its token ends, also for numbers, which the parser only knows to be over one character later.
class Lines {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Lines(const char* at, int* line) : at_(at), line_(line) {}
  const char& operator*() const { return *at_; }
  Lines& operator++() {
    if (*at_ == '\n') ++newlines_;
    if (*at_ != '\n' && *at_ != ' ' && *at_ != '\t' && *at_ != '\r') *line_ = newlines_;
    ++at_;
    return *this;
  }
  Lines operator++(int) {
    const Lines before = *this;
    ++*this;
    return before;
  }
  bool operator==(const Lines& other) const { return at_ == other.at_; }
  bool operator!=(const Lines& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  int* line_;
  int newlines_ = 1;
};

class Events : public nlohmann::json_sax<nlohmann::json> {
 public:
  Events(Builder& builder, const int& line) : builder_(builder), line_(line) {}

  bool null() override { return builder_.scalar(value_of(Kind::null)); }
  bool boolean(bool truth) override { return builder_.scalar(value_of(Kind::boolean, truth ? 1 : 0)); }
  bool number_integer(number_integer_t number) override {
    return builder_.scalar(value_of(Kind::number, static_cast<double>(number)));
  }
  bool number_unsigned(number_unsigned_t number) override {
    return builder_.scalar(value_of(Kind::number, static_cast<double>(number)));
  }
  bool number_float(number_float_t number, const string_t& /*text*/) override {
    return builder_.scalar(value_of(Kind::number, number));
  }
  bool string(string_t& text) override {
    Value value = value_of(Kind::text);
    value.letters = std::move(text);
    return builder_.scalar(std::move(value));
  }
  bool binary(binary_t& /*bytes*/) override { return builder_.refuse(line_, "no JSON"); }
  bool start_object(std::size_t /*size*/) override { return builder_.open(Kind::object, line_); }
  bool key(string_t& name) override { return builder_.key(std::move(name), line_); }
  bool end_object() override { return builder_.close(); }
  bool start_array(std::size_t /*size*/) override { return builder_.open(Kind::list, line_); }
  bool end_array() override { return builder_.close(); }
  bool parse_error(std::size_t /*position*/, const std::string& token, const nlohmann::json::exception& why) override {
    std::string what = why.what();  // "[json.exception.parse_error.101] parse error at line 1, column 2: WHAT - ..."
    if (const auto from = what.find(": "); from != std::string::npos) what.erase(0, from + 2);
    if (what.size() > 160) what = what.substr(0, 160) + " ...";
    return builder_.refuse(line_, fmt::format("no JSON near '{}': {}", token.substr(0, 32), what));
  }

 private:
  [[nodiscard]] Value value_of(Kind kind, double number = 0) const {
    Value value;
    value.kind = kind;
    value.line = line_;
    value.number = number;
    return value;
  }

  Builder& builder_;
  const int& line_;
};

}  // namespace

Result<Value> parse_json(std::string_view text, const Limits& limits) {
  if (text.size() > limits.bytes) {
    return Error{Code::invalid_argument,
                 fmt::format("the text has {} bytes, where at most {} are possible", text.size(), limits.bytes)};
  }
  Builder builder(limits);
  int line = 1;
  Events events(builder, line);
  bool complete = false;
  try {
    complete = nlohmann::json::sax_parse(Lines(text.data(), &line), Lines(text.data() + text.size(), &line), &events);
  } catch (const nlohmann::json::exception& error) {
    builder.refuse(line, fmt::format("no JSON: {}", error.what()));
  }
  if (builder.error()) return *builder.error();
  if (!complete) return Error{Code::invalid_argument, fmt::format("line {}: no JSON", line)};
  return builder.take();
}

}  // namespace tutti::reading
