#include <selvedge/proxy/jobs.hpp>

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

namespace selvedge::proxy {

namespace {

// Back from SCHED_IDLE comes who may have a nice value of 0 (sched(7), RLIMIT_NICE), or any.
bool may_come_back() {
  constexpr rlim_t kNiceOfZero = 20;
  rlimit limit{};
  return geteuid() == 0 || (getrlimit(RLIMIT_NICE, &limit) == 0 && limit.rlim_cur >= kNiceOfZero);
}

} // namespace

// Linux has a nice value and a policy for each thread; 0 is the calling one.
void Jobs::stand_back() {
  constexpr int kNice = 5;
  constexpr int kLast = 19;
  thread_local bool is_done = false;
  if (is_done || priority_ == Priority::like_workers) return;
  is_done = true;
  const sched_param none{};
  if (priority_ == Priority::behind_workers) {
    setpriority(PRIO_PROCESS, 0, kNice);
  } else if (may_come_back() && sched_setscheduler(0, SCHED_IDLE, &none) == 0) {
    idle_thread_ = gettid();
  } else { // an end of the node would wait for a thread that has next to nothing of a busy core
    setpriority(PRIO_PROCESS, 0, kLast);
  }
}

void Jobs::hurry() {
  const int thread = idle_thread_.exchange(0);
  const sched_param none{};
  if (thread != 0) sched_setscheduler(thread, SCHED_OTHER, &none);
}

} // namespace selvedge::proxy
