// Whole files: what is written is read, and what goes wrong leaves the old content.
#include "base/text_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace tutti {
namespace {

class TextFile : public testing::Test {
 protected:
  TextFile() { std::filesystem::create_directory(folder_); }
  ~TextFile() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::size_t files() const {
    const std::filesystem::directory_iterator all(folder_);
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

  std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
  std::string path_ = folder_ / "a.txt";
};

TEST_F(TextFile, HoldsWhatWasWritten) {
  const std::string text(200000, 'x');
  ASSERT_TRUE(write_text(path_, text));
  EXPECT_EQ(*read_text(path_, text.size()), text);
  ASSERT_TRUE(write_text(path_, "short"));
  EXPECT_EQ(*read_text(path_, 100), "short");
  EXPECT_EQ(files(), 1U);
}

TEST_F(TextFile, OfOneOwnerIsReadByNobodyElseAndMakesItsFolder) {
  const std::string path = folder_ / "cache" / "tutti" / "a.json";
  ASSERT_TRUE(write_private_text(path, "mine"));
  ASSERT_TRUE(write_private_text(path, "again"));
  EXPECT_EQ(*read_text(path, 100), "again");
  EXPECT_EQ(std::filesystem::status(path).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_EQ(write_private_text(path + "/x/y", "").error().text.find("cannot make the folder " + path), 0U);
}

TEST_F(TextFile, BeyondTheLimitIsRefused) {
  ASSERT_TRUE(write_text(path_, "four"));
  const auto read = read_text(path_, 3);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::invalid_argument);
  EXPECT_EQ(read.error().text, path_ + " has more than 3 bytes");
}

TEST_F(TextFile, ThatCannotBeReadOrWrittenSaysWhy) {
  EXPECT_EQ(read_text(path_, 10).error().text, "cannot read " + path_ + ": No such file or directory");
  EXPECT_FALSE(read_text(folder_, 10));  // a folder
  const std::string nowhere = folder_ / "none" / "a.txt";
  EXPECT_EQ(write_text(nowhere, "x").error().text, "cannot write " + nowhere + ": No such file or directory");
}

TEST_F(TextFile, KeepsItsContentWhenWhatIsWrittenFails) {
  ASSERT_TRUE(write_text(path_, "old"));
  const auto written = write_text(path_, [](const TextSink& sink) -> Status {
    TUTTI_TRY(sink("half of the new"));
    return Error{Code::unsupported, "there is no other half"};
  });
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().text, "there is no other half");
  EXPECT_EQ(*read_text(path_, 100), "old");
  EXPECT_EQ(files(), 1U);
}

TEST_F(TextFile, ThatIsADeviceIsWrittenInPlace) {
  EXPECT_TRUE(write_text("/dev/null", "x"));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

}  // namespace
}  // namespace tutti
