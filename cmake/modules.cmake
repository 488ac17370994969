add_library(selvedge_warnings INTERFACE)
target_compile_options(selvedge_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
  # g++ 12 takes the frames of Asio's coroutines for mismatched.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete>)

# Sanitizers apply to everything, so that one build tree has one kind of object.
set(SELVEDGE_SANITIZE "" CACHE STRING "address,undefined or thread; empty for none")
if(SELVEDGE_SANITIZE)
  add_compile_options(-fsanitize=${SELVEDGE_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  # clang 14 cannot check the types of functions that are coroutines.
  add_compile_options($<$<CXX_COMPILER_ID:Clang>:-fno-sanitize=function>)
  add_link_options(-fsanitize=${SELVEDGE_SANITIZE})
endif()

# selvedge_module(NAME [DEPS module...] [LIBS target...])
# A static library selvedge_NAME of src/NAME/*.cpp, public headers in include/selvedge/NAME/.
# DEPS is the module's row in the layering table.
function(selvedge_module name)
  cmake_parse_arguments(arg "" "" "DEPS;LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "asio_impl\\.cpp$")
  add_library(selvedge_${name} STATIC ${sources})
  target_include_directories(selvedge_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include)
  list(TRANSFORM arg_DEPS PREPEND selvedge_)
  target_link_libraries(selvedge_${name}
    PUBLIC ${arg_DEPS} ${arg_LIBS} Boost::boost fmt::fmt PkgConfig::xxhash
    PRIVATE selvedge_warnings)
endfunction()
