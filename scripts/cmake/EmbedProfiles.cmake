# Builds every profiles/*.yaml into the program. The tool profile_embed checks them with the loader's own code and writes one source
# file; a broken profile breaks the build. profile_data stands apart from profile because the tool is made of profile's objects.
function(mirrorctl_embed_profiles)
  file(GLOB documents CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/profiles/*.yaml)
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/embedded_files.cpp)
  add_executable(profile_embed ${CMAKE_SOURCE_DIR}/scripts/cmake/profile_embed.cpp $<TARGET_OBJECTS:profile>)
  target_link_libraries(profile_embed PRIVATE text sys yaml-cpp)
  add_custom_command(OUTPUT ${generated}
    COMMAND profile_embed ${generated} ${documents}
    DEPENDS profile_embed ${documents}
    COMMENT "checking and embedding profiles" VERBATIM)
  add_library(profile_data STATIC ${generated})
  target_link_libraries(profile_data PUBLIC mirrorctl_flags)
  target_link_libraries(profile INTERFACE profile_data)
endfunction()
