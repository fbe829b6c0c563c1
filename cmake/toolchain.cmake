# Compiler, warnings, sanitizers and the settings that make ccache work with a precompiled header.
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  # g++ 12 miscompiles coroutines that this code uses every day (docs/decisions/0001-compiler.md).
  message(FATAL_ERROR "Gatepost is built with clang 19 or later; found ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}. "
                      "Use a preset: cmake --preset release")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

option(GATEPOST_FUZZ "build the fuzz targets (sanitizers included)" OFF)
option(GATEPOST_BENCH "build the load programs" OFF)
option(GATEPOST_UNITY "compile the files of a layer a few at a time: quick from nothing, slow after a change of one" ON)
set(GATEPOST_SANITIZE "" CACHE STRING "sanitizers, e.g. address,undefined or thread")

add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough
                    -Wthread-safety -Werror -Wno-missing-designated-field-initializers -fno-omit-frame-pointer)
add_compile_definitions(BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE
                        _GNU_SOURCE)
if(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  add_compile_options(-D_FORTIFY_SOURCE=2 -fstack-protector-strong)
  add_link_options(-Wl,-z,relro,-z,now)
endif()
# With ccache a precompiled header must not carry its time stamp.
add_compile_options(-fpch-instantiate-templates "SHELL:-Xclang -fno-pch-timestamp")

find_program(GATEPOST_MOLD mold)
if(GATEPOST_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
find_program(GATEPOST_CCACHE ccache)
if(GATEPOST_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${GATEPOST_CCACHE})
endif()

if(GATEPOST_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
elseif(GATEPOST_SANITIZE)
  add_compile_options(-fsanitize=${GATEPOST_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${GATEPOST_SANITIZE})
endif()

# Half of what compiling a file costs is what it includes, so eight are compiled as one. More would save little, need more
# memory and leave one processor idle at the end. What the files of a layer name for themselves is therefore unique
# within it, which script/layers checks.
if(GATEPOST_UNITY)
  set(CMAKE_UNITY_BUILD ON)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE 8 CACHE STRING "files that are compiled as one; 0: all of a target")
endif()

# How a test program's own files are compiled: fast to build, for they are half of all code. What they test keeps the
# build's optimisation and its sanitizers; the tests' own code needs neither coverage nor undefined behaviour checks.
function(gatepost_compile_as_test target)
  target_compile_options(${target} PRIVATE -O0 -U_FORTIFY_SOURCE -gline-tables-only)
  if(GATEPOST_FUZZ)
    target_compile_options(${target} PRIVATE -fno-sanitize=fuzzer-no-link,undefined)
  elseif(GATEPOST_SANITIZE MATCHES "undefined")
    target_compile_options(${target} PRIVATE -fno-sanitize=undefined)
  endif()
endfunction()
