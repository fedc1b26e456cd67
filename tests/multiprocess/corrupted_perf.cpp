// `tutti perf` on a library whose all-reduce of floats flips one bit of the result: what counts wrong elements must see
// it.
#include <dlfcn.h>
#include <tutti/tutti.h>

#include "tools/perf/command.hpp"

extern "C" tuttiResult_t tuttiAllReduce(const void* sendbuff, void* recvbuff, size_t count, tuttiDataType_t datatype,
                                        tuttiRedOp_t op, tuttiComm_t comm, tuttiStream_t stream) {
  static const auto kReal = reinterpret_cast<decltype(&tuttiAllReduce)>(::dlsym(RTLD_NEXT, "tuttiAllReduce"));
  const tuttiResult_t result = kReal(sendbuff, recvbuff, count, datatype, op, comm, stream);
  if (datatype == tuttiFloat32 && count > 1) static_cast<unsigned char*>(recvbuff)[4] ^= 1;
  return result;
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
