// Documents become trees whose values know their line, and what is wrong is refused with it.
#include <gtest/gtest.h>

#include <string>

#include "topology/reading/value.hpp"

namespace tutti::reading {
namespace {

std::string error_of(const Result<Value>& value) {
  return value ? "" : value.error().text;
}

TEST(ReadingJson, KnowsTheLineOfEveryValueAlsoOfNumbersAtTheEndOfALine) {
  const auto root = parse_json("{\n  \"a\": 1\n,\n\n  \"b\": [\n    2,\n    {\"c\": true}\n  ],\n  \"d\": \"x\"\n}\n");
  ASSERT_TRUE(root) << error_of(root);
  EXPECT_EQ(root->line, 1);
  EXPECT_EQ(root->find("a")->line, 2);
  EXPECT_EQ(root->find("b")->line, 5);
  EXPECT_EQ(root->find("b")->children.at(0).line, 6);
  EXPECT_EQ(root->find("b")->children.at(1).find("c")->line, 7);
  EXPECT_EQ(root->find("d")->line, 9);
}

TEST(ReadingJson, NamesTheLineOfWhatIsNoJson) {
  EXPECT_NE(error_of(parse_json("{\n\"a\": 1,\n\"b\": }")).find("line 3"), std::string::npos);
  for (const char* const wrong : {"", "{", "[1,", "nul", "{\"a\" 1}", "\"\xff\"", "1 2"})
    EXPECT_NE(error_of(parse_json(wrong)), "") << wrong;
}

TEST(ReadingYaml, GivesTheSameTreeAsJson) {
  const auto root = parse_yaml("- a: 1\n  b:\n    - x\n    - {c: true, d: '2'}\n- e: ~\n");
  ASSERT_TRUE(root) << error_of(root);
  ASSERT_EQ(root->children.size(), 2U);
  const Value& first = root->children[0];
  EXPECT_EQ(*first.find("a")->integer_in(0, 9), 1);
  EXPECT_EQ(*first.find("b")->children.at(0).text(), "x");
  EXPECT_TRUE(*first.find("b")->children.at(1).find("c")->truth());
  EXPECT_EQ(first.find("b")->children.at(1).find("d")->kind, Kind::text);
  EXPECT_EQ(first.find("b")->children.at(1).line, 4);
  EXPECT_EQ(root->children[1].find("e")->kind, Kind::null);
}

TEST(ReadingYaml, RefusesWhatCouldGrowOrIsTornWithItsLine) {
  EXPECT_NE(error_of(parse_yaml("a: &x 1\nb: *x\n")).find("line 1"), std::string::npos);
  EXPECT_NE(error_of(parse_yaml("a: 1\nb: [1, 2\n")).find("no YAML"), std::string::npos);
  EXPECT_NE(error_of(parse_yaml("a: 1\na: 2\n")).find("twice"), std::string::npos);
  EXPECT_NE(error_of(parse_yaml("? [1]\n: 2\n")).find("name must be a word"), std::string::npos);
}

TEST(Reading, StopsAtItsLimits) {
  const Limits small{.bytes = 64, .depth = 3, .values = 8};
  EXPECT_NE(error_of(parse_json(std::string(65, ' '), small)).find("65 bytes"), std::string::npos);
  for (const auto& parse : {parse_json, parse_yaml}) {
    EXPECT_NE(error_of(parse("[[[[1]]]]", small)).find("3 deep"), std::string::npos);
    EXPECT_NE(error_of(parse("[1,2,3,4,5,6,7,8,9]", small)).find("more than 8 values"), std::string::npos);
    EXPECT_NE(error_of(parse("{\"a\": 1, \"a\": 2}", {})).find("twice"), std::string::npos);
  }
}

TEST(Reading, NamesTheNearestFieldAndTheLineOfWhatIsWrong) {
  const auto root = parse_json("{\n \"latency\": -1,\n \"lvels\": 2.5\n}");
  ASSERT_TRUE(root);
  const auto known = root->is_object({"latency", "levels"});
  ASSERT_FALSE(known);
  EXPECT_EQ(known.error().text, "line 3: lvels: there is no such field; the nearest is levels");
  EXPECT_EQ(root->find("latency")->number_in(0, 5).error().text, "line 2: latency: -1 is not between 0 and 5");
  EXPECT_FALSE(root->find("lvels")->integer_in(0, 9));
  EXPECT_FALSE(root->at("missing"));
  EXPECT_FALSE(root->items(3));
  EXPECT_FALSE(root->find("latency")->text());
  EXPECT_FALSE(root->find("latency")->truth());
}

}  // namespace
}  // namespace tutti::reading
