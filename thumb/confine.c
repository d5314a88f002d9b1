/* What a process that reads a foreign file may still do: limits, a filter of
 * system calls, and which files it sees. */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "thumb/confine.h"

#define CONFINE_MEMORY_BYTES	(1UL << 30)
#define CONFINE_OUT_BYTES	(1UL << 20)
#define CONFINE_CPU_S		10
#define CONFINE_WALL_S		20
#define CONFINE_FILES		64
#define CONFINE_NICE		10
#define CONFINE_RULES_MAX	256

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CONFINE_SANITIZED	1	/* it needs terabytes of addresses */
#else
#define CONFINE_SANITIZED	0
#endif

/* Filters are of one kind of machine: a call has another number on each. */
#if defined(__x86_64__)
#define CONFINE_ARCH	AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define CONFINE_ARCH	AUDIT_ARCH_AARCH64
#else
#define CONFINE_ARCH	0
#endif

static bool
confine_limit(int what, rlim_t value)
{
	const struct rlimit	limit = { value, value };

	return setrlimit((__rlimit_resource_t)what, &limit) == 0;
}

bool
confine_limits(void)
{
	(void)alarm(CONFINE_WALL_S);
	errno = 0;
	if (nice(CONFINE_NICE) == -1 && errno != 0)
		return false;
	return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    confine_limit(RLIMIT_CORE, 0) &&
	    confine_limit(RLIMIT_FSIZE, CONFINE_OUT_BYTES) &&
	    confine_limit(RLIMIT_CPU, CONFINE_CPU_S) &&
	    confine_limit(RLIMIT_NOFILE, CONFINE_FILES) &&
	    (CONFINE_SANITIZED ||
	    confine_limit(RLIMIT_AS, CONFINE_MEMORY_BYTES));
}

/* ---- the filter ----------------------------------------------------------- */

/* What is decided of a call, and of which bits of an argument. */
struct confine_rule {
	int		nr;
	uint32_t	action;
	int		arg;		/* -1: whatever the arguments are */
	uint32_t	bits;		/* only where one of these is set, or */
	bool		unless;		/* where none is */
};

#define CONFINE_ALLOW		SECCOMP_RET_ALLOW
#define CONFINE_DENY		(SECCOMP_RET_ERRNO | EPERM)
#define CONFINE_UNKNOWN		(SECCOMP_RET_ERRNO | ENOSYS)
#define CONFINE_EXEC		0x4		/* PROT_EXEC */

/* To compute on memory, with threads. */
static const struct confine_rule confine_computing[] = {
	{ SYS_read,		CONFINE_ALLOW, -1, 0, false },
	{ SYS_write,		CONFINE_ALLOW, -1, 0, false },
	{ SYS_mmap,		CONFINE_ALLOW, 2, CONFINE_EXEC, true },
	{ SYS_mprotect,		CONFINE_ALLOW, 2, CONFINE_EXEC, true },
	{ SYS_munmap,		CONFINE_ALLOW, -1, 0, false },
	{ SYS_mremap,		CONFINE_ALLOW, -1, 0, false },
	{ SYS_madvise,		CONFINE_ALLOW, -1, 0, false },
	{ SYS_brk,		CONFINE_ALLOW, -1, 0, false },
	{ SYS_futex,		CONFINE_ALLOW, -1, 0, false },
	{ SYS_clone,		CONFINE_ALLOW, 0, CLONE_THREAD, false },
	/* Its flags are in memory, which no filter sees; threads are then made
	 * by clone(). */
	{ SYS_clone3,		CONFINE_UNKNOWN, -1, 0, false },
	{ SYS_exit,		CONFINE_ALLOW, -1, 0, false },
	{ SYS_exit_group,	CONFINE_ALLOW, -1, 0, false },
	{ SYS_rt_sigprocmask,	CONFINE_ALLOW, -1, 0, false },
	{ SYS_rt_sigaction,	CONFINE_ALLOW, -1, 0, false },
	{ SYS_rt_sigreturn,	CONFINE_ALLOW, -1, 0, false },
	{ SYS_sigaltstack,	CONFINE_ALLOW, -1, 0, false },
	{ SYS_set_robust_list,	CONFINE_ALLOW, -1, 0, false },
	{ SYS_sched_yield,	CONFINE_ALLOW, -1, 0, false },
	{ SYS_sched_getaffinity, CONFINE_ALLOW, -1, 0, false },
	{ SYS_clock_gettime,	CONFINE_ALLOW, -1, 0, false },
	{ SYS_clock_nanosleep,	CONFINE_ALLOW, -1, 0, false },
	{ SYS_getrandom,	CONFINE_ALLOW, -1, 0, false },
	{ SYS_getpid,		CONFINE_ALLOW, -1, 0, false },
	{ SYS_gettid,		CONFINE_ALLOW, -1, 0, false },
	{ SYS_sysinfo,		CONFINE_ALLOW, -1, 0, false },
	{ SYS_close,		CONFINE_ALLOW, -1, 0, false },
#ifdef SYS_rseq
	{ SYS_rseq,		CONFINE_ALLOW, -1, 0, false },
#endif
};

