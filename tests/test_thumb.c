/* What a process may still do once it reads a foreign file: each attempt is made by
 * a child of its own, which ends with the errno that it met. */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "thumb/confine.h"
#include "thumb/film.h"
#include "tests/cunit_main.h"
#include "tests/scratch.h"

static char	dir[SCRATCH_PATH];

/* 0 where it can be done, else an errno. */
static int	try_socket(int fd)
{
	(void)fd;
	return socket(AF_INET, SOCK_STREAM, 0) == -1 ? errno : 0;
}

static int
try_open_other(int fd)
{
	char	path[SCRATCH_PATH + 16];

	(void)fd;
	(void)snprintf(path, sizeof(path), "%s/secret", dir);
	return open(path, O_RDONLY) == -1 ? errno : 0;
}

static int
try_open_own(int fd)
{
	char	path[32];

	(void)snprintf(path, sizeof(path), "/dev/fd/%d", fd);
	return open(path, O_RDONLY) == -1 ? errno : 0;
}

static int
try_open_system(int fd)
{
	(void)fd;
	return open("/usr/bin/env", O_RDONLY) == -1 ? errno : 0;
}

static int
try_write_file(int fd)
{
	char	path[SCRATCH_PATH + 16];

	(void)fd;
	(void)snprintf(path, sizeof(path), "%s/new", dir);
	return open(path, O_WRONLY | O_CREAT, 0600) == -1 ? errno : 0;
}

static int
try_unlink(int fd)
{
	char	path[SCRATCH_PATH + 16];

	(void)fd;
	(void)snprintf(path, sizeof(path), "%s/secret", dir);
	return unlink(path) == -1 ? errno : 0;
}

static int
try_fork(int fd)
{
	pid_t	pid = fork();

	(void)fd;
	if (pid == 0)
		_exit(0);
	return pid == -1 ? errno : 0;
}

static int
try_exec(int fd)
{
	(void)fd;
	(void)execl("/bin/true", "true", (char *)NULL);
	return errno;
}

static int
try_kill(int fd)
{
	(void)fd;
	return kill(getppid(), 0) == -1 ? errno : 0;
}

static int
try_run_memory(int fd)
{
	(void)fd;
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
}

