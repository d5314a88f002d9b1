/*
 * Signed callbacks: how each provider signs is a table, and one function checks
 * by it.  Any thread may call what is here.
 */
#ifndef GENHOOK_SIGNATURE_H
#define GENHOOK_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/crypto.h"
#include "lib/errbuf.h"
#include "lib/time.h"

enum verify_verdict {
	VERIFY_OK,
	VERIFY_STALE,	/* authentic, but the timestamp is too far off */
	VERIFY_FAILED,	/* err says which part is wrong or missing */
	VERIFY_AMBIGUOUS, /* a trusted header came twice: answered 400 */
	VERIFY_NO_KEY,	/* the provider's public key is not known (yet) */
	VERIFY_TROUBLE	/* it could not be computed: answered 503 */
};

/* A public key that a provider has published. */
#define PUBLIC_KEY_ID_MAX	128
struct public_key {
	char		id[PUBLIC_KEY_ID_MAX];	/* its "kid", or "" */
	unsigned char	bytes[ED25519_KEY_BYTES];
};

/* A callback as it came, for the check of its signature.  All borrowed. */
struct verify_input {
	/* The value of a request header by its CGI name, or NULL. */
	const char	*(*header)(const void *arg, const char *cgi_name);
	const void	*arg;
	const char	*body;
	size_t		 bodylen;
	const char *const *secrets;	/* the account's, NULL-terminated */
	const struct public_key *keys;	/* the provider's */
	size_t		 nkeys;
	usec_t		 now;		/* when the body was there */
};

enum signature_method {
	SIGNATURE_HMAC,		/* HMAC-SHA256 with a secret of the account */
	SIGNATURE_ED25519,	/* with a public key of the provider (RFC 8032) */
	SIGNATURE_SHARED	/* nothing is signed: the header is the secret */
};

/* What the text of a secret stands for. */
enum signature_key {
	KEY_TEXT,		/* itself */
	KEY_BASE64,		/* bytes; without its prefix also itself, since
				   some libraries take it so */
	KEY_HEX			/* bytes */
};

enum signature_encoding {
	ENCODED_HEX,		/* lower-case */
	ENCODED_BASE64,
	ENCODED_BASE64URL	/* not padded */
};

/* How the header holds signatures. */
enum signature_form {
	FORM_SINGLE,		/* one */
	FORM_LIST,		/* some, parted by blanks */
	FORM_PAIRS		/* "t=1764000000,v1=...": the time and some,
				   parted by commas */
};

struct signature_scheme {
	enum signature_method	 method;
	const char		*header;	/* that has the signatures;
						   names are in lower case */
	const char		*time_header;	/* seconds since 1970, or NULL */
	const char		*key_id_header;	/* that names the public key,
						   or NULL: all are tried */
	enum signature_form	 form;
	const char		*version;	/* before each signature */
	enum signature_encoding	 encoding;
	/*
	 * The text that is signed.  In braces stands the name of a header, or
	 * "t" of FORM_PAIRS, "body", "body-sha256" (its digest in hex) or
	 * "task-id" (the string at the first of task_id_paths that the body has).
	 */
	const char		*signed_text;
	const char *const	*task_id_paths;
	enum signature_key	 key;
	const char		*secret_prefix;	/* not part of the key */
	int64_t			 tolerance_s;	/* between their clock and ours;
						   where no time is sent: 0 */
	bool			 optional;	/* they sign only where the
						   account has a secret */
};

/* https://www.standardwebhooks.com, as Svix and several providers sign. */
extern const struct signature_scheme signature_standard;

/*
 * Check a callback's signature.  Several secrets may be live, and the header may
 * hold several signatures: one fit is enough.  Anything but VERIFY_OK comes
 * with err.
 */
enum verify_verdict signature_verify(const struct signature_scheme *,
	    const struct verify_input *, struct errbuf *err);

/* Does an account with these secrets (NULL-terminated) get signed callbacks?
 * scheme may be NULL: the provider signs nothing. */
bool	signature_is_due(const struct signature_scheme *,
	    const char *const *secrets);

/* Does the signature prove the body, and not only who sent it? */
bool	signature_covers_body(const struct signature_scheme *);

/* Is the body's JSON read for the check? */
bool	signature_reads_body(const struct signature_scheme *);

/* Can it be a secret of this scheme? */
bool	signature_takes_secret(const struct signature_scheme *,
	    const char *secret);

/* The headers that decide, in lower case, each once.  Returns how many. */
#define SIGNATURE_HEADERS_MAX	6
#define SIGNATURE_NAME_MAX	64
size_t	signature_headers(const struct signature_scheme *,
	    char names[SIGNATURE_HEADERS_MAX][SIGNATURE_NAME_MAX]);

/* The variable in which CGI hands a header over (RFC 3875, section 4.1.18). */
#define SIGNATURE_CGI_MAX	(SIGNATURE_NAME_MAX + 5)
void	signature_cgi_name(const char *header, char cgi[SIGNATURE_CGI_MAX]);

#endif
