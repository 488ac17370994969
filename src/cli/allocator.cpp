// How jemalloc is to behave; without it, an unused variable. Two arenas waste less than four a
// core, and what was freed goes back to the system within a second, blocks of content at once, so
// that resident memory follows the cache's account (see bench/README.md, Memory).
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "narenas:2,background_thread:true,dirty_decay_ms:200,muzzy_decay_ms:0,"
                          "lg_tcache_max:15,oversize_threshold:65536";
}
