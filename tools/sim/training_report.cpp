#include "tools/sim/training_report.hpp"

#include <fmt/format.h>

#include <iterator>

#include "plan/way.hpp"
#include "tools/text/figures.hpp"
#include "tools/text/table.hpp"

namespace tutti::predict {
namespace {

using Json = nlohmann::ordered_json;
using Kind = sim::TrainingSpan::Kind;

constexpr std::size_t kMostSpans = 500'000;

std::string name_of(const sim::TrainingSpan& span) {
  switch (span.kind) {
    case Kind::forward:
      return fmt::format("layer {} forward", span.number);
    case Kind::backward:
      return fmt::format("layer {} backward", span.number);
    case Kind::gradients:
      return fmt::format("bucket {}", span.number);
    case Kind::dispatch:
      return fmt::format("layer {} dispatch", span.number);
    case Kind::combine:
      return fmt::format("layer {} combine", span.number);
  }
  return {};
}

std::string calls(const Training& training) {
  std::string text;
  if (training.bucket) {
    text += fmt::format("  gradients   {} in {} all-reduces of {}: {} each, {}\n", text::bytes(training.gradient_bytes),
                        training.step.buckets, text::bytes(static_cast<double>(training.bucket->bytes)),
                        text::time(training.step.bucket_us), way_of(training.bucket->plan));
  }
  if (const auto& exchange = training.exchange) {
    const sim::UniformRouting& routing = exchange->routing;
    text += fmt::format("  exchanges   4 a layer on {} ranks, {} nodes: {} by {}\n", routing.ranks, routing.nodes,
                        text::time(exchange->us()), exchange->goes_by_rail() ? "rail" : "direct messages");
    text += fmt::format("              direct {}, a rank sends {}", text::time(exchange->direct_us),
                        text::bytes(routing.direct_bytes()));
    if (exchange->rail_us > 0)
      text += fmt::format("; by rail {}, {} between nodes, then {} inside", text::time(exchange->rail_us),
                          text::bytes(routing.rail_bytes()), text::bytes(routing.node_bytes()));
    text += "\n";
  }
  return text;
}

Json span_document(const sim::TrainingTimes& times) {
  return {{"step_us", times.step_us},
          {"compute_us", times.compute_us},
          {"communication_us", times.communication_us()},
          {"exposed_us", times.exposed_us()},
          {"gradients", {{"us", times.gradients_us}, {"exposed_us", times.exposed_gradients_us}}},
          {"exchanges", {{"us", times.exchanges_us}, {"exposed_us", times.exposed_exchanges_us}}},
          {"dominant", dominant(times)}};
}

}  // namespace

std::string report(const TrainingQuestion& question, const Training& training) {
  const Setting& setting = training.setting;
  const sim::TrainingTimes& times = training.times;
  const auto part = [&](double us) { return text::per_cent(times.step_us > 0 ? us / times.step_us : 0); };
  const std::vector<text::Row> rows{
      {"", "time", "exposed", "of the step"},
      {"computing", text::time(times.compute_us), text::time(times.compute_us), part(times.compute_us)},
      {"gradients", text::time(times.gradients_us), text::time(times.exposed_gradients_us),
       part(times.exposed_gradients_us)},
      {"exchanges", text::time(times.exchanges_us), text::time(times.exposed_exchanges_us),
       part(times.exposed_exchanges_us)},
      {"communication", text::time(times.communication_us()), text::time(times.exposed_us()), part(times.exposed_us())},
      {"step", text::time(times.step_us), "", ""}};
  return fmt::format("a training step on {} ranks{}, {}: {} layers, {}\n{}", setting.fabric.ranks(),
                     setting.world.description ? " of " + setting.world.name : std::string(),
                     setting.fabric.levels->describe(), question.layers, question.type,
                     world::describe_links(setting.fabric)) +
         "\n" + calls(training) + "\n" + text::table(rows, "lrrr") +
         fmt::format("\n  most of the step is {}\n", dominant(times)) + world::describe_assumed(setting.world);
}

Json document_of(const TrainingQuestion& question, const Training& training, double wall_ms) {
  Json document = {{"schema", "tutti.step/1"},
                   {"ranks", training.setting.fabric.ranks()},
                   {"fabric", training.setting.world.name},
                   {"datatype", question.type},
                   {"layers", question.layers},
                   {"times", span_document(training.times)}};
  if (training.bucket) {
    document["buckets"] = {{"number", training.step.buckets},
                           {"gradient_bytes", training.gradient_bytes},
                           {"bytes", training.bucket->bytes},
                           {"time_us", training.step.bucket_us},
                           {"last_time_us", training.step.last_bucket_us},
                           {"way", way_of(training.bucket->plan)},
                           {"segments", training.bucket->plan.segments}};
  }
  if (const auto& exchange = training.exchange) {
    const sim::UniformRouting& routing = exchange->routing;
    document["exchange"] = {{"ranks", routing.ranks},
                            {"nodes", routing.nodes},
                            {"experts", routing.experts},
                            {"topk", routing.topk},
                            {"tokens", routing.tokens},
                            {"token_bytes", routing.token_bytes},
                            {"route", exchange->goes_by_rail() ? "rail" : "direct"},
                            {"time_us", exchange->us()},
                            {"direct", {{"time_us", exchange->direct_us}, {"bytes", routing.direct_bytes()}}}};
    if (exchange->rail_us > 0)
      document["exchange"]["rail"] = {
          {"time_us", exchange->rail_us}, {"rail_bytes", routing.rail_bytes()}, {"node_bytes", routing.node_bytes()}};
  }
  for (const topology::NamedQuantity& named : world::assumed_in(training.setting.world))
    document["assumed"].push_back({{"level", named.where}, {"number", named.what}, {"value", named.quantity->value}});
  document["wall_ms"] = wall_ms;
  return document;
}

std::string trace_of(const sim::TrainingTimes& times) {
  std::string text =
      "{\"displayTimeUnit\": \"ms\", \"traceEvents\": [\n"
      "{\"name\": \"thread_name\", \"ph\": \"M\", \"pid\": 0, \"tid\": 0, \"args\": {\"name\": \"computing\"}},\n"
      "{\"name\": \"thread_name\", \"ph\": \"M\", \"pid\": 0, \"tid\": 1, \"args\": {\"name\": \"network\"}}";
  std::size_t written = 0;
  for (const sim::TrainingSpan& span : times.spans) {
    if (written++ == kMostSpans) break;
    const bool computing = span.kind == Kind::forward || span.kind == Kind::backward;
    fmt::format_to(std::back_inserter(text),
                   ",\n{{\"name\": \"{}\", \"ph\": \"X\", \"pid\": 0, \"tid\": {}, \"ts\": {:.3f}, \"dur\": {:.3f}}}",
                   name_of(span), computing ? 0 : 1, span.begin_us, span.end_us - span.begin_us);
  }
  return text + "\n]}\n";
}

}  // namespace tutti::predict
