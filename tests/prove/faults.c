/*
 * For LD_PRELOAD: call number N of a kind fails, once or from then on.
 *
 *	FAULT=KIND:N:once|ever	KIND is of the table below; N counts from 1
 *	FAULT_TALLY=PATH	at the end: a line "KIND CALLS" for each kind, and
 *				"hit" where the fault was met
 *
 * What this process starts has none of it.
 */
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <dlfcn.h>
#include <execinfo.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum kind {
	ALLOC, OPEN, READ, WRITE, FSYNC, SYNCFS, RENAME, UNLINK, MKDIR,
	FTRUNCATE, FLOCK, STAT, STATVFS, SOCKET, CONNECT, SEND, RECV, POLL,
	GETRANDOM, KINDS
};

static const struct {
	const char	*name;
	int		 error;
} kinds[KINDS] = {
	[ALLOC] = { "alloc", ENOMEM },
	[OPEN] = { "open", EMFILE },
	[READ] = { "read", EIO },
	[WRITE] = { "write", ENOSPC },
	[FSYNC] = { "fsync", EIO },
	[SYNCFS] = { "syncfs", EIO },
	[RENAME] = { "rename", EIO },
	[UNLINK] = { "unlink", EIO },
	[MKDIR] = { "mkdir", ENOSPC },
	[FTRUNCATE] = { "ftruncate", EIO },
	[FLOCK] = { "flock", ENOLCK },
	[STAT] = { "stat", EIO },
	[STATVFS] = { "statvfs", EIO },
	[SOCKET] = { "socket", EMFILE },
	[CONNECT] = { "connect", ECONNREFUSED },
	[SEND] = { "send", ECONNRESET },
	[RECV] = { "recv", ECONNRESET },
	[POLL] = { "poll", ENOMEM },
	[GETRANDOM] = { "getrandom", ENOSYS },
};

static atomic_long	calls[KINDS];
static int		armed = -1;
static long		at;
static bool		ever;
static atomic_bool	hit;
static char		tally[512];

void	*__libc_malloc(size_t);
void	*__libc_calloc(size_t, size_t);
void	*__libc_realloc(void *, size_t);

/* True: this call fails, with errno. */
static bool
fault(enum kind kind)
{
	long	n = atomic_fetch_add(&calls[kind], 1) + 1;

	if ((int)kind != armed || n < at || (n > at && !ever))
		return false;
	hit = true;
	errno = kinds[kind].error;
	return true;
}

static void __attribute__((constructor))
fault_begin(void)
{
	const char	*text = getenv("FAULT"), *to = getenv("FAULT_TALLY");
	char		 name[32], how[8];
	int		 i;

	(void)snprintf(tally, sizeof(tally), "%s", to != NULL ? to : "");
	if (text != NULL && sscanf(text, "%31[^:]:%ld:%7s", name, &at, how) ==
	    3) {
		ever = strcmp(how, "ever") == 0;
		for (i = 0; i < KINDS; i++) {
			calls[i] = 0;
			if (strcmp(kinds[i].name, name) == 0)
				armed = i;
		}
	}
	(void)unsetenv("LD_PRELOAD");
	(void)unsetenv("FAULT");
	(void)unsetenv("FAULT_TALLY");
}

static void __attribute__((destructor))
fault_end(void)
{
	FILE	*f;
	int	 i;

	armed = -1;
	if (tally[0] == '\0' || (f = fopen(tally, "w")) == NULL)
		return;
	for (i = 0; i < KINDS; i++)
		(void)fprintf(f, "%s %ld\n", kinds[i].name, calls[i]);
	if (hit)
		(void)fprintf(f, "hit 1\n");
	(void)fclose(f);
}

/* ---- crashes --------------------------------------------------------------- */

#define FRAMES	32

/* The crash is that of the first who is neither this nor the C library. */
static void
fault_on_crash(int sig)
{
	void	*at_frame[FRAMES];
	Dl_info	 here, frame;
	int	 i, n = backtrace(at_frame, FRAMES);
	bool	 passed = false;

	armed = -1;
	(void)dladdr((void *)fault_on_crash, &here);
	for (i = 0; i < n; i++) {
		if (dladdr(at_frame[i], &frame) == 0 ||
		    strcmp(frame.dli_fname, here.dli_fname) == 0 ||
		    strstr(frame.dli_fname, "/libc.so") != NULL)
			continue;
		passed = true;
		break;
	}
	(void)dprintf(2, "crashed in %s\n", passed ?
	    frame.dli_fname + strcspn(frame.dli_fname, "/") : "?");
	(void)signal(sig, SIG_DFL);
	(void)raise(sig);
}

static void __attribute__((constructor))
fault_watch(void)
{
	void	*frame[1];

	/* The first time it wants memory. */
	(void)backtrace(frame, 1);
	(void)signal(SIGSEGV, fault_on_crash);
	(void)signal(SIGABRT, fault_on_crash);
}

/* ---- memory -------------------------------------------------------------- */

void *
malloc(size_t n)
{
	return fault(ALLOC) ? NULL : __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
	return fault(ALLOC) ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
	return fault(ALLOC) ? NULL : __libc_realloc(p, n);
}

