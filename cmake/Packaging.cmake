# What a user links and installs: libtutti.so out of the api room, with its headers, CMake package and pkg-config file.
include(CMakePackageConfigHelpers)

add_library(tutti SHARED $<TARGET_OBJECTS:tutti_api>)
target_link_libraries(tutti PRIVATE tutti_api)
target_include_directories(tutti PUBLIC
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
set_target_properties(tutti PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR} LINKER_LANGUAGE CXX)
# Only the C ABI is visible: neither ours nor another library's C++ symbols can meet those of the program that links it.
set(exports ${CMAKE_CURRENT_LIST_DIR}/tutti.exports)
target_link_options(tutti PRIVATE -Wl,--version-script=${exports} -Wl,-z,defs)
if(TUTTI_SANITIZE)
  target_link_options(tutti PRIVATE -Wl,-z,undefs)  # the sanitizer's run time lives in the program
endif()
set_property(TARGET tutti APPEND PROPERTY LINK_DEPENDS ${exports})
add_library(tutti::tutti ALIAS tutti)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/tutti)
install(TARGETS tutti EXPORT tuttiTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/tutti DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT tuttiTargets NAMESPACE tutti:: DESTINATION ${package_folder})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/tuttiConfig.cmake.in ${PROJECT_BINARY_DIR}/tuttiConfig.cmake
  INSTALL_DESTINATION ${package_folder} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/tuttiConfigVersion.cmake COMPATIBILITY SameMajorVersion)
install(FILES ${PROJECT_BINARY_DIR}/tuttiConfig.cmake ${PROJECT_BINARY_DIR}/tuttiConfigVersion.cmake
  DESTINATION ${package_folder})

# The prefix is told from where the file lies, so that an installed tree may be moved.
file(RELATIVE_PATH PREFIX_FROM_PC /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${CMAKE_CURRENT_LIST_DIR}/tutti.pc.in ${PROJECT_BINARY_DIR}/tutti.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/tutti.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