/* What a program that reads one film has no need of. */
static const struct confine_rule confine_reading[] = {
	{ SYS_socket,		CONFINE_DENY, -1, 0, false },
	{ SYS_socketpair,	CONFINE_DENY, -1, 0, false },
	{ SYS_connect,		CONFINE_DENY, -1, 0, false },
	{ SYS_bind,		CONFINE_DENY, -1, 0, false },
	{ SYS_openat,		CONFINE_DENY, 2, O_WRONLY | O_RDWR | O_CREAT |
	    O_TRUNC, false },
	{ SYS_openat2,		CONFINE_UNKNOWN, -1, 0, false },
	{ SYS_clone,		CONFINE_DENY, 0, CLONE_THREAD, true },
	{ SYS_clone3,		CONFINE_UNKNOWN, -1, 0, false },
	{ SYS_ptrace,		CONFINE_DENY, -1, 0, false },
	{ SYS_process_vm_readv,	CONFINE_DENY, -1, 0, false },
	{ SYS_process_vm_writev, CONFINE_DENY, -1, 0, false },
	{ SYS_kill,		CONFINE_DENY, -1, 0, false },
	{ SYS_tkill,		CONFINE_DENY, -1, 0, false },
	{ SYS_pidfd_open,	CONFINE_DENY, -1, 0, false },
	{ SYS_pidfd_send_signal, CONFINE_DENY, -1, 0, false },
	{ SYS_unlinkat,		CONFINE_DENY, -1, 0, false },
	{ SYS_renameat2,	CONFINE_DENY, -1, 0, false },
	{ SYS_mkdirat,		CONFINE_DENY, -1, 0, false },
	{ SYS_linkat,		CONFINE_DENY, -1, 0, false },
	{ SYS_symlinkat,	CONFINE_DENY, -1, 0, false },
	{ SYS_mknodat,		CONFINE_DENY, -1, 0, false },
	{ SYS_fchmod,		CONFINE_DENY, -1, 0, false },
	{ SYS_fchmodat,		CONFINE_DENY, -1, 0, false },
	{ SYS_fchown,		CONFINE_DENY, -1, 0, false },
	{ SYS_fchownat,		CONFINE_DENY, -1, 0, false },
	{ SYS_truncate,		CONFINE_DENY, -1, 0, false },
	{ SYS_setxattr,		CONFINE_DENY, -1, 0, false },
	{ SYS_utimensat,	CONFINE_DENY, -1, 0, false },
	{ SYS_mount,		CONFINE_DENY, -1, 0, false },
	{ SYS_unshare,		CONFINE_DENY, -1, 0, false },
	{ SYS_setns,		CONFINE_DENY, -1, 0, false },
	{ SYS_bpf,		CONFINE_DENY, -1, 0, false },
	{ SYS_perf_event_open,	CONFINE_DENY, -1, 0, false },
	{ SYS_keyctl,		CONFINE_DENY, -1, 0, false },
	{ SYS_add_key,		CONFINE_DENY, -1, 0, false },
	{ SYS_userfaultfd,	CONFINE_DENY, -1, 0, false },
	{ SYS_io_uring_setup,	CONFINE_DENY, -1, 0, false },
#ifdef __x86_64__
	/* What newer kinds of machines never had. */
	{ SYS_open,		CONFINE_DENY, 1, O_WRONLY | O_RDWR | O_CREAT |
	    O_TRUNC, false },
	{ SYS_creat,		CONFINE_DENY, -1, 0, false },
	{ SYS_fork,		CONFINE_DENY, -1, 0, false },
	{ SYS_vfork,		CONFINE_DENY, -1, 0, false },
	{ SYS_unlink,		CONFINE_DENY, -1, 0, false },
	{ SYS_rename,		CONFINE_DENY, -1, 0, false },
	{ SYS_renameat,		CONFINE_DENY, -1, 0, false },
	{ SYS_mkdir,		CONFINE_DENY, -1, 0, false },
	{ SYS_rmdir,		CONFINE_DENY, -1, 0, false },
	{ SYS_link,		CONFINE_DENY, -1, 0, false },
	{ SYS_symlink,		CONFINE_DENY, -1, 0, false },
	{ SYS_mknod,		CONFINE_DENY, -1, 0, false },
	{ SYS_chmod,		CONFINE_DENY, -1, 0, false },
	{ SYS_chown,		CONFINE_DENY, -1, 0, false },
	{ SYS_lchown,		CONFINE_DENY, -1, 0, false },
	{ SYS_utime,		CONFINE_DENY, -1, 0, false },
	{ SYS_utimes,		CONFINE_DENY, -1, 0, false },
#endif
};

