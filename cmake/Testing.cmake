# How tests, fuzz targets and scripts are declared. Each is one CTest test with a label for its suite.

# ss_test_properties(TEST LABEL [TIMEOUT])
function(ss_test_properties test label)
  set(timeout 300)
  if(ARGC GREATER 2)
    set(timeout ${ARGV2})
  endif()
  set_tests_properties(${test} PROPERTIES LABELS ${label} TIMEOUT ${timeout} SKIP_RETURN_CODE 77)
endfunction()

# ss_unit_test(NAME SOURCES file.c... [USES layer...] [LIBS target...])
#
# A cmocka program linked with the static library, so internal symbols are within its reach; the
# headers within its reach are those of the layers it names. It gets SS_SOURCE_DIR in its
# environment and runs in a folder of its own under the build folder.
function(ss_unit_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;USES;LIBS")
  add_executable(unit_${name} ${arg_SOURCES})
  ss_target_defaults(unit_${name})
  ss_use_layers(unit_${name} ${arg_USES})
  target_link_libraries(unit_${name} PRIVATE snapscope_static PkgConfig::CMOCKA ${arg_LIBS})
  set(work "${CMAKE_CURRENT_BINARY_DIR}/work/${name}")
  file(MAKE_DIRECTORY "${work}")
  add_test(NAME unit_${name} COMMAND unit_${name} WORKING_DIRECTORY "${work}")
  ss_test_properties(unit_${name} unit)
  set_tests_properties(unit_${name} PROPERTIES ENVIRONMENT "SS_SOURCE_DIR=${PROJECT_SOURCE_DIR}")
endfunction()

# ss_script_test(NAME LABEL SCRIPT [TIMEOUT]): a bash script. It finds the program under test, the
# source and the build folder in SNAPSCOPE, SS_SOURCE_DIR and SS_BINARY_DIR, the compiler and the
# version in SS_CC and SS_VERSION; exit 77 means skipped.
function(ss_script_test name label script)
  add_test(NAME ${name} COMMAND bash "${CMAKE_CURRENT_SOURCE_DIR}/${script}")
  ss_test_properties(${name} ${label} ${ARGN})
  set(environment "SS_SOURCE_DIR=${PROJECT_SOURCE_DIR}" "SS_BINARY_DIR=${PROJECT_BINARY_DIR}"
                  "SS_CC=${CMAKE_C_COMPILER}" "SS_VERSION=${PROJECT_VERSION}")
  if(TARGET snapscope_cli)
    list(APPEND environment "SNAPSCOPE=$<TARGET_FILE:snapscope_cli>")
  endif()
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "${environment}")
endfunction()

# ss_fuzz_target(NAME [FILES 1|2] [MUTATOR file.c] [USES layer...] [LIBS target...])
#
# fuzz/fuzz_NAME.c, which defines LLVMFuzzerTestOneInput. With SNAPSCOPE_FUZZ it becomes the libFuzzer
# (or AFL++) program fuzz_NAME, with FILES also the mutator for inputs of so many parts, with MUTATOR
# another one; the target `fuzzers` builds them all. Otherwise it becomes fuzz_NAME_replay, which CTest runs over
# fuzz/seeds/NAME and fuzz/regressions/NAME.
function(ss_fuzz_target name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "FILES;MUTATOR" "USES;LIBS")
  if(SNAPSCOPE_FUZZ)
    set(target fuzz_${name})
    add_executable(${target} fuzz_${name}.c probe.c)
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    if(arg_FILES)
      set(arg_MUTATOR mutator.c)
      target_compile_definitions(${target} PRIVATE FUZZ_PARTS=${arg_FILES})
    endif()
    if(arg_MUTATOR AND NOT CMAKE_C_COMPILER MATCHES "afl") # afl-fuzz loads its own
      target_sources(${target} PRIVATE mutate.c ${arg_MUTATOR})
      list(APPEND arg_USES util)
      list(APPEND arg_LIBS OpenSSL::Crypto)
    endif()
    if(NOT TARGET fuzzers)
      add_custom_target(fuzzers)
    endif()
    add_dependencies(fuzzers ${target})
  else()
    set(target fuzz_${name}_replay)
    add_executable(${target} fuzz_${name}.c probe.c driver.c)
  endif()
  ss_target_defaults(${target})
  ss_use_layers(${target} ${arg_USES})
  target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}")
  target_link_libraries(${target} PRIVATE snapscope_static ${arg_LIBS})

  set(corpora)
  foreach(folder IN ITEMS seeds regressions)
    if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${folder}/${name}")
      list(APPEND corpora "${CMAKE_CURRENT_SOURCE_DIR}/${folder}/${name}")
    endif()
  endforeach()
  if(corpora)
    if(SNAPSCOPE_FUZZ)
      add_test(NAME fuzz_${name} COMMAND ${target} -runs=0 ${corpora})
    else()
      add_test(NAME fuzz_${name} COMMAND ${target} ${corpora})
    endif()
    ss_test_properties(fuzz_${name} fuzz)
  endif()
endfunction()