static int
try_much_memory(int fd)
{
	(void)fd;
	return mmap(NULL, 2UL << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE |
	    MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
}

static void *
thread_run(void *arg)
{
	return arg;
}

static int
try_thread(int fd)
{
	pthread_t	thread;
	int		error = pthread_create(&thread, NULL, thread_run, NULL);

	(void)fd;
	return error != 0 ? error : pthread_join(thread, NULL);
}

static int
try_read(int fd)
{
	char	byte;

	return pread(fd, &byte, 1, 0) == -1 && read(fd, &byte, 1) == -1 ?
	    errno : 0;
}

/* What it comes to in a child that was confined so. */
static int
tried(void (*confine)(int), int (*attempt)(int))
{
	char	path[SCRATCH_PATH + 16];
	int	fd, status = 0;
	pid_t	pid;

	(void)snprintf(path, sizeof(path), "%s/own", dir);
	fd = open(path, O_RDONLY);
	if ((pid = fork()) == 0) {
		if (!confine_limits())
			_exit(255);
		confine(fd);
		_exit(attempt(fd));
	}
	(void)close(fd);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static void
confine_to_nothing(int fd)
{
	(void)fd;
}

static void
confine_computer(int fd)
{
	(void)fd;
	confine_to_open_files();
}

/* No filter under a sanitizer, which has calls of its own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FILTERED	false
#elif defined(__x86_64__) || defined(__aarch64__)
#define FILTERED	true
#else
#define FILTERED	false
#endif

static bool
has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

static void
files_make(void)
{
	char	path[SCRATCH_PATH + 16];

	scratch_make(dir);
	(void)snprintf(path, sizeof(path), "%s/own", dir);
	scratch_write(path, 0600, "x");
	(void)snprintf(path, sizeof(path), "%s/secret", dir);
	scratch_write(path, 0600, "x");
}

/* Without a filter each can be done: the attempts are real ones. */
static void
test_attempts_are_real(void)
{
	files_make();
	CU_ASSERT_EQUAL(tried(confine_to_nothing, try_socket), 0);
	CU_ASSERT_EQUAL(tried(confine_to_nothing, try_open_other), 0);
	CU_ASSERT_EQUAL(tried(confine_to_nothing, try_write_file), 0);
	CU_ASSERT_EQUAL(tried(confine_to_nothing, try_fork), 0);
	CU_ASSERT_EQUAL(tried(confine_to_nothing, try_exec), 0);
	CU_ASSERT_EQUAL(tried(confine_to_nothing, try_kill), 0);
	CU_ASSERT_EQUAL(tried(confine_to_nothing, try_run_memory), 0);
	CU_ASSERT_EQUAL(tried(confine_to_nothing, try_unlink), 0);
	scratch_remove(dir);
}

static void
test_computing(void)
{
	files_make();
	CU_ASSERT_EQUAL(tried(confine_computer, try_read), 0);
	CU_ASSERT_EQUAL(tried(confine_computer, try_thread), 0);
	if (FILTERED) {
		CU_ASSERT_EQUAL(tried(confine_computer, try_much_memory),
		    ENOMEM);
		CU_ASSERT_EQUAL(tried(confine_computer, try_socket), EPERM);
		CU_ASSERT_EQUAL(tried(confine_computer, try_open_own), EPERM);
		CU_ASSERT_EQUAL(tried(confine_computer, try_open_other),
		    EPERM);
		CU_ASSERT_EQUAL(tried(confine_computer, try_write_file),
		    EPERM);
		CU_ASSERT_EQUAL(tried(confine_computer, try_unlink), EPERM);
		CU_ASSERT_EQUAL(tried(confine_computer, try_fork), EPERM);
		CU_ASSERT_EQUAL(tried(confine_computer, try_exec), EPERM);
		CU_ASSERT_EQUAL(tried(confine_computer, try_kill), EPERM);
		CU_ASSERT_EQUAL(tried(confine_computer, try_run_memory),
		    EPERM);
	}
	scratch_remove(dir);
}

static void
test_reading(void)
{
	files_make();
	CU_ASSERT_EQUAL(tried(confine_to_reading, try_read), 0);
	CU_ASSERT_EQUAL(tried(confine_to_reading, try_thread), 0);
	CU_ASSERT_EQUAL(tried(confine_to_reading, try_open_own), 0);
	CU_ASSERT_EQUAL(tried(confine_to_reading, try_open_system), 0);
	CU_ASSERT_EQUAL(tried(confine_to_reading, try_exec), 0);
	if (has_landlock())
		CU_ASSERT_EQUAL(tried(confine_to_reading, try_open_other),
		    EACCES);
	if (FILTERED) {
		CU_ASSERT_EQUAL(tried(confine_to_reading, try_socket), EPERM);
		CU_ASSERT_EQUAL(tried(confine_to_reading, try_write_file),
		    EPERM);
		CU_ASSERT_EQUAL(tried(confine_to_reading, try_unlink), EPERM);
		CU_ASSERT_EQUAL(tried(confine_to_reading, try_fork), EPERM);
		CU_ASSERT_EQUAL(tried(confine_to_reading, try_kill), EPERM);
	}
	scratch_remove(dir);
}

static void
test_films(void)
{
	CU_ASSERT_TRUE(film_is("video/mp4"));
	CU_ASSERT_TRUE(film_is("video/webm"));
	CU_ASSERT_FALSE(film_is("video/x-msvideo"));
	CU_ASSERT_FALSE(film_is("application/vnd.apple.mpegurl"));
	CU_ASSERT_FALSE(film_is("image/png"));
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "the attempts are real", test_attempts_are_real },
		{ "a process that computes", test_computing },
		{ "a process that reads", test_reading },
		{ "which types are films", test_films },
		{ NULL, NULL }
	};

	return cunit_run("thumb", tests);
}