/* ---- calls: each asks the C library for its own version ------------------- */

#define NEXT(name)	((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAULTY(kind, result, name, parameters, arguments)		\
	result name parameters;						\
	result name parameters						\
	{								\
		static __typeof__(&name)	next;			\
		if (fault(kind))					\
			return -1;					\
		if (next == NULL)					\
			next = NEXT(name);				\
		return next arguments;					\
	}

#define FAULTY_OPEN(name)						\
	int								\
	name(const char *path, int flags, ...)				\
	{								\
		static int (*next)(const char *, int, ...);		\
		mode_t	mode = 0;					\
		va_list	ap;						\
		va_start(ap, flags);					\
		if ((flags & (O_CREAT | O_TMPFILE)) != 0)		\
			mode = va_arg(ap, mode_t);			\
		va_end(ap);						\
		if (fault(OPEN))					\
			return -1;					\
		if (next == NULL)					\
			next = NEXT(name);				\
		return next(path, flags, mode);				\
	}
#define FAULTY_OPENAT(name)						\
	int								\
	name(int dir, const char *path, int flags, ...)			\
	{								\
		static int (*next)(int, const char *, int, ...);	\
		mode_t	mode = 0;					\
		va_list	ap;						\
		va_start(ap, flags);					\
		if ((flags & (O_CREAT | O_TMPFILE)) != 0)		\
			mode = va_arg(ap, mode_t);			\
		va_end(ap);						\
		if (fault(OPEN))					\
			return -1;					\
		if (next == NULL)					\
			next = NEXT(name);				\
		return next(dir, path, flags, mode);			\
	}

FAULTY_OPEN(open)
FAULTY_OPEN(open64)
FAULTY_OPENAT(openat)
FAULTY_OPENAT(openat64)
FAULTY(READ, ssize_t, read, (int fd, void *to, size_t n), (fd, to, n))
FAULTY(WRITE, ssize_t, write, (int fd, const void *p, size_t n), (fd, p, n))
FAULTY(FSYNC, int, fsync, (int fd), (fd))
FAULTY(SYNCFS, int, syncfs, (int fd), (fd))
FAULTY(RENAME, int, rename, (const char *a, const char *b), (a, b))
FAULTY(RENAME, int, renameat, (int d, const char *a, int e, const char *b),
    (d, a, e, b))
FAULTY(UNLINK, int, unlink, (const char *path), (path))
FAULTY(UNLINK, int, unlinkat, (int d, const char *path, int f), (d, path, f))
FAULTY(MKDIR, int, mkdir, (const char *path, mode_t m), (path, m))
FAULTY(MKDIR, int, mkdirat, (int d, const char *path, mode_t m), (d, path, m))
FAULTY(FTRUNCATE, int, ftruncate, (int fd, off_t n), (fd, n))
FAULTY(FLOCK, int, flock, (int fd, int how), (fd, how))
FAULTY(STAT, int, fstat, (int fd, struct stat *st), (fd, st))
FAULTY(STAT, int, fstatat, (int d, const char *path, struct stat *st, int f),
    (d, path, st, f))
FAULTY(STATVFS, int, fstatvfs, (int fd, struct statvfs *st), (fd, st))
FAULTY(SOCKET, int, socket, (int d, int t, int p), (d, t, p))
FAULTY(CONNECT, int, connect, (int fd, const struct sockaddr *to, socklen_t n),
    (fd, to, n))
FAULTY(SEND, ssize_t, send, (int fd, const void *p, size_t n, int f),
    (fd, p, n, f))
FAULTY(SEND, ssize_t, sendto, (int fd, const void *p, size_t n, int f,
    const struct sockaddr *to, socklen_t tolen), (fd, p, n, f, to, tolen))
FAULTY(RECV, ssize_t, recv, (int fd, void *p, size_t n, int f), (fd, p, n, f))
FAULTY(RECV, ssize_t, recvfrom, (int fd, void *p, size_t n, int f,
    struct sockaddr *from, socklen_t *len), (fd, p, n, f, from, len))
FAULTY(POLL, int, poll, (struct pollfd *fds, nfds_t n, int ms), (fds, n, ms))
FAULTY(GETRANDOM, ssize_t, getrandom, (void *p, size_t n, unsigned int f),
    (p, n, f))

/* What these become where the compiler knows how large the memory is. */
ssize_t	__read_chk(int, void *, size_t, size_t);
ssize_t	__recv_chk(int, void *, size_t, size_t, int);
int	__poll_chk(struct pollfd *, nfds_t, int, size_t);

ssize_t
__read_chk(int fd, void *to, size_t n, size_t size)
{
	if (n > size)
		abort();
	return read(fd, to, n);
}

ssize_t
__recv_chk(int fd, void *to, size_t n, size_t size, int flags)
{
	if (n > size)
		abort();
	return recv(fd, to, n, flags);
}

int
__poll_chk(struct pollfd *fds, nfds_t n, int ms, size_t size)
{
	if (n > size / sizeof(*fds))
		abort();
	return poll(fds, n, ms);
}
