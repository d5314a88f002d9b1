/* Commands of the settings: what they get, what they may know, how they end, and
 * that nothing of them goes on when their time is over. */
#include <sys/stat.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/command.h"
#include "tests/cunit_main.h"

#define LOOK_US		2000
#define PLENTY_S	60	/* what no command here needs */

static char	dir[] = "/tmp/genhook-test-command.XXXXXX";

/* A file of the test's folder, as the commands name it. */
static const char *
in_dir(const char *name)
{
	static char	path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static bool
is_there(const char *name)
{
	struct stat	st;

	return stat(in_dir(name), &st) == 0 && st.st_size > 0;
}

/* The beginning of a file; "" where there is none. */
static const char *
text_of(const char *name)
{
	static char	text[4096];
	FILE		*f = fopen(in_dir(name), "r");
	size_t		 n = 0;

	if (f != NULL) {
		n = fread(text, 1, sizeof(text) - 1, f);
		(void)fclose(f);
	}
	text[n] = '\0';
	return text;
}

static enum command_state
ends(struct command *c, struct errbuf *err)
{
	enum command_state	state;

	while ((state = command_look(c, err)) == COMMAND_RUNS)
		(void)usleep(LOOK_US);
	return state;
}

/* Run it to its end, in the test's folder. */
static enum command_state
run(const char *text, const char *input, size_t len, int timeout_s,
    struct errbuf *err)
{
	struct command_order	order = { .text = text, .input = input,
				    .len = len, .timeout_s = timeout_s };
	struct command		c;

	errbuf_set(err, "%s", "");
	if (!command_start(&c, &order, err))
		return COMMAND_FAILED;
	return ends(&c, err);
}

/* ---- how they end ------------------------------------------------------- */

static const struct {
	const char		*text;
	enum command_state	 state;
	const char		*words;
} cases[] = {
	{ "exit 0", COMMAND_SUCCEEDED, "" },
	{ "echo words >&2", COMMAND_SUCCEEDED, "" },
	{ "exit 3", COMMAND_FAILED, "the command's exit status is 3" },
	{ "echo no room >&2; echo more >&2; exit 255", COMMAND_FAILED,
	    "the command's exit status is 255: no room" },
	{ "echo nobody hears this; exit 1", COMMAND_FAILED,
	    "the command's exit status is 1" },
	{ "kill -TERM $$", COMMAND_FAILED,
	    "the command was killed by signal 15" },
	{ "echo last words >&2; kill -KILL $$", COMMAND_FAILED,
	    "the command was killed by signal 9: last words" },
};

static void
test_ends(void)
{
	struct errbuf	err;
	size_t		i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CU_ASSERT_EQUAL(run(cases[i].text, "", 0, PLENTY_S, &err),
		    cases[i].state);
		CU_ASSERT_STRING_EQUAL(err.text, cases[i].words);
	}
	CU_ASSERT_EQUAL(run("./is-not-there", "", 0, PLENTY_S, &err),
	    COMMAND_FAILED);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "status is 127: "));
}

/* The exit status is the caller's to know. */
static void
test_status(void)
{
	struct command_order	order = { .text = "exit 42", .input = "",
				    .timeout_s = PLENTY_S };
	struct command		c;
	struct errbuf		err;

	CU_ASSERT_TRUE_FATAL(command_start(&c, &order, &err));
	CU_ASSERT_EQUAL(ends(&c, &err), COMMAND_FAILED);
	CU_ASSERT_EQUAL(c.status, 42);
}

/* ---- their time --------------------------------------------------------- */

/* A child of a child, which writes a dot now and again: dead, its file is as long
 * as it was. */
static bool
grows(const char *name)
{
	struct stat	a, b;

	if (stat(in_dir(name), &a) == -1)
		return false;
	(void)usleep(300000);
	return stat(in_dir(name), &b) == 0 && b.st_size > a.st_size;
}

static void
test_time_limit(void)
{
	struct errbuf	err;

	CU_ASSERT_EQUAL(run("echo asleep >&2; sleep 600", "", 0, 1, &err),
	    COMMAND_FAILED);
	CU_ASSERT_STRING_EQUAL(err.text,
	    "the command was ended after 1 seconds: asleep");
	/* One that listens to no signal that can be refused. */
	CU_ASSERT_EQUAL(run("trap '' TERM INT HUP; sleep 600", "x", 1, 1,
	    &err), COMMAND_FAILED);
}

