#include "privileges.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace selvedge::server {

namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw std::runtime_error("run_as: " + what);
}

void require(int result, const char* what) {
  if (result != 0) refuse(std::string(what) + ": " + std::strerror(errno));
}

// The account opens its logs anew. What a link names is not given away: who may write the folder
// chooses that.
void give(const std::string& file, uid_t user, gid_t group) {
  const int log = ::open(file.c_str(), O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (log < 0 && (errno == ENOENT || errno == ELOOP)) return;
  require(log < 0 ? -1 : 0, file.c_str());
  struct stat about {};
  int result = ::fstat(log, &about);
  if (result == 0 && S_ISREG(about.st_mode)) result = ::fchown(log, user, group);
  ::close(log);
  require(result, file.c_str());
}

} // namespace

void become(const config::RunAsOptions& who, const std::vector<std::string>& files) {
  if (who.user.empty()) return;
  const passwd* user = ::getpwnam(who.user.c_str());
  if (user == nullptr) refuse("there is no user '" + who.user + "'");
  const uid_t uid = user->pw_uid;
  gid_t gid = user->pw_gid;
  if (!who.group.empty()) {
    const group* found = ::getgrnam(who.group.c_str());
    if (found == nullptr) refuse("there is no group '" + who.group + "'");
    gid = found->gr_gid;
  }
  if (::geteuid() != uid) {
    if (::geteuid() != 0) refuse("only root can become '" + who.user + "'");
    for (const std::string& file : files) {
      if (!file.empty() && file != "-") give(file, uid, gid);
    }
    require(::initgroups(who.user.c_str(), gid), "groups");
    require(::setresgid(gid, gid, gid), "group");
    require(::setresuid(uid, uid, uid), "user");
    if (uid != 0 && ::setuid(0) == 0) refuse("root again");
  }
  require(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
}

std::uint64_t raise_file_limit(std::uint64_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur < wanted && limit.rlim_cur < limit.rlim_max) {
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return before;
  }
  return limit.rlim_cur;
}

} // namespace selvedge::server
