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

#include "lib/log.h"
#include "server/answer.h"
#include "server/server.h"

#define BODY_MAX	65536	/* more than any body of the benchmark */
#define THREADS_MAX	256

/* The service's begin(): read the body, and be done. */
static bool
bare_begin(void *call, void *arg, const struct request *req, void *owner)
{
	const char	*text = request_get(req, "CONTENT_LENGTH");
	long		 want = text != NULL ? strtol(text, NULL, 10) : 0;
	enum answer	*answer = call;
	char		 body[BODY_MAX];

	(void)arg;
	(void)owner;
	*answer = ANSWER_ACCEPTED;
	if (want > 0 && (want > BODY_MAX ||
	    req->read(req->arg, body, (size_t)want) != (size_t)want))
		*answer = ANSWER_BAD_REQUEST;
	return false;
}

static bool
bare_end(void *call, const struct request *req)
{
	const enum answer	*answer = call;
	char			 out[ANSWER_TEXT_MAX];
	size_t			 len = answer_print(*answer, "body", out);

	return req->write(req->arg, out, len);
}

int
main(int argc, char **argv)
{
	const struct service	service = {
		.call_bytes = sizeof(enum answer),
		.begin = bare_begin,
		.end = bare_end
	};
	struct errbuf		err;
	pid_t			parent = getppid();
	long			threads = argc == 2 ? strtol(argv[1], NULL, 10) : 0;

	log_open("bare", LOG_INFO);
	if (threads < 1 || threads > THREADS_MAX) {
		log_line(LOG_ERROR, "usage: bare THREADS");
		return 2;
	}
	server_prepare_signals();
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (getppid() != parent)
		return 0;
	if (!server_run_fastcgi(&service, (int)threads, &err)) {
		log_line(LOG_ERROR, "%s", err.text);
		return 1;
	}
	return 0;
}