static void
test_child_of_child(void)
{
	char			text[600];
	struct command_order	order = { .text = text, .input = "",
				    .timeout_s = PLENTY_S };
	struct command		c;
	struct errbuf		err;
	int			i;

	(void)snprintf(text, sizeof(text), "(sh -c 'while :; do echo . >>%s/"
	    "dots; sleep 0.05; done' & ) ; sleep 600", dir);
	CU_ASSERT_TRUE_FATAL(command_start(&c, &order, &err));
	for (i = 0; i < 3000 && !is_there("dots"); i++)
		(void)usleep(10000);
	CU_ASSERT_TRUE(grows("dots"));
	command_kill(&c);
	CU_ASSERT_FALSE(grows("dots"));
}

/* ---- what they get ------------------------------------------------------ */

static void
test_input(void)
{
	static const size_t	sizes[] = { 0, 1, 4096, 65536, 65537, 1 << 20,
				    (8 << 20) + 3 };
	char			text[300], want[32], *input;
	struct errbuf		err;
	size_t			i;

	(void)snprintf(text, sizeof(text), "wc -c >%s/count", dir);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		CU_ASSERT_PTR_NOT_NULL_FATAL(input = malloc(sizes[i] + 1));
		memset(input, 'x', sizes[i]);
		CU_ASSERT_EQUAL(run(text, input, sizes[i], PLENTY_S, &err),
		    COMMAND_SUCCEEDED);
		(void)snprintf(want, sizeof(want), "%zu\n", sizes[i]);
		CU_ASSERT_STRING_EQUAL(text_of("count"), want);
		/* It need not be read. */
		CU_ASSERT_EQUAL(run("exit 0", input, sizes[i], PLENTY_S, &err),
		    COMMAND_SUCCEEDED);
		free(input);
	}
}

/* Bytes as they are, NULs among them, and none of them is the shell's. */
static void
test_bytes(void)
{
	static const char	input[] = "$(exit 9)\0`exit 9`\n\xff;exit 9";
	char			text[300];
	struct errbuf		err;

	(void)snprintf(text, sizeof(text), "cat >%s/bytes", dir);
	CU_ASSERT_EQUAL(run(text, input, sizeof(input), PLENTY_S, &err),
	    COMMAND_SUCCEEDED);
	CU_ASSERT_EQUAL(memcmp(text_of("bytes"), input, sizeof(input)), 0);
}

/* ---- what they say ------------------------------------------------------ */

/* However much it is, it ends, and takes no more than its room. */
static void
test_output_bound(void)
{
	struct errbuf	err;

	CU_ASSERT_EQUAL(run("head -c 50000000 /dev/zero", "", 0, PLENTY_S,
	    &err), COMMAND_SUCCEEDED);
	CU_ASSERT_EQUAL(run("echo first >&2; head -c 50000000 /dev/zero >&2; "
	    "exit 4", "", 0, PLENTY_S, &err), COMMAND_FAILED);
	CU_ASSERT_STRING_EQUAL(err.text,
	    "the command's exit status is 4: first");
	CU_ASSERT_EQUAL(run("printf '%0300d' 1 >&2; exit 4", "", 0, PLENTY_S,
	    &err), COMMAND_FAILED);
	CU_ASSERT_EQUAL(strlen(err.text),
	    strlen("the command's exit status is 4: ") + 200);
}

static void
test_said_is_a_file_that_cannot_grow(void)
{
	char		text[400];
	struct errbuf	err;

	(void)snprintf(text, sizeof(text), "head -c 50000000 /dev/zero >&2; "
	    "stat -L -c %%s /proc/self/fd/2 >%s/size", dir);
	CU_ASSERT_EQUAL(run(text, "", 0, PLENTY_S, &err), COMMAND_SUCCEEDED);
	CU_ASSERT_EQUAL(atol(text_of("size")), COMMAND_SAID_MAX);
}

/* ---- what they may know ------------------------------------------------- */

static void
test_environment(void)
{
	static const char *const	kept[] = { "PATH=", "HOME=/h o m e",
					    "TZ=Asia/Tokyo", "WEBHOOK_ID=msg_1",
					    "LOGNAME=somebody" };
	static const char *const	secret[] = { "API_KEY", "PGPASSWORD",
					    "GENHOOK_CONF", "LD_PRELOAD",
					    "PATHS=", "TZDIR" };
	char			text[300];
	struct command_order	order = { .text = text, .input = "",
				    .variable = "WEBHOOK_ID=msg_1",
				    .timeout_s = PLENTY_S };
	struct command		c;
	struct errbuf		err;
	size_t			i;

	(void)setenv("HOME", "/h o m e", 1);
	(void)setenv("TZ", "Asia/Tokyo", 1);
	(void)setenv("LOGNAME", "somebody", 1);
	for (i = 0; i < sizeof(secret) / sizeof(secret[0]); i++)
		if (strcmp(secret[i], "LD_PRELOAD") != 0 &&
		    strchr(secret[i], '=') == NULL)
			(void)setenv(secret[i], "canary", 1);
	(void)setenv("PATHS", "canary", 1);
	(void)snprintf(text, sizeof(text), "env >%s/env", dir);
	CU_ASSERT_TRUE_FATAL(command_start(&c, &order, &err));
	CU_ASSERT_EQUAL(ends(&c, &err), COMMAND_SUCCEEDED);
	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		CU_ASSERT_PTR_NOT_NULL(strstr(text_of("env"), kept[i]));
	for (i = 0; i < sizeof(secret) / sizeof(secret[0]); i++)
		CU_ASSERT_PTR_NULL(strstr(text_of("env"), secret[i]));
	CU_ASSERT_PTR_NULL(strstr(text_of("env"), "canary"));
}

