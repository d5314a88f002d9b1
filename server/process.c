/* What a program that serves requests may take of the machine, show of its
 * memory, and outlive. */
#include <sys/prctl.h>
#include <sys/resource.h>

#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/server.h"

/* Hostile bodies must not cost more, whatever the JSON library does. */
#define ADDRESS_SPACE_BYTES	(512UL << 20)

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

/*
 * End with the web server: a handler that outlives a killed lighttpd would
 * be adopted by the next one, which then never replaces it.
 */
static void
process_follow_parent(void)
{
	pid_t	parent = getppid();

	(void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (getppid() != parent)
		exit(0);
}

void
server_limit_process(bool fastcgi)
{
	process_limit_memory();
	process_limit_lookups();
	if (fastcgi)
		process_follow_parent();
}
