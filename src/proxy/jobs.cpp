#include <selvedge/proxy/jobs.hpp>

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

namespace selvedge::proxy {

// Linux has a nice value and a policy for each thread; 0 is the calling one.
void Jobs::stand_back() {
  constexpr int kNice = 5;
  thread_local bool is_done = false;
  if (is_done) return;
  is_done = true;
  if (priority_ == Priority::behind_workers) setpriority(PRIO_PROCESS, 0, kNice);
  if (priority_ != Priority::idle) return;
  const sched_param none{};
  if (sched_setscheduler(0, SCHED_IDLE, &none) == 0) idle_thread_ = gettid();
}

void Jobs::hurry() {
  const int thread = idle_thread_.exchange(0);
  const sched_param none{};
  if (thread != 0) sched_setscheduler(thread, SCHED_OTHER, &none);
}

} // namespace selvedge::proxy