/* Not even those that forgot their close-on-exec. */
static void
test_descriptors(void)
{
	char		text[300];
	struct errbuf	err;
	int		fds[8];
	size_t		i;

	/* Above those that the shell itself opens. */
	for (i = 0; i < 8; i++)
		fds[i] = fcntl(STDERR_FILENO, F_DUPFD, 40);
	(void)snprintf(text, sizeof(text), "for fd in /proc/$$/fd/*; do "
	    "echo \"${fd##*/}\"; done | sort -n >%s/fds.new; "
	    "mv %s/fds.new %s/fds", dir, dir, dir);
	CU_ASSERT_EQUAL(run(text, "", 0, PLENTY_S, &err), COMMAND_SUCCEEDED);
	CU_ASSERT_EQUAL(strncmp(text_of("fds"), "0\n1\n2\n", 6), 0);
	for (i = 0; i < 8; i++) {
		(void)snprintf(text, sizeof(text), "\n%d\n", fds[i]);
		CU_ASSERT_PTR_NULL(strstr(text_of("fds"), text));
		(void)close(fds[i]);
	}
}

/* 1 to 31: the next two are the C library's own. */
#define POSIX_SIGNALS	0x7fffffffULL

/* Whatever the program does with its signals, the command begins with none
 * ignored or blocked. */
static void
test_signals(void)
{
	char			text[300];
	unsigned long long	blocked = 1, ignored = 1;
	sigset_t		all, before;
	struct errbuf		err;

	(void)sigfillset(&all);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigprocmask(SIG_BLOCK, &all, &before);
	(void)snprintf(text, sizeof(text),
	    "grep -E '^Sig(Blk|Ign)' /proc/self/status >%s/signals", dir);
	CU_ASSERT_EQUAL(run(text, "", 0, PLENTY_S, &err), COMMAND_SUCCEEDED);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	CU_ASSERT_EQUAL(sscanf(text_of("signals"), "SigBlk: %llx SigIgn: %llx",
	    &blocked, &ignored), 2);
	CU_ASSERT_EQUAL(blocked & POSIX_SIGNALS, 0);
	CU_ASSERT_EQUAL(ignored & POSIX_SIGNALS, 0);
}

/* Each has its own end, in whatever order. */
static void
test_many(void)
{
	static const char *const	texts[] = { "read x; exit 1", "exit 2",
					    "sleep 0.2; exit 3" };
	struct command_order	order = { .input = "", .timeout_s = PLENTY_S };
	struct command		c[3];
	struct errbuf		err;
	int			i;

	for (i = 0; i < 3; i++) {
		order.text = texts[i];
		CU_ASSERT_TRUE_FATAL(command_start(&c[i], &order, &err));
	}
	for (i = 2; i >= 0; i--) {
		CU_ASSERT_EQUAL(ends(&c[i], &err), COMMAND_FAILED);
		CU_ASSERT_EQUAL(c[i].status, i + 1);
	}
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "how they end", test_ends },
		{ "exit status", test_status },
		{ "time limit", test_time_limit },
		{ "a child of a child", test_child_of_child },
		{ "input of any size", test_input },
		{ "input of any bytes", test_bytes },
		{ "output is bounded", test_output_bound },
		{ "and takes no memory", test_said_is_a_file_that_cannot_grow },
		{ "environment", test_environment },
		{ "descriptors", test_descriptors },
		{ "signals", test_signals },
		{ "many at once", test_many },
		{ NULL, NULL }
	};
	char				remove[64];
	int				status;

	if (mkdtemp(dir) == NULL)
		return 2;
	status = cunit_run("command", tests);
	(void)snprintf(remove, sizeof(remove), "rm -rf %s", dir);
	return system(remove) != 0 || status;
}
