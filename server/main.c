/* A handler program; the build says for which provider. */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "server/server.h"

/* Hostile bodies must not cost more, whatever the JSON library does. */
#define ADDRESS_SPACE_BYTES	(512UL << 20)

extern const struct provider PROVIDER;

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
limit_process(void)
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
limit_lookups(void)
{
	(void)setenv("RES_OPTIONS", "timeout:1 attempts:1", 0);
}

/*
 * End with the web server: a handler that outlives a killed lighttpd would
 * be adopted by the next one, which then never replaces it.
 */
static void
follow_parent(void)
{
	pid_t	parent = getppid();

	(void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (getppid() != parent)
		exit(0);
}

/* The settings, the spool and the committer; false with err. */
static bool
receiver_start(struct receiver *rx, bool fastcgi, struct errbuf *err)
{
	struct conf	*conf;
	struct errbuf	 spool_err = { .text = "spool: out of memory" };

	if ((rx->conf = conf = conf_load(NULL, err)) == NULL)
		return false;
	rx->spool = spool_at(conf->spool_dir, conf->spool_max_bytes);
	if (rx->spool == NULL || !spool_check(rx->spool, &spool_err))
		log_line(LOG_ERROR, "%s; without it a callback is answered "
		    "503 while the database is away", spool_err.text);
	rx->started_ms = clock_ms();
	rx->committer = committer_start(conf, rx->spool, fastcgi, err);
	return rx->committer != NULL;
}

static void
receiver_stop(struct receiver *rx)
{
	committer_free(rx->committer);
	spool_close(rx->spool);
	conf_free(rx->conf);
}

/* As plain CGI the sender must hear of our own trouble as a 503. */
static void
cgi_say_unavailable(void)
{
	char	out[ANSWER_TEXT_MAX];
	size_t	len = answer_print(ANSWER_UNAVAILABLE,
		    "not configured, please send again", out);

	(void)fwrite(out, 1, len, stdout);
}

static bool
receiver_serve(struct receiver *rx, bool fastcgi)
{
	struct errbuf	err;
	bool		ok;

	if (!fastcgi)
		return server_run_cgi(rx);
	ok = server_run_fastcgi(rx, (int)rx->conf->threads, &err);
	if (!ok)
		log_line(LOG_ERROR, "%s", err.text);
	return ok;
}

int
main(void)
{
	struct receiver	 rx = { .provider = &PROVIDER };
	struct errbuf	 err;
	char		 program[64];
	bool		 fastcgi = server_is_fastcgi(), ok;

	(void)snprintf(program, sizeof(program), "genhook-%s", PROVIDER.name);
	log_open(program, LOG_INFO);
	limit_process();
	limit_lookups();
	server_prepare_signals();
	if (fastcgi)
		follow_parent();
	(void)umask(077);
	if ((ok = receiver_start(&rx, fastcgi, &err)))
		ok = receiver_serve(&rx, fastcgi);
	else {
		if (!fastcgi)
			cgi_say_unavailable();
		log_line(LOG_ERROR, "%s", err.text);
	}
	receiver_stop(&rx);
	return ok ? 0 : 1;
}
