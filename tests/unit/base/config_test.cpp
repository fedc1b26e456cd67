#include "base/config.hpp"

#include <gtest/gtest.h>

#include "base/log.hpp"

namespace tutti {
namespace {

Result<Config> read(std::vector<const char*> environment) {
  return read_config(environment);
}

TEST(Config, HasDefaultsWithoutEnvironment) {
  const auto config = read({"PATH=/bin", "NOTTUTTI_X=1"});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->timeout, std::chrono::seconds(30));
  EXPECT_FALSE(config->rank);
  EXPECT_TRUE(config->origin.empty());
}

TEST(Config, ReadsValuesAndRemembersTheirOrigin) {
  const auto config = read({"TUTTI_RANK=3", "TUTTI_WORLD_SIZE=4", "TUTTI_TIMEOUT=5s", "TUTTI_TRANSPORTS=ucx",
                            "TUTTI_PORT_RANGE=20000-20010"});
  ASSERT_TRUE(config);
  EXPECT_EQ(*config->rank, 3);
  EXPECT_EQ(config->timeout, std::chrono::seconds(5));
  EXPECT_EQ(config->transports, std::vector<std::string>{"ucx"});
  EXPECT_EQ(config->port_high, 20010);
  EXPECT_EQ(config->origin.at("TUTTI_TIMEOUT"), "environment");
}

TEST(Config, FindsWhatWasMeasuredInTheUsersCacheUnlessItIsNamedOrOff) {
  const auto file = [](std::vector<const char*> environment) { return tuning_file(*read_config(environment)); };
  EXPECT_EQ(file({}), "");
  EXPECT_EQ(file({"HOME=/home/one"}), "/home/one/.cache/tutti/tuning.json");
  EXPECT_EQ(file({"HOME=/home/one", "XDG_CACHE_HOME=/var/cache"}), "/var/cache/tutti/tuning.json");
  EXPECT_EQ(file({"XDG_CACHE_HOME=/var/cache", "HOME=/home/one"}), "/var/cache/tutti/tuning.json");
  EXPECT_EQ(file({"XDG_CACHE_HOME=cache"}), "") << "a relative path counts as unset";
  EXPECT_EQ(file({"HOME=/home/one", "TUTTI_TUNING=here.json"}), "here.json");
  EXPECT_EQ(file({"HOME=/home/one", "TUTTI_TUNING=off"}), "");
}

TEST(Config, NamesTheNearestSettingForAnUnknownOne) {
  const auto config = read({"TUTTI_TIMOUT=5s"});
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().text.find("nearest is TUTTI_TIMEOUT"), std::string::npos) << config.error().text;
}

TEST(Config, RefusesBadValuesAndNamesTheVariable) {
  for (const char* entry :
       {"TUTTI_RANK=-1", "TUTTI_RANK=x", "TUTTI_WORLD_SIZE=0", "TUTTI_TIMEOUT=soon", "TUTTI_TRANSPORTS=tcp",
        "TUTTI_TRANSPORTS=shm,shm", "TUTTI_TRANSPORTS=shm,", "TUTTI_PORT_RANGE=70000", "TUTTI_PORT_RANGE=20-10",
        "TUTTI_LOG=loud", "TUTTI_DETERMINISTIC=yes", "TUTTI_SHM_RING=1", "TUTTI_RAILS=0", "TUTTI_RAILS=9",
        "TUTTI_NET_MEMORY=1K", "TUTTI_STAGING=2G"}) {
    const auto config = read({entry});
    ASSERT_FALSE(config) << entry;
    EXPECT_EQ(config.error().code, Code::invalid_argument);
    const std::string variable = std::string(entry).substr(0, std::string(entry).find('='));
    EXPECT_TRUE(config.error().text.starts_with(variable)) << config.error().text;
  }
}

TEST(Config, RefusesARankOutsideTheWorld) {
  EXPECT_FALSE(read({"TUTTI_RANK=4", "TUTTI_WORLD_SIZE=4"}));
}

TEST(Config, ShowsEverySettingInAFormThatItReadsBack) {
  const auto config = read({"TUTTI_RANK=1", "TUTTI_WORLD_SIZE=2", "TUTTI_PORT_RANGE=20000-20010",
                            "TUTTI_LOG=warn,shm:debug", "TUTTI_ALGO=all_reduce:ring"});
  ASSERT_TRUE(config);
  Config again;
  for (const auto& setting : settings()) {
    const auto shown = setting.show(*config);
    if (!shown.empty()) {
      EXPECT_TRUE(setting.read(again, shown)) << setting.variable << "=" << shown;
    }
    EXPECT_EQ(setting.show(again), shown) << setting.variable;
  }
}

TEST(LogLevels, RoomsGoBeforeTheRest) {
  const auto levels = LogLevels::parse("info,shm:debug,ucx:off");
  ASSERT_TRUE(levels);
  EXPECT_EQ(levels->of("comm"), LogLevel::info);
  EXPECT_EQ(levels->of("shm"), LogLevel::debug);
  EXPECT_EQ(levels->of("ucx"), LogLevel::off);
  EXPECT_FALSE(LogLevels::parse("loud"));
  EXPECT_FALSE(LogLevels::parse("warn,"));
}

TEST(Log, WritesOneLineWithWhoAndRoomAtOrAboveItsLevel) {
  std::vector<std::string> lines;
  const Log log(*LogLevels::parse("info"), "rank 3", [&](const std::string& line) { lines.push_back(line); });
  log.debug("comm", "unseen");
  log.info("comm", "ranks {}", 4);
  EXPECT_EQ(lines, std::vector<std::string>{"tutti rank 3 info comm: ranks 4\n"});
}

}  // namespace
}  // namespace tutti
