// Plans that are written and read again, plans that others wrote, and what is wrong with them.
#include "plan/exchange/exchange.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "plan/exchange/brought.hpp"
#include "plan/exchange/msccl.hpp"
#include "plan/verify/verify.hpp"
#include "plan/way.hpp"

namespace tutti::plan {
namespace {

std::string file(const std::string& name) {
  std::ifstream in(std::string(TUTTI_DATA) + "/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Plan plan_of(Collective collective, const char* way, const char* levels, std::uint32_t segments = 1) {
  Plan plan = *parse_way(way, collective, std::make_shared<const topology::Levels>(*topology::Levels::parse(levels)));
  plan.segments = segments;
  return plan;
}

std::vector<Plan> some_plans() {
  return {plan_of(Collective::all_reduce, "ring", "5", 3),
          plan_of(Collective::all_reduce, "two_shot", "4"),
          plan_of(Collective::all_reduce, "circulant>ring", "3+5"),
          plan_of(Collective::all_reduce, "2*ring>ring|ring@1>ring@0", "4x3", 2),
          plan_of(Collective::reduce_scatter, "pat", "6"),
          plan_of(Collective::all_gather, "bruck(3)", "10"),
          plan_of(Collective::all_gather, "circulant>ring", "3+5"),
          plan_of(Collective::broadcast, "scatter_circulant", "6"),
          plan_of(Collective::gather, "binomial", "6"),
          plan_of(Collective::all_to_all, "bruck", "5"),
          plan_of(Collective::barrier, "dissemination", "6")};
}

ProgramSet programs_of(const Plan& plan, bool in_place = false) {
  ProgramSet set{describe(plan), {}};
  for (std::int32_t rank = 0; rank < plan.ranks(); ++rank) set.programs.push_back(lower(plan, Rank{rank}, in_place));
  return set;
}

TEST(PlanDocuments, ComeBackAsTheyWere) {
  for (Plan plan : some_plans()) {
    if (plan.collective == Collective::broadcast) plan.root = Rank{2};
    const auto again = read_plan(write_plan(plan));
    ASSERT_TRUE(again) << describe(plan) << ": " << again.error().text;
    EXPECT_TRUE(*again == plan) << describe(plan);
  }
}

TEST(ProgramDocuments, ComeBackAsTheyWere) {
  for (const Plan& plan : some_plans()) {
    for (const bool in_place : {false, true}) {
      const ProgramSet set = programs_of(plan, in_place);
      const auto again = read_programs(write_programs(set));
      ASSERT_TRUE(again) << describe(plan) << ": " << again.error().text;
      EXPECT_TRUE(*again == set) << describe(plan);
    }
  }
}

TEST(ProgramDocuments, OfWidenedPlansComeBackAsTheyWere) {
  Plan plan = plan_of(Collective::all_reduce, "ring", "4", 2);
  plan.widened = plan.divides = true;
  const ProgramSet set = programs_of(plan);
  const auto again = read_programs(write_programs(set));
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_TRUE(*again == set);
  EXPECT_TRUE(*read_plan(write_plan(plan)) == plan);
}

// The document with one thing changed, and the words that must be in the error.
void expect_refused(const nlohmann::json& document, const std::string& words) {
  const auto read =
      document.at("schema") == "tutti.plan/1"
          ? Status(read_plan(document.dump()) ? Status() : Status(read_plan(document.dump()).error()))
          : Status(read_programs(document.dump()) ? Status() : Status(read_programs(document.dump()).error()));
  ASSERT_FALSE(read) << words;
  EXPECT_NE(read.error().text.find(words), std::string::npos) << read.error().text;
}

TEST(ProgramDocuments, ErrorsNameThePlace) {
  const auto right = nlohmann::json::parse(write_programs(programs_of(plan_of(Collective::all_reduce, "ring", "4"))));
  const auto with = [&](const char* pointer, const nlohmann::json& value) {
    auto changed = right;
    changed[nlohmann::json::json_pointer(pointer)] = value;
    return changed;
  };
  expect_refused(with("/programs/2/steps/1/verb", "sned"), "/programs/2/steps/1/verb: \"sned\" is none of send, recv");
  expect_refused(with("/programs/0/steps/0/peer", 4), "/programs/0/steps/0/peer: 4 is not between 0 and 3");
  expect_refused(with("/programs/0/steps/0/peer", "1"), "/programs/0/steps/0/peer: must be an integer");
  expect_refused(with("/programs/0/steps/0/peer", 1.5), "must be an integer");
  expect_refused(with("/programs/0/steps/0/chunks", -1), "/programs/0/steps/0/chunks: -1 is not between");
  expect_refused(with("/programs/0/steps/1/then", {0}),
                 "/programs/0/steps/1/then/0: step 0 does not come after step 1");
  expect_refused(with("/programs/0/steps/0/colour", "red"), "there is no field \"colour\"");
  expect_refused(with("/programs/3/rank", 2), "/programs/3/rank");
  expect_refused(with("/ranks", 5), "/programs: 4 programs of 5 ranks");
  expect_refused(with("/ranks", 1e9), "/ranks");
  expect_refused(with("/cut/parts/0/chunks", 1 << 20), "/cut/parts/0/chunks");
  expect_refused(with("/segments", 60000), "/cut: more than");
  expect_refused(with("/collective", "all_reduced"), "/collective: there is no such collective");
  expect_refused(with("/schema", "tutti.program/2"), "/schema");
}

TEST(PlanDocuments, ErrorsNameThePlace) {
  const auto right = nlohmann::json::parse(write_plan(plan_of(Collective::all_reduce, "circulant>ring", "4x3")));
  const auto with = [&](const char* pointer, const nlohmann::json& value) {
    auto changed = right;
    changed[nlohmann::json::json_pointer(pointer)] = value;
    return changed;
  };
  expect_refused(with("/plan/way", "bell>ring"), "/plan/way");
  expect_refused(with("/plan/levels/runs/1/0/size", 7), "/plan/levels");
  expect_refused(with("/plan/levels/runs", nlohmann::json::array()), "/plan/levels");
  expect_refused(with("/plan/root", 12), "/plan/root");
  expect_refused(with("/plan/segments", 0), "/plan/segments");
  expect_refused(with("/plan/stripes/0/tiers/1/method", "circulant"),
                 "/plan/stripes/0/tiers/1/method: differs from the way");
  expect_refused(with("/plan/stripe", 1), "there is no field \"stripe\"");
}

TEST(Documents, TooDeepTooLongOrTwiceAreRefused) {
  const auto refusal_of = [](const std::string& text) { return read_brought(text).error().text; };
  EXPECT_NE(refusal_of(std::string(100000, '[')).find("nested more than"), std::string::npos);
  EXPECT_NE(refusal_of(R"({"schema": "a", "schema": "b"})").find("there twice"), std::string::npos);
  EXPECT_NE(refusal_of("{\n\"schema\": tutti}").find("line 2"), std::string::npos);
  EXPECT_NE(refusal_of(std::string(40 << 20, ' ') + "{}").find("bytes"), std::string::npos);
  EXPECT_NE(refusal_of("").find("nothing"), std::string::npos);
  EXPECT_NE(refusal_of("{}").find("\"schema\" is missing"), std::string::npos);
}

class Msccl : public testing::TestWithParam<std::string> {};

TEST_P(Msccl, IsProvenInEveryForm) {
  const auto brought = read_brought(file("msccl/" + GetParam()));
  ASSERT_TRUE(brought) << brought.error().text;
  EXPECT_FALSE(brought->separate.programs.empty());
  EXPECT_FALSE(brought->in_place.programs.empty());
  EXPECT_EQ(brought->staged.programs.empty(), !is_reduction(brought->collective));
  const ProgramSet set{brought->name, brought->separate.programs};
  const auto again = read_programs(write_programs(set));
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_TRUE(*again == set);
}

std::vector<std::string> algorithms(bool broken) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(TUTTI_DATA) + "/msccl")) {
    const std::string name = entry.path().filename();
    if (name.ends_with(".xml") && name.starts_with("broken") == broken) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Files, Msccl, testing::ValuesIn(algorithms(false)),
                         [](const auto& test) { return test.param.substr(0, test.param.find('.')); });

TEST(MscclErrors, SayWhatIsWrongAndWhere) {
  const std::pair<const char*, const char*> cases[] = {{"broken_race_4.xml", "uses the same memory"},
                                                       {"broken_chunk_4.xml", "is reduced with chunk"},
                                                       {"broken_deadlock_4.xml", "waits for ever"},
                                                       {"broken_lost_4.xml", "contributions"},
                                                       {"broken_unreceived_4.xml", "is never received"}};
  EXPECT_EQ(std::size(cases), algorithms(true).size());
  for (const auto& [name, words] : cases) {
    const auto brought = read_brought(file(std::string("msccl/") + name));
    ASSERT_FALSE(brought) << name;
    EXPECT_NE(brought.error().text.find(words), std::string::npos) << name << ": " << brought.error().text;
    std::cout << name << ": " << brought.error().text << "\n";
  }
}

TEST(MscclErrors, NameTheLine) {
  const std::string right = file("msccl/ring_all_reduce_4.xml");
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = right;
    text.replace(text.find(from), from.size(), to);
    const auto read = read_brought(text);
    return read ? std::string("accepted") : read.error().text;
  };
  EXPECT_EQ(with("type=\"s\"", "type=\"send\""),
            "line 4: algo gpu 0 tb 0 step 0: type is 'send': known are s r rcs rrs rrc rrcs cpy re nop");
  EXPECT_NE(with("cnt=\"1\"", "cnt=\"one\"").find("cnt is 'one'"), std::string::npos);
  EXPECT_NE(with("srcoff=\"0\"", "srcoff=\"9\"").find("beyond the 4 chunks"), std::string::npos);
  EXPECT_NE(with("ngpus=\"4\"", "ngpus=\"5\"").find("gpu 4 of 5 is missing"), std::string::npos);
  EXPECT_NE(with("send=\"1\"", "send=\"7\"").find("send is '7'"), std::string::npos);
  EXPECT_NE(with("depid=\"-1\" deps=\"-1\"", "depid=\"3\" deps=\"0\"").find("which there is not"), std::string::npos);
  EXPECT_NE(with("hasdep=", "colour=").find("no attribute 'colour'"), std::string::npos);
  EXPECT_NE(with("</algo>", "").find("no XML"), std::string::npos);
}

}  // namespace
}  // namespace tutti::plan
