#include "sys/privileges.hpp"

#include "base/strings.hpp"
#include "sys/fd.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>
#include <cstdio>
#include <memory>

namespace mirrorctl::sys {

namespace {

constexpr uid_t kNobody = 65534;  // the kernel's own overflow uid and gid, and nobody of every distribution

Failure failed(std::string_view what) {
    return Failure(errno_error(errno, what, "the process that talks to registries"));
}

// user_namespaces(7): lines of "first inside, first outside, count". A file that cannot be read is no reason
// to keep root.
bool maps_nobody(const char* map) {
    std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(map, "re"), std::fclose);
    if (!file) return true;
    unsigned long first = 0;
    unsigned long outside = 0;
    unsigned long count = 0;
    // NOLINTNEXTLINE(cert-err34-c): three numbers that the kernel wrote
    while (std::fscanf(file.get(), "%lu %lu %lu", &first, &outside, &count) == 3)
        if (first <= kNobody && kNobody - first < count) return true;
    return false;
}

// Not cap_set_proc(3), which is a library for one call (capset(2)).
Result<void> drop_capabilities() {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
    if (::syscall(SYS_capset, &header, none.data()) != 0) return failed("cannot give up capabilities");
    return {};
}

using Filter = std::unique_ptr<void, decltype(&::seccomp_release)>;

// By what a call does; a name that this architecture does not have is passed over by the library. The
// pointers of openat2, clone3 and io_uring hide from a filter what they do: those calls "do not exist".
constexpr std::array kForbidden{
    // files
    "creat", "mkdir", "mkdirat", "mknod", "mknodat", "link", "linkat", "symlink", "symlinkat", "rename",
    "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "truncate", "truncate64", "fallocate", "chmod",
    "fchmod", "fchmodat", "fchmodat2", "chown", "chown32", "fchown", "fchown32", "fchownat", "lchown",
    "lchown32", "setxattr", "lsetxattr", "fsetxattr", "setxattrat", "removexattr", "lremovexattr",
    "fremovexattr", "utime", "utimes", "utimensat", "futimesat", "mount", "umount", "umount2", "pivot_root",
    "chroot", "move_mount", "open_tree", "fsopen", "mount_setattr", "swapon", "swapoff", "quotactl",
    // programs and other processes
    "execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv", "process_vm_writev",
    "process_madvise", "process_mrelease", "kill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo",
    "pidfd_open", "pidfd_send_signal", "pidfd_getfd", "kcmp", "unshare", "setns", "setsid", "setpgid",
    "setpriority", "ioprio_set", "sched_setscheduler", "sched_setparam", "sched_setattr", "sched_setaffinity",
    "migrate_pages", "move_pages",
    // the kernel
    "bpf", "perf_event_open", "userfaultfd", "keyctl", "add_key", "request_key", "init_module",
    "finit_module", "delete_module", "kexec_load", "kexec_file_load", "personality", "acct", "reboot",
    "sethostname", "setdomainname", "settimeofday", "clock_settime", "syslog", "vhangup", "shmget", "msgget",
    "semget", "mq_open"};
constexpr std::array kAbsent{"openat2", "clone3", "io_uring_setup", "io_uring_enter", "io_uring_register"};

bool add(scmp_filter_ctx filter, int error, const char* name) {
    int number = ::seccomp_syscall_resolve_name(name);
    return number == __NR_SCMP_ERROR ||
           ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(static_cast<unsigned>(error)), number, 0) == 0;
}

bool add_if(scmp_filter_ctx filter, int number, scmp_arg_cmp condition) {
    return ::seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(EPERM), number, 1, &condition) == 0;
}

// Forbids the call where that argument has this value.
bool add_equal(scmp_filter_ctx filter, int number, unsigned argument, unsigned long value) {
    return add_if(filter, number, {.arg = argument, .op = SCMP_CMP_EQ, .datum_a = value, .datum_b = 0});
}

// Forbids the call where a bit of `bits` is set in that argument.
bool add_masked(scmp_filter_ctx filter, int number, unsigned argument, int bits) {
    auto mask = static_cast<unsigned>(bits);
    return add_if(filter, number,
                  {.arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = mask});
}

