// `tutti perf` on a library whose all-reduce of floats flips one bit of the result, and whose sends one bit of what
// they send: what counts wrong elements must see it.
#include <dlfcn.h>
#include <tutti/tutti.h>

#include <array>
#include <cstring>

#include "tools/perf/command.hpp"

extern "C" tuttiResult_t tuttiAllReduce(const void* sendbuff, void* recvbuff, size_t count, tuttiDataType_t datatype,
                                        tuttiRedOp_t op, tuttiComm_t comm, tuttiStream_t stream) {
  static const auto kReal = reinterpret_cast<decltype(&tuttiAllReduce)>(::dlsym(RTLD_NEXT, "tuttiAllReduce"));
  const tuttiResult_t result = kReal(sendbuff, recvbuff, count, datatype, op, comm, stream);
  if (datatype == tuttiFloat32 && count > 1) static_cast<unsigned char*>(recvbuff)[4] ^= 1;
  return result;
}

extern "C" tuttiResult_t tuttiSend(const void* sendbuff, size_t count, tuttiDataType_t datatype, int peer,
                                   tuttiComm_t comm, tuttiStream_t stream) {
  static const auto kReal = reinterpret_cast<decltype(&tuttiSend)>(::dlsym(RTLD_NEXT, "tuttiSend"));
  static std::array<unsigned char, 64> changed;  // as long as what the tests send; alive until the group's end
  if (count != changed.size() || datatype != tuttiUint8) return kReal(sendbuff, count, datatype, peer, comm, stream);
  std::memcpy(changed.data(), sendbuff, changed.size());
  changed[4] ^= 1;
  return kReal(changed.data(), count, datatype, peer, comm, stream);
}

int main(int argc, char** argv) {
  CLI::App app;
  int exit_code = 0;
  tutti::perf::add_command(app, exit_code);
  std::vector<const char*> arguments = {"corrupted", "perf"};
  arguments.insert(arguments.end(), argv + 1, argv + argc);
  CLI11_PARSE(app, static_cast<int>(arguments.size()), arguments.data());
  return exit_code;
}