struct confine_filter {
	struct sock_filter	code[CONFINE_RULES_MAX];
	unsigned short		len;
};

static void
filter_put(struct confine_filter *f, uint16_t code, uint8_t yes, uint8_t no,
    uint32_t k)
{
	f->code[f->len++] = (struct sock_filter){ code, yes, no, k };
}

static void
filter_load(struct confine_filter *f, size_t offset)
{
	filter_put(f, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

static void
filter_return(struct confine_filter *f, uint32_t action)
{
	filter_put(f, BPF_RET | BPF_K, 0, 0, action);
}

/* Another kind of machine's calls have other numbers: none of them. */
static void
filter_begin(struct confine_filter *f)
{
	f->len = 0;
	filter_load(f, offsetof(struct seccomp_data, arch));
	filter_put(f, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, CONFINE_ARCH);
	filter_return(f, SECCOMP_RET_KILL_PROCESS);
	filter_load(f, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
	/* x32: the same calls by other numbers. */
	filter_put(f, BPF_JMP | BPF_JGE | BPF_K, 0, 1, 0x40000000);
	filter_return(f, SECCOMP_RET_KILL_PROCESS);
#endif
}

/* The number of the call is loaded before and after. */
static void
filter_rule(struct confine_filter *f, const struct confine_rule *r)
{
	if (r->arg == -1) {
		filter_put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 1,
		    (uint32_t)r->nr);
		filter_return(f, r->action);
		return;
	}
	filter_put(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 4, (uint32_t)r->nr);
	/* Both kinds of machine store the lower half of an argument first. */
	filter_load(f, offsetof(struct seccomp_data, args) +
	    (size_t)r->arg * sizeof(uint64_t));
	filter_put(f, BPF_JMP | BPF_JSET | BPF_K, r->unless ? 1 : 0,
	    r->unless ? 0 : 1, r->bits);
	filter_return(f, r->action);
	filter_load(f, offsetof(struct seccomp_data, nr));
}

/* Of all threads; where there is no filter, the limits stand alone. */
static void
filter_install(const struct confine_rule *rules, size_t n, uint32_t otherwise)
{
	struct confine_filter	f;
	struct sock_fprog	prog;
	size_t			i;

	if (CONFINE_ARCH == 0 || CONFINE_SANITIZED)
		return;
	filter_begin(&f);
	for (i = 0; i < n; i++)
		filter_rule(&f, &rules[i]);
	filter_return(&f, otherwise);
	prog = (struct sock_fprog){ f.len, f.code };
	(void)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
	    SECCOMP_FILTER_FLAG_TSYNC, &prog);
}
_Static_assert(5 * (sizeof(confine_reading) / sizeof(confine_reading[0])) + 8 <
    2 * CONFINE_RULES_MAX, "CONFINE_RULES_MAX is too small");

void
confine_to_open_files(void)
{
	filter_install(confine_computing, sizeof(confine_computing) /
	    sizeof(confine_computing[0]), CONFINE_DENY);
}

/* ---- which files it sees -------------------------------------------------- */

static void
landlock_allow(int ruleset, int fd, uint64_t access)
{
	const struct landlock_path_beneath_attr	rule = {
		.allowed_access = access,
		.parent_fd = fd
	};

	(void)syscall(SYS_landlock_add_rule, ruleset,
	    LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

static void
landlock_allow_path(int ruleset, const char *path, uint64_t access)
{
	int	fd = open(path, O_PATH | O_CLOEXEC);

	if (fd == -1)
		return;
	landlock_allow(ruleset, fd, access);
	(void)close(fd);
}

/* Programs and libraries, and the one file. */
static void
landlock_see_only(int fd)
{
	static const char *const	dirs[] = { "/usr", "/lib", "/lib64",
					    "/bin", "/etc/alternatives" };
	const uint64_t	file = LANDLOCK_ACCESS_FS_READ_FILE;
	const uint64_t	run = file | LANDLOCK_ACCESS_FS_EXECUTE;
	const struct landlock_ruleset_attr	attr = {
		.handled_access_fs = run | LANDLOCK_ACCESS_FS_READ_DIR
	};
	size_t	i;
	int	ruleset;

	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr,
	    sizeof(attr), 0);
	if (ruleset == -1)
		return;
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		landlock_allow_path(ruleset, dirs[i], run |
		    LANDLOCK_ACCESS_FS_READ_DIR);
	landlock_allow_path(ruleset, "/etc/ld.so.cache", file);
	landlock_allow(ruleset, fd, file);
	(void)syscall(SYS_landlock_restrict_self, ruleset, 0);
	(void)close(ruleset);
}

void
confine_to_reading(int fd)
{
	landlock_see_only(fd);
	filter_install(confine_reading, sizeof(confine_reading) /
	    sizeof(confine_reading[0]), SECCOMP_RET_ALLOW);
}
