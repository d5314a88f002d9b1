/* Signed callbacks: HMAC-SHA256 over id, time and body. */
#ifndef GENHOOK_SIGNATURE_H
#define GENHOOK_SIGNATURE_H

#include <stdint.h>

#include "lib/errbuf.h"
#include "handlers/provider.h"

/* What differs between the providers that sign in this way. */
struct signature_scheme {
	const char	*version;	/* what stands in front of the hex */
	const char	*secret_prefix;	/* not part of the key */
	int64_t		 tolerance_s;	/* between their clock and ours */
};

/* The CGI names of the three headers, for provider.trusted_headers. */
extern const char *const signature_headers[];

/*
 * The signature is the lower-case hex of the HMAC-SHA256 over
 * "<webhook-id>.<webhook-timestamp>.<body>" with the secret's text as key:
 * https://wavespeed.ai/docs/verify-webhooks.  A request may bear several,
 * parted by blanks, and several secrets may be live; one fit is enough.
 */
enum verify_verdict signature_verify(const struct signature_scheme *,
	    const struct verify_input *, struct errbuf *err);

#endif
