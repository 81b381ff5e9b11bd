# Libraries that others keep. snapscope-config.cmake.in and snapscope.pc.in name the same ones.

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto)
find_package(LibArchive 3.3 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET GLOBAL libxxhash>=0.8)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET GLOBAL jansson>=2.13)
pkg_check_modules(ISAL REQUIRED IMPORTED_TARGET GLOBAL libisal>=2.30)

# Of the program alone, and optional: without it the sandbox has Landlock only, or nothing.
option(SNAPSCOPE_SECCOMP "Use libseccomp for the program's sandbox, where it is found" ON)
if(SNAPSCOPE_SECCOMP)
  pkg_check_modules(SECCOMP IMPORTED_TARGET GLOBAL libseccomp>=2.5)
endif()
if(SNAPSCOPE_COVERAGE)
  message(STATUS "Sandbox: none in this build, which writes its coverage at exit")
elseif(TARGET PkgConfig::SECCOMP)
  message(STATUS "Sandbox: seccomp by libseccomp ${SECCOMP_VERSION}, and Landlock")
else()
  message(WARNING "Sandbox: Landlock alone, since libseccomp is not found or not wanted: the program "
                  "keeps the network, and on kernels without Landlock it has no sandbox at all")
endif()

set(SS_LIBRARY_DEPENDENCIES OpenSSL::Crypto LibArchive::LibArchive PkgConfig::XXHASH
                            PkgConfig::JANSSON PkgConfig::ISAL Threads::Threads)

if(SNAPSCOPE_TESTS)
  pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET GLOBAL cmocka>=1.1)
endif()