#ifdef __s390__
constexpr unsigned kCloneFlags = 1;  // clone(2): there the stack comes first
#else
constexpr unsigned kCloneFlags = 0;
#endif

// Threads, which a resolver needs, and no processes: one would outlive the child.
bool forbid_processes(scmp_filter_ctx filter) {
    bool ok = add_if(filter, SCMP_SYS(clone),
                     {.arg = kCloneFlags, .op = SCMP_CMP_MASKED_EQ, .datum_a = CLONE_THREAD, .datum_b = 0});
    for (int bits : {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWPID})
        ok = ok && add_masked(filter, SCMP_SYS(clone), kCloneFlags, bits);
    return ok;
}

// Others of the same user, who is nobody for many: signals (also those that a descriptor sends) and limits.
bool leave_others_alone(scmp_filter_ctx filter) {
    auto self = static_cast<scmp_datum_t>(::getpid());
    // raise(3) and abort(3) are tgkill(2) to oneself.
    bool ok = add_if(filter, SCMP_SYS(tgkill), {.arg = 0, .op = SCMP_CMP_NE, .datum_a = self, .datum_b = 0});
    ok = ok && add_if(filter, SCMP_SYS(prlimit64), {.arg = 0, .op = SCMP_CMP_NE, .datum_a = 0, .datum_b = 0});
    for (int command : {F_SETOWN, F_SETOWN_EX, F_SETSIG})
        ok = ok && add_equal(filter, SCMP_SYS(fcntl), 1, static_cast<unsigned>(command));
    for (int request : {FIOSETOWN, SIOCSPGRP})
        ok = ok && add_equal(filter, SCMP_SYS(ioctl), 1, static_cast<unsigned>(request));
    return ok;
}

// What names and connections need; the rest is a large part of the kernel that no mirror has to reach.
bool limit_sockets(scmp_filter_ctx filter) {
    bool ok = true;
    for (unsigned family = AF_UNSPEC; family < AF_MAX; ++family)
        if (family != AF_UNIX && family != AF_INET && family != AF_INET6 && family != AF_NETLINK)
            ok = ok && add_equal(filter, SCMP_SYS(socket), 0, family);
    return ok;
}

bool fill(scmp_filter_ctx filter) {
    bool ok = forbid_processes(filter) && leave_others_alone(filter) && limit_sockets(filter);
    for (const auto* name : kForbidden) ok = ok && add(filter, EPERM, name);
    for (const auto* name : kAbsent) ok = ok && add(filter, ENOSYS, name);
    for (int bits : {O_WRONLY, O_RDWR, O_CREAT, O_TRUNC}) {
        ok = ok && add_masked(filter, SCMP_SYS(open), 1, bits);
        ok = ok && add_masked(filter, SCMP_SYS(openat), 2, bits);
    }
    return ok;
}

}  // namespace

Result<void> drop_root() {
    if (::geteuid() != 0) return drop_capabilities();
    if (maps_nobody("/proc/self/uid_map") && maps_nobody("/proc/self/gid_map")) {
        if (::setgroups(0, nullptr) != 0 || ::setresgid(kNobody, kNobody, kNobody) != 0 ||
            ::setresuid(kNobody, kNobody, kNobody) != 0)
            return failed("cannot become nobody");
        if (::setresuid(0, 0, 0) == 0 || ::geteuid() == 0) return failed("still root");
    }
    return drop_capabilities();
}

Result<void> forbid_changes() {
    rlimit nothing{0, 0};
    if (::setrlimit(RLIMIT_FSIZE, &nothing) != 0 || ::setrlimit(RLIMIT_CORE, &nothing) != 0)
        return failed("cannot set limits");
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("cannot forbid new privileges");
    Filter filter(::seccomp_init(SCMP_ACT_ALLOW), ::seccomp_release);
    if (!filter || !fill(filter.get())) return failed("cannot make the seccomp filter");
    int loaded = ::seccomp_load(filter.get());
    // EINVAL, ENOSYS: a kernel or an emulator that has no filters.
    if (loaded == 0 || loaded == -EINVAL || loaded == -ENOSYS) return {};
    errno = -loaded;
    return failed("cannot load the seccomp filter");
}

}  // namespace mirrorctl::sys
