# gatepost_layer(folder USES ... HIDES ... TESTS ... LIBS ...)
#
# A folder of src/ becomes one library, one test program (from *_test.cpp) and one fuzz program per *_fuzz.cpp.
# USES:  layers whose headers this folder's headers mention.     HIDES: layers only its .cpp files include.
# TESTS: layers only its tests and fuzzers include.
# LIBS:  outside libraries, linked privately.
#
# The include path of a layer is a folder of symbolic links in the build tree that holds this one folder, so an include
# of a layer that was not named is "file not found": the order of src/CMakeLists.txt is enforced by the compiler.
function(gatepost_layer folder)
  cmake_parse_arguments(ARG "" "" "USES;HIDES;TESTS;LIBS" ${ARGN})
  string(REPLACE "/" "_" name "${folder}")
  set(root "${PROJECT_SOURCE_DIR}/src/${folder}")
  set(view "${PROJECT_BINARY_DIR}/view/${name}")
  cmake_path(GET folder PARENT_PATH parent)
  file(MAKE_DIRECTORY "${view}/${parent}")
  file(CREATE_LINK "${root}" "${view}/${folder}" SYMBOLIC)

  file(GLOB sources CONFIGURE_DEPENDS "${root}/*.cpp")
  set(tests ${sources})
  set(fuzzers ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz)\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")

  list(TRANSFORM ARG_USES REPLACE "/" "_")
  list(TRANSFORM ARG_HIDES REPLACE "/" "_")
  list(TRANSFORM ARG_TESTS REPLACE "/" "_")
  # Tests and fuzzers see what the folder's own .cpp files see, and what TESTS names.
  set(all_layers ${name} ${ARG_HIDES} ${ARG_TESTS})

  if(sources)
    add_library(${name} STATIC ${sources})
    target_include_directories(${name} PUBLIC "${view}")
    target_link_libraries(${name} PUBLIC ${ARG_USES} fmt::fmt PRIVATE ${ARG_HIDES} ${ARG_LIBS})
    if(folder STREQUAL "base")
      target_precompile_headers(${name} PRIVATE "${PROJECT_SOURCE_DIR}/cmake/precompiled.hpp")
    else()
      target_precompile_headers(${name} REUSE_FROM base)
    endif()
  else()
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE "${view}")
    target_link_libraries(${name} INTERFACE ${ARG_USES} fmt::fmt)
  endif()

  if(tests)
    add_executable(${name}_test ${tests})
    gatepost_compile_as_test(${name}_test)
    set_property(GLOBAL APPEND PROPERTY GATEPOST_TESTS ${name}_test)
    target_link_libraries(${name}_test PRIVATE ${all_layers} ${ARG_LIBS} GTest::gmock GTest::gtest_main)
    if(folder STREQUAL "base" OR NOT TARGET base_test)
      target_precompile_headers(${name}_test PRIVATE "${PROJECT_SOURCE_DIR}/cmake/precompiled_test.hpp")
    else()
      target_precompile_headers(${name}_test REUSE_FROM base_test)
    endif()
    add_test(NAME ${name} COMMAND ${name}_test)
    set_tests_properties(${name} PROPERTIES TIMEOUT 600)
  endif()

  if(GATEPOST_FUZZ)
    foreach(fuzzer ${fuzzers})
      cmake_path(GET fuzzer STEM stem)
      add_executable(${name}_${stem} ${fuzzer})
      set_target_properties(${name}_${stem} PROPERTIES UNITY_BUILD OFF)
      target_link_libraries(${name}_${stem} PRIVATE ${all_layers} ${ARG_LIBS} -fsanitize=fuzzer)
      set_property(GLOBAL APPEND PROPERTY GATEPOST_FUZZERS ${name}_${stem})
    endforeach()
  endif()
endfunction()

# `ninja tests` builds every layer's test program, `ninja fuzzers` every fuzz target.
function(gatepost_collections)
  get_property(tests GLOBAL PROPERTY GATEPOST_TESTS)
  add_custom_target(tests DEPENDS ${tests} transcript_test)
  get_property(fuzzers GLOBAL PROPERTY GATEPOST_FUZZERS)
  add_custom_target(fuzzers DEPENDS ${fuzzers})
endfunction()
