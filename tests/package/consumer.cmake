cmake_minimum_required(VERSION 3.20) project(consumer LANGUAGES C CXX) find_package(tutti 0.1 REQUIRED)
    find_package(Threads REQUIRED) add_executable(in_c all_reduce.c) add_executable(in_cpp all_reduce.cpp)
        target_compile_features(in_cpp PRIVATE cxx_std_20) foreach (program in_c in_cpp)
            target_link_libraries(${program} PRIVATE tutti::tutti Threads::Threads) endforeach()
