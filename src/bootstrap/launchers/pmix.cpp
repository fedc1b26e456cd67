#include <dlfcn.h>
#include <fmt/format.h>
#include <pmix.h>

#include <cstdlib>
#include <cstring>

#include "bootstrap/launchers/exchange.hpp"

namespace tutti::bootstrap {
namespace {

constexpr const char* kKey = "tutti.id";

// The functions of libpmix that are needed here. The library stays open: it has threads.
struct Pmix {
  decltype(&PMIx_Init) init = nullptr;
  decltype(&PMIx_Finalize) finalize = nullptr;
  decltype(&PMIx_Put) put = nullptr;
  decltype(&PMIx_Commit) commit = nullptr;
  decltype(&PMIx_Fence) fence = nullptr;
  decltype(&PMIx_Get) get = nullptr;
  decltype(&PMIx_Error_string) error_string = nullptr;

  static Result<Pmix> load() {
    void* library = ::dlopen("libpmix.so.2", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      return Error{Code::unsupported, fmt::format("PMIx is offered, but its library cannot be opened ({}); set "
                                                  "TUTTI_UNIQUE_ID_FILE or TUTTI_ADDRESS",
                                                  ::dlerror())};
    }
    Pmix pmix;
    const bool complete = find(library, "PMIx_Init", pmix.init) && find(library, "PMIx_Finalize", pmix.finalize) &&
                          find(library, "PMIx_Put", pmix.put) && find(library, "PMIx_Commit", pmix.commit) &&
                          find(library, "PMIx_Fence", pmix.fence) && find(library, "PMIx_Get", pmix.get) &&
                          find(library, "PMIx_Error_string", pmix.error_string);
    if (!complete) return Error{Code::unsupported, "libpmix.so.2 lacks functions that every PMIx has"};
    return pmix;
  }

  [[nodiscard]] Status check(pmix_status_t status, const char* what) const {
    if (status == PMIX_SUCCESS) return {};
    return Error{status == PMIX_ERR_TIMEOUT ? Code::timeout : Code::system,
                 fmt::format("PMIx: {} failed: {}", what, error_string(status))};
  }

 private:
  template <typename Function>
  static bool find(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(library, name));  // NOLINT: how dlsym gives functions
    return function != nullptr;
  }
};

pmix_info_t info(const char* key) {
  pmix_info_t one{};
  std::strncpy(one.key, key, PMIX_MAX_KEYLEN);
  return one;
}

Status give(const Pmix& pmix, std::string mine) {
  pmix_value_t value{};
  value.type = PMIX_STRING;
  value.data.string = mine.data();
  TUTTI_TRY(pmix.check(pmix.put(PMIX_GLOBAL, kKey, &value), "put"));
  return pmix.check(pmix.commit(), "commit");
}

Status fence(const Pmix& pmix, Deadline deadline) {
  std::array<pmix_info_t, 2> wishes = {info(PMIX_COLLECT_DATA), info(PMIX_TIMEOUT)};
  wishes[0].value.type = PMIX_BOOL;
  wishes[0].value.data.flag = true;
  const auto left = std::chrono::ceil<std::chrono::seconds>(deadline.left(std::chrono::steady_clock::now()));
  wishes[1].value.type = PMIX_INT;
  wishes[1].value.data.integer = static_cast<int>(left.count());
  return pmix.check(pmix.fence(nullptr, 0, wishes.data(), wishes.size()), "fence");
}

Result<std::string> take(const Pmix& pmix, pmix_proc_t giver) {
  pmix_value_t* value = nullptr;
  TUTTI_TRY(pmix.check(pmix.get(&giver, kKey, nullptr, 0, &value), "get"));
  const bool is_text = value != nullptr && value->type == PMIX_STRING && value->data.string != nullptr;
  std::string text = is_text ? value->data.string : "";
  if (is_text) std::free(value->data.string);  // NOLINT: PMIx gave it to us
  std::free(value);                            // NOLINT
  return text;
}

Result<std::string> exchange(const Pmix& pmix, pmix_proc_t giver, const Offer& offer) {
  if (!offer.mine.empty()) TUTTI_TRY(give(pmix, offer.mine));
  TUTTI_TRY(fence(pmix, offer.deadline));
  return take(pmix, giver);
}

}  // namespace

Result<std::string> exchange_by_pmix(bool rank_0, const Offer& offer) {
  const auto pmix = TUTTI_TRY(Pmix::load());
  pmix_proc_t giver{};
  TUTTI_TRY(pmix.check(pmix.init(&giver, nullptr, 0), "init"));
  giver.rank = rank_0 ? 0 : PMIX_RANK_UNDEF;
  auto theirs = exchange(pmix, giver, offer);
  // The launcher takes a process that ends without this for one that crashed.
  TUTTI_TRY(pmix.check(pmix.finalize(nullptr, 0), "finalize"));
  return theirs;
}

}  // namespace tutti::bootstrap
