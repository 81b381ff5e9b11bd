# What every target of this project is compiled with. Consumers of the library inherit none of it.

include(CheckCCompilerFlag)
include(CheckPIESupported)

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_INTERPROCEDURAL_OPTIMIZATION OFF)
check_pie_supported(LANGUAGES C)

add_library(ss_warnings INTERFACE)
target_compile_options(
  ss_warnings
  INTERFACE -Wall
            -Wextra
            -Wconversion
            -Wsign-conversion
            -Wshadow
            -Wvla
            -Wstrict-prototypes
            -Wmissing-prototypes
            -Wundef
            -Wpointer-arith
            -Wcast-qual
            -Wformat=2
            $<$<BOOL:${SNAPSCOPE_WERROR}>:-Werror>)

# Optimised builds without a sanitizer only: the sanitizers intercept what _FORTIFY_SOURCE wraps.
add_library(ss_hardening INTERFACE)
if(NOT SNAPSCOPE_SANITIZE)
  set(optimised "$<CONFIG:Release,RelWithDebInfo,MinSizeRel>")
  check_c_compiler_flag("-O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -Werror" SS_HAVE_FORTIFY_3)
  set(fortify $<IF:$<BOOL:${SS_HAVE_FORTIFY_3}>,3,2>)
  target_compile_options(ss_hardening INTERFACE "$<${optimised}:-U_FORTIFY_SOURCE>"
                                                "$<${optimised}:-D_FORTIFY_SOURCE=${fortify}>")
  foreach(flag IN ITEMS -fstack-protector-strong -fstack-clash-protection -fcf-protection)
    string(MAKE_C_IDENTIFIER "SS_HAVE${flag}" have)
    check_c_compiler_flag("${flag} -Werror" ${have})
    if(${have})
      target_compile_options(ss_hardening INTERFACE "$<${optimised}:${flag}>")
    endif()
  endforeach()
  target_link_options(ss_hardening INTERFACE "$<${optimised}:LINKER:-z,relro,-z,now>")
endif()
target_link_options(ss_hardening INTERFACE "LINKER:--as-needed")

add_library(ss_instrument INTERFACE)
if(SNAPSCOPE_SANITIZE)
  target_compile_options(
    ss_instrument INTERFACE -fsanitize=${SNAPSCOPE_SANITIZE} -fno-sanitize-recover=all
                            -fno-omit-frame-pointer)
  target_link_options(ss_instrument INTERFACE -fsanitize=${SNAPSCOPE_SANITIZE})
endif()
set(SS_WRAPPED)
if(SNAPSCOPE_SANITIZE STREQUAL "memory")
  # tests/msan/shim.c tells what the libraries wrote: a program's calls of them are led there.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS tests/msan/shim.c)
  file(STRINGS "${PROJECT_SOURCE_DIR}/tests/msan/shim.c" SS_WRAPPED REGEX "^(WRAPPED|PASSED)\\(")
  list(TRANSFORM SS_WRAPPED REPLACE "^[A-Z]+\\([^,]*, ([A-Za-z0-9_]+),.*" "LINKER:--wrap=\\1")
endif()
if(SNAPSCOPE_ANALYZER)
  # gcc 12 loses sight of memory whose address goes into memory that realloc gave, or through a pointer to a
  # pointer, and calls it a leak: all ten of its complaints were such. Leaks are left to clang's analyzer,
  # LeakSanitizer and valgrind, which find none.
  target_compile_options(ss_instrument INTERFACE -fanalyzer -Wno-analyzer-malloc-leak)
endif()
if(SNAPSCOPE_FUZZ)
  target_compile_options(ss_instrument INTERFACE -fsanitize=fuzzer-no-link
                                                 -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION)
endif()
if(SNAPSCOPE_COVERAGE)
  # Threads count the same lines; torn counts are more than gcovr reads.
  target_compile_options(ss_instrument INTERFACE --coverage -fprofile-abs-path
                                                 -fprofile-update=atomic)
  target_link_options(ss_instrument INTERFACE --coverage)
endif()

# ss_target_defaults(TARGET): language level, visibility, warnings, hardening, instrumentation.
# _GNU_SOURCE is set here, once: source files do not define feature macros.
function(ss_target_defaults target)
  set_target_properties(
    ${target}
    PROPERTIES C_STANDARD 17
               C_STANDARD_REQUIRED ON
               C_EXTENSIONS OFF
               C_VISIBILITY_PRESET hidden
               POSITION_INDEPENDENT_CODE ON)
  target_compile_definitions(${target} PRIVATE _GNU_SOURCE=1 _FILE_OFFSET_BITS=64)
  foreach(set IN ITEMS ss_warnings ss_hardening ss_instrument)
    target_compile_options(${target} PRIVATE $<TARGET_PROPERTY:${set},INTERFACE_COMPILE_OPTIONS>)
    target_link_options(${target} PRIVATE $<TARGET_PROPERTY:${set},INTERFACE_LINK_OPTIONS>)
  endforeach()
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")
    target_link_options(${target} PRIVATE ${SS_WRAPPED})
  endif()
endfunction()
