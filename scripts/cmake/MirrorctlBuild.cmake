# Build rules shared by all folders: warnings, hardening, and the two helpers that src/ and tests/ use.

add_library(mirrorctl_flags INTERFACE)
target_include_directories(mirrorctl_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(mirrorctl_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual
  -fstack-protector-strong $<$<BOOL:${MIRRORCTL_WERROR}>:-Werror>)
target_compile_definitions(mirrorctl_flags INTERFACE _GLIBCXX_ASSERTIONS MIRRORCTL_VERSION="${PROJECT_VERSION}"
  $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
target_link_options(mirrorctl_flags INTERFACE -Wl,-z,relro,-z,now -Wl,--exclude-libs,ALL)
if(MIRRORCTL_SANITIZE)
  target_compile_options(mirrorctl_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(mirrorctl_flags INTERFACE -fsanitize=address,undefined)
endif()

# mirrorctl_library(NAME deps...): the static library of src/NAME from all its .cpp files. `deps` are other folders
# (the only ones whose headers it may include) and third-party targets.
function(mirrorctl_library name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  string(REPLACE "/" "_" lib ${name})
  add_library(${lib} STATIC ${sources})
  target_link_libraries(${lib} PUBLIC mirrorctl_flags ${ARGN})
endfunction()

# mirrorctl_unit_test(FOLDER libs...): one executable from tests/unit/FOLDER/*_test.cpp, one ctest entry per test.
function(mirrorctl_unit_test folder)
  string(REPLACE "/" "_" name ${folder})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(unit_${name} ${sources})
  target_include_directories(unit_${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(unit_${name} PRIVATE ${ARGN} GTest::gtest GTest::gmock GTest::gtest_main)
  gtest_discover_tests(unit_${name} TEST_PREFIX "unit." NO_PRETTY_VALUES PROPERTIES LABELS quick DISCOVERY_TIMEOUT 60)
  add_dependencies(unit_tests unit_${name})
endfunction()
