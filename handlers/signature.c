/* Signatures by HMAC-SHA256: headers, digests, and the clock. */
#include <stdlib.h>
#include <string.h>

#include "lib/crypto.h"
#include "lib/hex.h"
#include "handlers/signature.h"

/* The headers of a signed request; the tables below name them. */
enum { H_ID, H_TIMESTAMP, H_SIGNATURE, H__MAX };

static const char *const signature_header_names[H__MAX] = {
	"webhook-id", "webhook-timestamp", "webhook-signature",
};

const char *const signature_headers[H__MAX + 1] = {
	"HTTP_WEBHOOK_ID", "HTTP_WEBHOOK_TIMESTAMP", "HTTP_WEBHOOK_SIGNATURE",
};

/*
 * A header that came twice reaches us as one, joined with a comma.  Only the
 * signature has commas of its own, and no blank behind them.
 */
static bool
signature_header_is_joined(int header, const char *value)
{
	if (header == H_SIGNATURE)
		return strstr(value, ", v") != NULL;
	return strchr(value, ',') != NULL;
}

static enum verify_verdict
signature_take_headers(const struct verify_input *in,
    const char *values[H__MAX], struct errbuf *err)
{
	int	i;

	for (i = 0; i < H__MAX; i++) {
		values[i] = in->header(in->arg, signature_headers[i]);
		if (values[i] == NULL || *values[i] == '\0') {
			errbuf_set(err, "header %s is missing",
			    signature_header_names[i]);
			return VERIFY_FAILED;
		}
		if (signature_header_is_joined(i, values[i])) {
			errbuf_set(err, "header %s came twice",
			    signature_header_names[i]);
			return VERIFY_AMBIGUOUS;
		}
	}
	return VERIFY_OK;
}

/* The hex that a request must show when it was signed with this key; false:
 * it could not be computed. */
static bool
signature_make(const struct verify_input *in,
    const char *const values[H__MAX], const char *key, char hex[SHA256_HEX])
{
	const struct bytes	parts[] = {
		{ values[H_ID], strlen(values[H_ID]) },
		{ ".", 1 },
		{ values[H_TIMESTAMP], strlen(values[H_TIMESTAMP]) },
		{ ".", 1 },
		{ in->body, in->bodylen },
	};
	unsigned char		mac[SHA256_BYTES];

	if (!hmac_sha256((struct bytes){ key, strlen(key) }, parts,
	    sizeof(parts) / sizeof(parts[0]), mac))
		return false;
	hex_encode(mac, sizeof(mac), hex);
	return true;
}

/* Is hex one of the signatures in the list? */
static bool
signature_listed(const struct signature_scheme *s, const char *list,
    const char *hex)
{
	size_t	n, version = strlen(s->version);
	bool	found = false;

	for (; *list != '\0'; list += n) {
		list += strspn(list, " ");
		n = strcspn(list, " ");
		if (n == version + SHA256_HEX - 1 &&
		    strncmp(list, s->version, version) == 0 &&
		    equal_constant_time(list + version, hex, SHA256_HEX - 1))
			found = true;
	}
	return found;
}

/* Every secret is tried, so that the time tells nothing of which one fits. */
static enum verify_verdict
signature_check(const struct signature_scheme *s,
    const struct verify_input *in, const char *const values[H__MAX])
{
	enum verify_verdict	 verdict = VERIFY_FAILED;
	size_t			 prefix = strlen(s->secret_prefix);
	const char *const	*secret;
	const char		*key;
	char			 hex[SHA256_HEX];

	for (secret = in->secrets; *secret != NULL; secret++) {
		key = *secret;
		if (strncmp(key, s->secret_prefix, prefix) == 0)
			key += prefix;
		/* Anybody could sign with no key at all. */
		if (*key == '\0')
			continue;
		if (signature_make(in, values, key, hex)) {
			if (signature_listed(s, values[H_SIGNATURE], hex))
				verdict = VERIFY_OK;
		} else if (verdict == VERIFY_FAILED)
			verdict = VERIFY_TROUBLE;
	}
	return verdict;
}

/* Plain digits: no sign, no blank, no more than a clock can say. */
static bool
signature_parse_timestamp(const char *text, int64_t *out)
{
	size_t	n = strspn(text, "0123456789");

	if (n == 0 || n > 12 || text[n] != '\0')
		return false;
	*out = strtoll(text, NULL, 10);
	return true;
}

enum verify_verdict
signature_verify(const struct signature_scheme *s,
    const struct verify_input *in, struct errbuf *err)
{
	const char		*values[H__MAX];
	enum verify_verdict	 verdict;
	int64_t			 sent, off;

	if ((verdict = signature_take_headers(in, values, err)) != VERIFY_OK)
		return verdict;
	if (!signature_parse_timestamp(values[H_TIMESTAMP], &sent)) {
		errbuf_set(err, "header webhook-timestamp is no number of "
		    "seconds");
		return VERIFY_FAILED;
	}
	if (in->secrets == NULL || in->secrets[0] == NULL) {
		errbuf_set(err, "no webhook_secret is set for this account");
		return VERIFY_FAILED;
	}
	if ((verdict = signature_check(s, in, values)) != VERIFY_OK) {
		errbuf_set(err, verdict == VERIFY_FAILED ?
		    "header webhook-signature does not fit" :
		    "could not compute the signature");
		return verdict;
	}
	off = in->now / USEC_PER_SEC - sent;
	if (off > s->tolerance_s || off < -s->tolerance_s) {
		errbuf_set(err, "header webhook-timestamp is %lld seconds %s",
		    (long long)(off < 0 ? -off : off),
		    off < 0 ? "ahead" : "old");
		return VERIFY_STALE;
	}
	return VERIFY_OK;
}
