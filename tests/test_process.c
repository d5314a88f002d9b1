/* server/process: what a handler may take of the machine and show of its memory, and
 * whom it ends with. */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/server.h"
#include "tests/cunit_main.h"
#include "tests/fixture.h"

int	__wrap_prctl(int, ...);
int	__wrap_setrlimit(__rlimit_resource_t, const struct rlimit *);
pid_t	__wrap_getppid(void);

#define NOT_SET	77

static int	dumpable, death_signal;		/* as they were set */
static rlim_t	core, memory;
static pid_t	parent;

int
__wrap_prctl(int what, ...)
{
	va_list	ap;

	va_start(ap, what);
	if (what == PR_SET_DUMPABLE)
		dumpable = va_arg(ap, int);
	else if (what == PR_SET_PDEATHSIG)
		death_signal = va_arg(ap, int);
	va_end(ap);
	return 0;
}

int
__wrap_setrlimit(__rlimit_resource_t what, const struct rlimit *limit)
{
	CU_ASSERT_EQUAL(limit->rlim_cur, limit->rlim_max);
	if (what == RLIMIT_CORE)
		core = limit->rlim_max;
	else if (what == RLIMIT_AS)
		memory = limit->rlim_max;
	return 0;
}

pid_t
__wrap_getppid(void)
{
	return parent;
}

static void
limit(bool fastcgi)
{
	dumpable = death_signal = NOT_SET;
	core = memory = NOT_SET;
	server_limit_process(fastcgi);
}

/* A core file, or a debugger, would show tokens and secrets. */
static void
test_limits(void)
{
	char	*kept = getenv("GENHOOK_NO_RLIMIT");

	(void)unsetenv("GENHOOK_NO_RLIMIT");
	limit(false);
	CU_ASSERT_EQUAL(dumpable, 0);
	CU_ASSERT_EQUAL(core, 0);
#if !defined(__SANITIZE_ADDRESS__)
	CU_ASSERT_EQUAL(memory, 512UL << 20);
#endif
	CU_ASSERT_EQUAL(death_signal, NOT_SET);
	(void)setenv("GENHOOK_NO_RLIMIT", "1", 1);
	limit(false);
	CU_ASSERT_EQUAL(memory, NOT_SET);
	CU_ASSERT_EQUAL(dumpable, 0);
	if (kept == NULL)
		(void)unsetenv("GENHOOK_NO_RLIMIT");
}

/* A name server that is silent is not waited for, unless the operator says so. */
static void
test_lookups(void)
{
	(void)unsetenv("RES_OPTIONS");
	limit(false);
	CU_ASSERT_STRING_EQUAL(getenv("RES_OPTIONS"), "timeout:1 attempts:1");
	(void)setenv("RES_OPTIONS", "timeout:3", 1);
	limit(false);
	CU_ASSERT_STRING_EQUAL(getenv("RES_OPTIONS"), "timeout:3");
}

static const struct {
	const char	*name;
	bool		 is_web_server;
} parents[] = {
	{ "lighttpd", true },
	{ "lighttpd-angel", true },
	{ "apache2", true },
	{ "httpd", true },
	{ "systemd", false },
	{ "spawn-fcgi", false },
	{ "bash", false },
};

int	__real_prctl(int, ...);

/* A process of that name, which waits to be ended. */
static pid_t
process_named(const char *name)
{
	int	ready[2];
	char	byte;
	pid_t	pid;

	CU_ASSERT_EQUAL_FATAL(pipe(ready), 0);
	if ((pid = fork()) == 0) {
		(void)__real_prctl(PR_SET_NAME, name, 0, 0, 0);
		(void)!write(ready[1], "x", 1);
		for (;;)
			(void)pause();
	}
	CU_ASSERT_FATAL(pid > 0);
	CU_ASSERT_EQUAL(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	(void)close(ready[1]);
	return pid;
}

/* Who was started by a web server ends with it. */
static void
test_parents(void)
{
	size_t	i;

	for (i = 0; i < COUNT(parents); i++) {
		parent = process_named(parents[i].name);
		limit(true);
		CU_ASSERT_EQUAL(server_is_child(), parents[i].is_web_server);
		CU_ASSERT_EQUAL(death_signal, parents[i].is_web_server ?
		    SIGTERM : NOT_SET);
		(void)kill(parent, SIGKILL);
		(void)waitpid(parent, NULL, 0);
	}
	/* Nothing is told of it: the first process is no web server. */
	parent = 0;
	limit(true);
	CU_ASSERT_FALSE(server_is_child());
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "limits", test_limits },
		{ "lookups", test_lookups },
		{ "parents", test_parents },
		{ NULL, NULL }
	};

	return cunit_run("process", tests);
}
