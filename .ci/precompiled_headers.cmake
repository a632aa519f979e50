# Precompiled headers for the sanitizer presets, which build most of the tree twice. Only there: the release and dev
# presets compile without, so that a file that lacks an include does not pass. Figures:
# tests/decisions/0001-build-and-ci-time.md.
set(std_headers <algorithm> <array> <atomic> <charconv> <chrono> <cstdint> <deque> <filesystem> <fstream> <functional>
                <iostream> <iterator> <map> <memory> <mutex> <optional> <set> <sstream> <string> <string_view> <thread>
                <tuple> <utility> <variant> <vector> <tl/expected.hpp>)
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/precompiled.cpp CONTENT "")

add_library(chorale_precompiled OBJECT ${PROJECT_BINARY_DIR}/precompiled.cpp)
target_link_libraries(chorale_precompiled PRIVATE chorale_flags tl::expected)
target_precompile_headers(chorale_precompiled PRIVATE ${std_headers})

if(CHORALE_BUILD_TESTS)
  find_package(GTest REQUIRED)
  add_library(chorale_precompiled_tests OBJECT ${PROJECT_BINARY_DIR}/precompiled.cpp)
  target_link_libraries(chorale_precompiled_tests PRIVATE chorale_flags tl::expected GTest::gmock GTest::gtest)
  target_precompile_headers(chorale_precompiled_tests PRIVATE ${std_headers} <gmock/gmock.h> <gtest/gtest.h>)
endif()

# Every target below the directory takes one of the two: what links GoogleTest the one that has it.
function(chorale_precompile directory)
  get_property(targets DIRECTORY ${directory} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target ${targets})
    get_target_property(type ${target} TYPE)
    get_target_property(sources ${target} SOURCES)
    if(NOT sources OR NOT type MATCHES "EXECUTABLE|STATIC_LIBRARY|OBJECT_LIBRARY")
      continue()
    endif()
    get_target_property(libraries ${target} LINK_LIBRARIES)
    if("GTest::gtest" IN_LIST libraries)
      target_precompile_headers(${target} REUSE_FROM chorale_precompiled_tests)
    else()
      target_precompile_headers(${target} REUSE_FROM chorale_precompiled)
    endif()
  endforeach()
  get_property(subdirectories DIRECTORY ${directory} PROPERTY SUBDIRECTORIES)
  foreach(subdirectory ${subdirectories})
    chorale_precompile(${subdirectory})
  endforeach()
endfunction()
