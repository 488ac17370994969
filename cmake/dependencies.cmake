# Everything comes from the distribution; see README.md for the package names (./dev setup).
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
pkg_check_modules(nghttp2 REQUIRED IMPORTED_TARGET libnghttp2)
pkg_check_modules(cares REQUIRED IMPORTED_TARGET libcares)
pkg_check_modules(archive REQUIRED IMPORTED_TARGET libarchive)
pkg_check_modules(zlib REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(brotlienc REQUIRED IMPORTED_TARGET libbrotlienc)
pkg_check_modules(brotlidec REQUIRED IMPORTED_TARGET libbrotlidec)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(jemalloc IMPORTED_TARGET jemalloc)

# The memory allocator of the program. glibc's keeps freed mixed-size chunks resident (measured in
# bench/README.md); sanitizers bring their own.
add_library(selvedge_allocator INTERFACE)
if(jemalloc_FOUND AND NOT SELVEDGE_SANITIZE)
  target_link_libraries(selvedge_allocator INTERFACE PkgConfig::jemalloc)
endif()

# Asio and Beast, compiled once, with the same definitions in every target that sees them.
add_library(selvedge_asio STATIC src/net/asio_impl.cpp)
target_link_libraries(selvedge_asio PUBLIC Boost::boost OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
target_compile_definitions(selvedge_asio PUBLIC
  BOOST_ASIO_SEPARATE_COMPILATION
  BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED
  BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE=16)
