#include <gtest/gtest.h>

#include "bootstrap/trust/id_fields.hpp"

namespace tutti::bootstrap {
namespace {

IdFields example() {
  IdFields fields;
  fields.key = Key::random();
  for (const auto* ip : {"10.0.0.1", "fd00::2"}) {
    fields.root.push_back(*NetAddress::parse_ip(ip));
    fields.root.back().port = 4000;
  }
  fields.launcher = true;
  fields.process = 1234;
  fields.node = 0x1234567890ABCDEF;
  return fields;
}

TEST(UniqueIdTest, CarriesItsFields) {
  const auto fields = example();
  const auto read = decode(encode(fields));
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_TRUE(equal(read->key.bytes(), fields.key.bytes()));
  EXPECT_EQ(read->root, fields.root);
  EXPECT_TRUE(read->launcher);
  EXPECT_EQ(read->process, 1234U);
  EXPECT_EQ(read->node, 0x1234567890ABCDEFU);
  EXPECT_EQ(to_string(read->root[0]), "10.0.0.1:4000");
  EXPECT_EQ(to_string(read->root[1]), "[fd00::2]:4000");
}

TEST(UniqueIdTest, IsRefusedWhenAnyByteIsAltered) {
  const auto id = encode(example());
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    auto altered = id;
    altered.bytes[i] ^= std::byte{0x40};
    EXPECT_FALSE(decode(altered)) << i;
  }
  EXPECT_FALSE(decode(UniqueId{}));
}

TEST(KeyTest, MacsDependOnKeyPartsAndTheirBorders) {
  const auto key = Key::random();
  const auto reference = mac(key, {bytes_of("ab"), bytes_of("c")});
  EXPECT_TRUE(equal(reference, mac(key, {bytes_of("ab"), bytes_of("c")})));
  EXPECT_FALSE(equal(reference, mac(key, {bytes_of("a"), bytes_of("bc")})));
  EXPECT_FALSE(equal(reference, mac(Key::random(), {bytes_of("ab"), bytes_of("c")})));
}

}  // namespace
}  // namespace tutti::bootstrap
