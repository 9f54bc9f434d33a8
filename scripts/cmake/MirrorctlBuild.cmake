# Build rules shared by all folders: warnings, hardening, and the two helpers that src/ and tests/ use.

add_library(mirrorctl_flags INTERFACE)
target_include_directories(mirrorctl_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(mirrorctl_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual
  -fstack-protector-strong -fstack-clash-protection $<$<BOOL:${MIRRORCTL_WERROR}>:-Werror>)
target_compile_definitions(mirrorctl_flags INTERFACE _GLIBCXX_ASSERTIONS MIRRORCTL_VERSION="${PROJECT_VERSION}"
  $<$<NOT:$<OR:$<BOOL:${MIRRORCTL_SANITIZE}>,$<BOOL:${MIRRORCTL_FUZZ}>>>:_FORTIFY_SOURCE=3>)
target_link_options(mirrorctl_flags INTERFACE -Wl,-z,relro,-z,now)
if(NOT MIRRORCTL_FUZZ)  # clang's ASan is a static library, and shared ones must see its malloc and free
  target_link_options(mirrorctl_flags INTERFACE -Wl,--exclude-libs,ALL)
endif()
if(MIRRORCTL_SANITIZE)
  target_compile_options(mirrorctl_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(mirrorctl_flags INTERFACE -fsanitize=address,undefined)
endif()
if(MIRRORCTL_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "fuzzing needs clang\n  run: cmake --preset fuzz")
  endif()
  # Coverage in everything that a fuzzer runs; only the fuzzers themselves get libFuzzer's main().
  set(sanitize -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_compile_options(mirrorctl_flags INTERFACE ${sanitize})
  target_link_options(mirrorctl_flags INTERFACE ${sanitize})
endif()

# mirrorctl_library(NAME deps...): the static library of src/NAME from all its .cpp files. `deps` are other folders
# (the only ones whose headers it may include) and third-party targets.
function(mirrorctl_library name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  string(REPLACE "/" "_" lib ${name})
  add_library(${lib} STATIC ${sources})
  set_target_properties(${lib} PROPERTIES UNITY_BUILD ${MIRRORCTL_UNITY} UNITY_BUILD_BATCH_SIZE 0)
  target_link_libraries(${lib} PUBLIC mirrorctl_flags ${ARGN})
endfunction()

# mirrorctl_unit_test(FOLDER libs...): one executable from tests/unit/FOLDER/*_test.cpp, one ctest entry per test. They are compiled as
# one source: what a test's macros need takes longer to compile than the test, so each file has a namespace of its own.
function(mirrorctl_unit_test folder)
  string(REPLACE "/" "_" name ${folder})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(unit_${name} ${sources})
  set_target_properties(unit_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
  target_include_directories(unit_${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  if(MIRRORCTL_SANITIZE)  # optimising a test with all its checks takes GCC minutes
    target_compile_options(unit_${name} PRIVATE -O0)
  endif()
  target_link_libraries(unit_${name} PRIVATE ${ARGN} GTest::gtest GTest::gmock GTest::gtest_main)
  gtest_discover_tests(unit_${name} TEST_PREFIX "unit." NO_PRETTY_VALUES PROPERTIES LABELS quick DISCOVERY_TIMEOUT 60)
  add_dependencies(unit_tests unit_${name})
endfunction()
