/*
 * The ceiling: a FastCGI responder with the handlers' own threads and answer,
 * which reads the body and does nothing else.  What it serves through the
 * same lighttpd is what any handler could reach at most.
 *
 *	bare THREADS	(with a listening socket as standard input)
 */
#include <sys/prctl.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "server/server.h"

#define BODY_MAX	65536	/* more than any body of the benchmark */
#define THREADS_MAX	256

/* In place of the handlers' receive.c. */
bool
receive_begin(struct callback *cb, const struct receiver *rx,
    const struct request *req)
{
	const char	*text = request_get(req, "CONTENT_LENGTH");
	long		 want = text != NULL ? strtol(text, NULL, 10) : 0;
	char		 body[BODY_MAX];

	(void)rx;
	cb->answer = ANSWER_ACCEPTED;
	if (want > 0 && (want > BODY_MAX ||
	    req->read(req->arg, body, (size_t)want) != (size_t)want))
		cb->answer = ANSWER_BAD_REQUEST;
	return false;
}

size_t
receive_end(struct callback *cb, char out[ANSWER_TEXT_MAX])
{
	return answer_print(cb->answer, "body", out);
}

/* In place of committer.c: nothing is ever committed. */
struct commit *
committer_next(struct committer *c)
{
	(void)c;
	return NULL;
}

int64_t
committer_watch(struct committer *c)
{
	(void)c;
	return clock_ms() + 60000;
}

void
committer_end(struct committer *c)
{
	(void)c;
}

int
main(int argc, char **argv)
{
	struct receiver	rx = { 0 };
	struct errbuf	err;
	pid_t		parent = getppid();
	long		threads = argc == 2 ? strtol(argv[1], NULL, 10) : 0;

	log_open("bare", LOG_INFO);
	if (threads < 1 || threads > THREADS_MAX) {
		log_line(LOG_ERROR, "usage: bare THREADS");
		return 2;
	}
	server_prepare_signals();
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (getppid() != parent)
		return 0;
	if (!server_run_fastcgi(&rx, (int)threads, &err)) {
		log_line(LOG_ERROR, "%s", err.text);
		return 1;
	}
	return 0;
}
