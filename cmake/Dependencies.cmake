# What Tutti stands on. Header-only where possible: libtutti.so needs only libsodium, libhwy, libpugixml
# and libhwloc at run time.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
# Compiling fmt into every file doubles the time of a build: only what gets installed pays for it.
if(TUTTI_EMBED_FMT)
  add_library(tutti_fmt ALIAS fmt::fmt-header-only)
else()
  add_library(tutti_fmt ALIAS fmt::fmt)
endif()
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
find_library(PUGIXML_LIBRARY pugixml REQUIRED)
find_path(PUGIXML_INCLUDE pugixml.hpp REQUIRED)
find_library(HWY_LIBRARY hwy REQUIRED)
find_path(HWY_INCLUDE hwy/highway.h REQUIRED)
find_path(ASIO_INCLUDE asio.hpp REQUIRED)

add_library(tutti_hwy INTERFACE)
target_include_directories(tutti_hwy SYSTEM INTERFACE ${HWY_INCLUDE})
target_link_libraries(tutti_hwy INTERFACE ${HWY_LIBRARY})

add_library(tutti_pugixml INTERFACE)
target_include_directories(tutti_pugixml SYSTEM INTERFACE ${PUGIXML_INCLUDE})
target_link_libraries(tutti_pugixml INTERFACE ${PUGIXML_LIBRARY})

pkg_check_modules(hwloc REQUIRED hwloc>=2.9)
add_library(tutti_hwloc INTERFACE)
target_include_directories(tutti_hwloc SYSTEM INTERFACE ${hwloc_INCLUDE_DIRS})
target_link_libraries(tutti_hwloc INTERFACE ${hwloc_LINK_LIBRARIES})

find_library(YAML_LIBRARY yaml REQUIRED)
find_path(YAML_INCLUDE yaml.h REQUIRED)
add_library(tutti_yaml INTERFACE)
target_include_directories(tutti_yaml SYSTEM INTERFACE ${YAML_INCLUDE})
target_link_libraries(tutti_yaml INTERFACE ${YAML_LIBRARY})

add_library(tutti_asio INTERFACE)
target_include_directories(tutti_asio SYSTEM INTERFACE ${ASIO_INCLUDE})
# Whether asio sees std::aligned_alloc depends on what a file included before it: without this, one file frees what
# another allocated otherwise.
target_compile_definitions(tutti_asio INTERFACE ASIO_STANDALONE ASIO_NO_DEPRECATED ASIO_DISABLE_STD_ALIGNED_ALLOC)
target_link_libraries(tutti_asio INTERFACE Threads::Threads)
if(TUTTI_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # The sanitizer does not see asio's fences; what they order is ordered by asio's mutexes and by epoll too.
  target_compile_options(tutti_asio INTERFACE -Wno-tsan)
endif()

# UCX, libfabric and PMIx are opened at run time: only their headers are needed here.
function(tutti_optional_headers name option header)
  if(${option} STREQUAL "OFF")
    set(${name}_FOUND FALSE PARENT_SCOPE)
    return()
  endif()
  find_path(${name}_INCLUDE ${header} PATH_SUFFIXES pmix2/include
            HINTS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/pmix2/include)
  if(${name}_INCLUDE)
    set(${name}_FOUND TRUE PARENT_SCOPE)
    add_library(tutti_${name}_headers INTERFACE)
    target_include_directories(tutti_${name}_headers SYSTEM INTERFACE ${${name}_INCLUDE})
  elseif(${option} STREQUAL "ON")
    message(FATAL_ERROR "${option} is ON but ${header} was not found")
  else()
    set(${name}_FOUND FALSE PARENT_SCOPE)
  endif()
endfunction()
tutti_optional_headers(ucx "${TUTTI_WITH_UCX}" ucp/api/ucp.h)
tutti_optional_headers(ofi "${TUTTI_WITH_OFI}" rdma/fabric.h)
tutti_optional_headers(pmix "${TUTTI_WITH_PMIX}" pmix.h)
message(STATUS "Tutti ${PROJECT_VERSION}: ucx ${ucx_FOUND}, ofi ${ofi_FOUND}, pmix ${pmix_FOUND}")
