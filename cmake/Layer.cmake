# The layers of src/, and the include paths that keep them apart.
#
# A layer's headers are named by layer: "util/span.h". They lie beside their sources in src/util; the
# only way to them is <build>/layers/util, which holds one link, util -> src/util. A target gets the
# folders of the layers it declares and of no other, so a header of an undeclared layer is not found.

# Position from the bottom. A layer may use layers of a lower rank only; those of equal rank are
# siblings and do not know one another.
set(SS_RANK_util 0)
set(SS_RANK_source 1)
set(SS_RANK_parser 2)
set(SS_RANK_etcd 3)
set(SS_RANK_wal 4)
set(SS_RANK_writer 4)
set(SS_RANK_verify 5)
set(SS_RANK_intake 6)
set(SS_RANK_rows 6)
set(SS_RANK_convert 7)
set(SS_RANK_diff 7)
set(SS_RANK_restore 7)
set(SS_RANK_salvage 7)
set(SS_RANK_export 8)

# Bottom to top: the order in which src/CMakeLists.txt enters them.
set(SS_LAYER_ORDER util source parser etcd wal writer verify intake rows convert diff restore salvage export)

# ss_use_layers(TARGET LAYER...): puts include/ and these layers' headers, no others, within reach.
function(ss_use_layers target)
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/include")
  foreach(layer IN LISTS ARGN)
    if(NOT TARGET ss_layer_${layer})
      message(FATAL_ERROR "${target} uses ${layer}, which is no layer entered so far")
    endif()
    target_include_directories(${target} PRIVATE "${PROJECT_BINARY_DIR}/layers/${layer}")
  endforeach()
endfunction()

# ss_layer(NAME SOURCES file.c... [USES layer...] [LIBS target...])
#
# USES names every layer whose headers are included, directly or through another header.
# LIBS names the outside libraries whose headers are included (cmake/Dependencies.cmake finds them).
function(ss_layer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;USES;LIBS")
  if(NOT DEFINED SS_RANK_${name})
    message(FATAL_ERROR "${name} has no rank in cmake/Layer.cmake")
  endif()
  foreach(used IN LISTS arg_USES)
    if(NOT DEFINED SS_RANK_${used} OR NOT SS_RANK_${used} LESS SS_RANK_${name})
      message(FATAL_ERROR "layer ${name} may not use ${used}: it is not below")
    endif()
  endforeach()

  file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/layers/${name}")
  file(CREATE_LINK "${CMAKE_CURRENT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}/layers/${name}/${name}"
       SYMBOLIC)

  add_library(ss_layer_${name} OBJECT ${arg_SOURCES})
  ss_target_defaults(ss_layer_${name})
  ss_use_layers(ss_layer_${name} ${name} ${arg_USES})
  target_link_libraries(ss_layer_${name} PRIVATE ${arg_LIBS})
  set_target_properties(ss_layer_${name} PROPERTIES SS_LAYER_USES "${arg_USES}")
  set_property(GLOBAL APPEND PROPERTY SS_LAYERS ${name})
endfunction()

# ss_commands(OUT): the names of the commands, as src/cli/commands.def has them.
function(ss_commands out)
  set(table "${PROJECT_SOURCE_DIR}/src/cli/commands.def")
  set_property(DIRECTORY "${PROJECT_SOURCE_DIR}" APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${table}")
  file(STRINGS "${table}" names REGEX "^COMMAND\\(")
  list(TRANSFORM names REPLACE "^COMMAND\\(([a-z]+)\\)$" "\\1")
  set(${out} ${names} PARENT_SCOPE)
endfunction()

# ss_cli(SOURCES file.c...): the command line. It sees include/ and its own folder.
function(ss_cli)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "SOURCES")
  add_executable(snapscope_cli ${arg_SOURCES})
  ss_target_defaults(snapscope_cli)
  set_target_properties(snapscope_cli PROPERTIES OUTPUT_NAME snapscope)
  target_include_directories(snapscope_cli PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}")
  target_link_libraries(snapscope_cli PRIVATE snapscope_static PkgConfig::JANSSON)
  if(SNAPSCOPE_COVERAGE)
    target_compile_definitions(snapscope_cli PRIVATE SS_SANDBOX_OFF="built to write its coverage")
  elseif(TARGET PkgConfig::SECCOMP)
    target_link_libraries(snapscope_cli PRIVATE PkgConfig::SECCOMP)
    target_compile_definitions(snapscope_cli PRIVATE SS_HAVE_SECCOMP=1)
  endif()
endfunction()
