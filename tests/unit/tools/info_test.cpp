#include <gtest/gtest.h>

#include "tools/info/text.hpp"

namespace tutti::info {
namespace {

TEST(Info, ShowsWhatTheDocumentHas) {
  const auto text = format_info(
      {{"schema", "tutti.info/1"},
       {"version", "0.1.0"},
       {"build", {{"compiler", "gcc 12"}, {"ucx", true}}},
       {"transports",
        {{{"name", "shm"}, {"usable", true}}, {{"name", "ucx"}, {"usable", false}, {"reason", "no libucp.so.0"}}}},
       {"settings", nlohmann::ordered_json::array()}});
  EXPECT_EQ(text,
            "version 0.1.0\nsettings \n\nbuild\n  compiler gcc 12\n  ucx      yes\n\ntransports\n"
            "  name usable reason\n  shm  yes\n  ucx  no     no libucp.so.0\n");
}

}  // namespace
}  // namespace tutti::info
