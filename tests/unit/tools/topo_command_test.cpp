// What `tutti topo` shows: recorded machines against golden text and data, fabrics as text and pictures.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "tools/topo/source.hpp"
#include "tools/topo/text.hpp"
#include "topology/fabric/presets.hpp"
#include "topology/render/fabric.hpp"
#include "topology/render/machine.hpp"

namespace tutti::topo {
namespace {

std::string path_of(const std::string& name) {
  return TUTTI_DATA "/machines/" + name;
}

std::string file(const std::string& name) {
  std::ifstream stream(path_of(name), std::ios::binary);
  EXPECT_TRUE(stream) << name;
  return {std::istreambuf_iterator<char>(stream), {}};
}

topology::Description preset(const char* name) {
  return *topology::read_preset(name);
}

class RecordedMachine : public testing::TestWithParam<const char*> {};

TEST_P(RecordedMachine, IsShownAsItsGoldenTextAndDataSay) {
  const std::string name = GetParam();
  const auto source = find_source({.preset = {}, .fabric = {}, .import = path_of(name + ".xml")});
  ASSERT_TRUE(source) << source.error().text;
  ASSERT_TRUE(source->machine);
  EXPECT_EQ(text_of(*source->machine), file(name + ".txt")) << "tests/data/machines/regenerate.sh writes it again";
  EXPECT_EQ(topology::write_machine(*source->machine), file(name + ".json"));
}

INSTANTIATE_TEST_SUITE_P(Machines, RecordedMachine,
                         testing::Values("arm", "dgx-h100", "eight-socket", "gh200-x4", "kunlun-p800",
                                         "memory-attributes", "no-nic", "nps4-mi300x", "one-nic-for-all", "snc4",
                                         "two-core", "two-socket", "vm"),
                         [](const auto& machine) {
                           std::string name = machine.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(TopoFabric, TextShowsLevelsSpeedsTapersAndWhereNumbersComeFrom) {
  const auto text = text_of(preset("meta-roce-24k"));
  for (const char* const word :
       {"24576 ranks on 3072 nodes", "8 of 192", "7:1", "450", "assumed", "published", "host *"})
    EXPECT_NE(text.find(word), std::string::npos) << word << "\n" << text;
}

TEST(TopoFabric, EveryPresetIsDrawnWithItsLevelsAndRedWhereItIsOversubscribed) {
  for (const topology::Preset& one : topology::presets()) {
    const auto description = *topology::read_preset(one.name);
    const std::string svg = render::fabric_svg(description);
    bool narrow = false;
    for (const auto& level : description.levels) {
      EXPECT_NE(svg.find(">" + level.name + "<"), std::string::npos) << one.name << " " << level.name;
      narrow = narrow || level.oversubscription.value > 1;
    }
    EXPECT_EQ(svg.find(":1 oversubscribed") != std::string::npos, narrow) << one.name;
    const std::string dot = render::fabric_dot(description);
    EXPECT_EQ(dot.find("color=red") != std::string::npos, narrow) << one.name;
    EXPECT_TRUE(dot.starts_with("graph \"") && dot.ends_with("}\n"));
  }
}

TEST(TopoMachine, EveryDeviceAndEveryRanksWayToItsNicIsDrawn) {
  for (const char* const name : {"dgx-h100", "one-nic-for-all", "vm", "no-nic", "nps4-mi300x"}) {
    const auto source = find_source({.preset = {}, .fabric = {}, .import = path_of(std::string(name) + ".xml")});
    ASSERT_TRUE(source) << source.error().text;
    const auto svg = render::machine_svg(*source->machine, seats_of(*source->machine));
    for (const auto& device : source->machine->devices)
      EXPECT_NE(svg.find(">" + device.name + "<"), std::string::npos) << name << " " << device.name;
    const bool is_far = std::string(name) == "one-nic-for-all";
    EXPECT_EQ(svg.find("stroke=\"#c1121f\"") != std::string::npos, is_far) << name;
  }
}

TEST(TopoFabric, WhyNamesTheLevelTheRailsAndTheTransport) {
  const auto dgx = preset("dgx-superpod-h100");
  EXPECT_NE(why(dgx, 0, 7)->find("meet at level node"), std::string::npos);
  EXPECT_NE(why(dgx, 0, 7)->find("carried by shm"), std::string::npos);
  EXPECT_NE(why(dgx, 0, 8)->find("both are on rail 0"), std::string::npos);
  EXPECT_NE(why(dgx, 0, 9)->find("rails 0 and 1"), std::string::npos);
  EXPECT_NE(why(dgx, 0, 16383)->find("meet at level cluster"), std::string::npos);
  EXPECT_NE(why(preset("meta-roce-24k"), 0, 24575)->find("7:1 oversubscribed"), std::string::npos);
  EXPECT_FALSE(why(dgx, 0, 16384));
  EXPECT_FALSE(why(dgx, -1, 0));
}

TEST(TopoFabric, WhyCountsTheHopsOfATorusTheShorterWayRound) {
  const auto tpu = preset("tpu-v4");
  EXPECT_NE(why(tpu, 0, 1)->find("1 hop (1 along x): 0.5 us"), std::string::npos) << *why(tpu, 0, 1);
  EXPECT_NE(why(tpu, 0, 15)->find("1 hop (1 along x)"), std::string::npos) << *why(tpu, 0, 15);
  const std::int32_t far = 8 + 16 * 3 + 256 * 15;
  EXPECT_NE(why(tpu, 0, far)->find("12 hops (8 along x, 3 along y, 1 along z): 6 us"), std::string::npos)
      << *why(tpu, 0, far);
  EXPECT_EQ(why(preset("dgx-superpod-h100"), 0, 9)->find("hop"), std::string::npos);
}

TEST(TopoSource, SaysWhatIsWrongWithAFile) {
  const auto error = [](const Words& words) {
    const auto source = find_source(words);
    return source ? std::string() : source.error().text;
  };
  EXPECT_NE(error({.preset = "laptop", .fabric = "x", .import = {}}).find("give one"), std::string::npos);
  EXPECT_NE(error({.preset = "labtop", .fabric = {}, .import = {}}).find("nearest is laptop"), std::string::npos);
  EXPECT_NE(error({.preset = {}, .fabric = "/nowhere", .import = {}}).find("/nowhere"), std::string::npos);
  EXPECT_NE(error({.preset = {}, .fabric = {}, .import = path_of("generate.py")}).find("generate.py"),
            std::string::npos);
}

}  // namespace
}  // namespace tutti::topo
