/* What a program that serves requests may take of the machine, show of its
 * memory, and outlive. */
#include <sys/prctl.h>
#include <sys/resource.h>

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/version.h"
#include "server/server.h"

/* Hostile bodies must not cost more, whatever the JSON library does. */
#define ADDRESS_SPACE_BYTES	(512UL << 20)

/* As /proc has it: 15 characters, a line's end and a NUL. */
#define PROCESS_NAME_MAX	17

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED	1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED	1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED	0
#endif

/* What a handler may take of the machine, and show of its memory. */
static void
process_limit_memory(void)
{
	struct rlimit	none = { 0, 0 };
	struct rlimit	as = { ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES };

	/* A core file would hold tokens and secrets. */
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	/* One arena: each thread's own would cost 64 MB of addresses, and what
	 * one thread takes another frees, so that they would all grow. */
	(void)mallopt(M_ARENA_MAX, 1);
	if (!SANITIZED && getenv("GENHOOK_NO_RLIMIT") == NULL)
		(void)setrlimit(RLIMIT_AS, &as);
}

/*
 * libpq looks names up without a deadline, and plain CGI has no thread that
 * would answer meanwhile: by default a name server that is silent costs 10 s.
 */
static void
process_limit_lookups(void)
{
	(void)setenv("RES_OPTIONS", "timeout:1 attempts:1", 0);
}

/* Web servers that start handlers, by the beginning of their programs' names. */
static const char *const process_web_servers[] = {
	"lighttpd", "apache2", "httpd"
};

/* Did a web server start us, and not a service manager or spawn-fcgi? */
static bool	process_is_child;

/* The name of that process's program; false: it is not told, as on hosts where
 * users see their own processes alone. */
static bool
process_name(pid_t pid, char name[PROCESS_NAME_MAX])
{
	char	 path[32];
	FILE	*fp;
	bool	 got;

	(void)snprintf(path, sizeof(path), "/proc/%ld/comm", (long)pid);
	if ((fp = fopen(path, "re")) == NULL)
		return false;
	got = fgets(name, PROCESS_NAME_MAX, fp) != NULL;
	(void)fclose(fp);
	return got;
}

static bool
process_is_web_server(pid_t pid)
{
	char	name[PROCESS_NAME_MAX];
	size_t	i;

	if (!process_name(pid, name))
		return pid > 1;
	for (i = 0; i < sizeof(process_web_servers) /
	    sizeof(process_web_servers[0]); i++)
		if (strncmp(name, process_web_servers[i],
		    strlen(process_web_servers[i])) == 0)
			return true;
	return false;
}

/*
 * End with the web server: a handler that outlives a killed lighttpd would
 * be adopted by the next one, which then never replaces it.  Who starts a
 * service may end before it, as spawn-fcgi does.
 */
static void
process_follow_parent(void)
{
	pid_t	parent = getppid();

	if (!(process_is_child = process_is_web_server(parent)))
		return;
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (getppid() != parent)
		exit(0);
}

bool
server_is_child(void)
{
	return process_is_child;
}

/* A web server passes on a query as arguments (RFC 3875 section 4.4), which must
 * not be heard. */
bool
server_tells(const char *program, const char *does, int argc, char **argv)
{
	if (argc < 2 || getenv("GATEWAY_INTERFACE") != NULL)
		return false;
	if (strcmp(argv[1], "--version") == 0)
		version_print(program);
	else
		printf("usage: %s [--version]\n\nA web server starts it, as "
		    "FastCGI or as CGI; it %s.\n", program, does);
	return true;
}

void
server_open_log(void)
{
	const char	*path = getenv("GENHOOK_LOG");

	if (path != NULL && *path != '\0' && !log_to_file(path))
		log_line(LOG_ERROR, "GENHOOK_LOG: %s: %s", path,
		    strerror(errno));
}

void
server_limit_process(bool fastcgi)
{
	process_limit_memory();
	process_limit_lookups();
	if (fastcgi)
		process_follow_parent();
}
