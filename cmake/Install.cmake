# cmake --install: program, both libraries, header, completions, manual pages, documentation, JSON Schemas,
# CMake package, pkg-config file.

include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/snapscope")

install(TARGETS snapscope_shared EXPORT snapscope-targets)
install(TARGETS snapscope_static EXPORT snapscope-static-targets)
install(FILES "${PROJECT_SOURCE_DIR}/include/snapscope.h" TYPE INCLUDE)
if(TARGET snapscope_cli)
  install(TARGETS snapscope_cli)
endif()
foreach(section IN ITEMS 1 3)
  install(
    DIRECTORY "${PROJECT_SOURCE_DIR}/docs/man/"
    DESTINATION "${CMAKE_INSTALL_MANDIR}/man${section}"
    FILES_MATCHING
    PATTERN "*.${section}")
endforeach()

# Where each shell looks for what a package brings, below the data folder.
if(TARGET snapscope_cli)
  set(completions "${PROJECT_SOURCE_DIR}/completions")
  install(FILES "${completions}/snapscope.bash" RENAME snapscope
          DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
  install(FILES "${completions}/_snapscope"
          DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions")
  install(FILES "${completions}/snapscope.fish"
          DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d")
endif()

install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" "${PROJECT_SOURCE_DIR}/CHANGELOG.md"
        DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(
  DIRECTORY "${PROJECT_SOURCE_DIR}/docs/"
  DESTINATION "${CMAKE_INSTALL_DOCDIR}"
  FILES_MATCHING
  PATTERN "*.md"
  PATTERN "schema/*.json"
  PATTERN "schema/*.xsd"
  PATTERN "man" EXCLUDE)

# Two export sets: a user of the shared library needs none of the libraries below it.
foreach(set IN ITEMS snapscope-targets snapscope-static-targets)
  install(EXPORT ${set} NAMESPACE snapscope:: DESTINATION "${package_dir}")
  export(EXPORT ${set} NAMESPACE snapscope:: FILE "${PROJECT_BINARY_DIR}/${set}.cmake")
endforeach()

configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/snapscope-config.cmake.in"
  "${PROJECT_BINARY_DIR}/snapscope-config.cmake" INSTALL_DESTINATION "${package_dir}"
  NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/snapscope-config-version.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/snapscope-config.cmake"
              "${PROJECT_BINARY_DIR}/snapscope-config-version.cmake"
        DESTINATION "${package_dir}")

# The prefix is found from where the file lies, so that `cmake --install --prefix` and a move keep it right.
set(pc_dir "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig")
file(RELATIVE_PATH SS_PC_PREFIX "${pc_dir}" "${CMAKE_INSTALL_PREFIX}")
string(REGEX REPLACE "/$" "" SS_PC_PREFIX "${SS_PC_PREFIX}")
configure_file("${PROJECT_SOURCE_DIR}/cmake/snapscope.pc.in" "${PROJECT_BINARY_DIR}/snapscope.pc"
               @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/snapscope.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
