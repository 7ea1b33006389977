# ph_library(NAME sources... LINK libraries...): one static library a folder.
# ph_test(NAME sources... LINK libraries...): one GoogleTest binary, its cases known to ctest.
add_library(ph_options INTERFACE)
target_compile_options(ph_options INTERFACE -Wall -Wextra -Werror
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)  # GCC 12 reports it falsely at -O3
target_compile_definitions(ph_options INTERFACE
  _TURN_OFF_PLATFORM_STRING)  # cpprest's macro U breaks fmt
target_include_directories(ph_options INTERFACE ${PROJECT_SOURCE_DIR}/operator)
if(PROCESSHUB_SANITIZE)
  target_compile_options(ph_options INTERFACE -fsanitize=${PROCESSHUB_SANITIZE}
    -fno-omit-frame-pointer -fno-sanitize-recover=all
    # GCC 12: atomic_thread_fence in asio; and falsely, in std::regex and std::function.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan;-Wno-maybe-uninitialized>)
  target_link_options(ph_options INTERFACE -fsanitize=${PROCESSHUB_SANITIZE})
endif()
if(PROCESSHUB_FUZZ)
  target_compile_options(ph_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

function(ph_library name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC ph_options ${ARG_LINK})
endfunction()

function(ph_test name)
  cmake_parse_arguments(ARG "" "" "LINK;LABELS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ph_options ${ARG_LINK} GTest::gmock GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_compile_options(${name} PRIVATE -O1)  # tests are compiled more often than run
  target_compile_definitions(${name} PRIVATE PROCESSHUB_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  include(GoogleTest)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 30
    TEST_PREFIX "${name}." PROPERTIES LABELS "${ARG_LABELS}")
endfunction()
