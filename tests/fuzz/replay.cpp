// Feeds a fuzz target some fixed and some pseudo-random inputs, where there is no libFuzzer; files given to it, else.
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void feed(const std::string& text) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    feed({std::istreambuf_iterator<char>(file), {}});
  }
  if (argc > 1) return 0;
  for (const char* text : {"", "\n", "TUTTI_TIMEOUT=5s\nTUTTI_RANK=1", "=", "99999999999999999999G", "1,2,,3", "{}"}) {
    feed(text);
  }
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::string text(random() % 200, '\0');
    for (char& c : text) c = static_cast<char>(random());
    feed(text);
  }
  return 0;
}
