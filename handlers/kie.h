/* The two files of Kie: kie.c, which knows the task and the addresses, and
 * kie_results.c, which knows where its results are. */
#ifndef GENHOOK_KIE_H
#define GENHOOK_KIE_H

#include "handlers/provider.h"

/*
 * Take the outputs of a task that succeeded, whose state and times are in the
 * result, from a callback or a poll's answer.  Returns PARSE_FINAL, or, with err,
 * PARSE_UNKNOWN where they are not understood.  Any thread.
 */
enum parse_verdict kie_success(struct result *, struct json_object *doc,
	    const struct parse_context *, struct errbuf *err);

#endif
