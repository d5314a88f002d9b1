/* What doctor sees of an S3-compatible store: whether it lets itself be
 * listed, which needs everything but the right to write. */
#include <string.h>

#include "archive/s3_protocol.h"
#include "cli/doctor/doctor.h"
#include "cli/http_get.h"

#define CODE_MAX	128

/* The store's own words for what is wrong (error codes of the Amazon S3 API
 * Reference), and what mends it; the last row fits all. */
static const struct {
	const char	*code, *cure;
} store_cures[] = {
	{ "InvalidAccessKeyId", "put the right archive.s3_access_key into the "
	    "settings" },
	{ "SignatureDoesNotMatch", "put the right archive.s3_secret_key into "
	    "the settings; and see archive.s3_region" },
	{ "AuthorizationHeaderMalformed", "put the store's region into "
	    "archive.s3_region" },
	{ "NoSuchBucket", "make the bucket, or correct archive.url" },
	{ "RequestTimeTooSkewed", "let NTP set this machine's clock: "
	    "timedatectl set-ntp true" },
	{ "", "is archive.s3_endpoint the address of the store?" },
};

static void
store_answer(struct doctor *d, const struct s3_place *place,
    const struct http_answer *a)
{
	char	code[CODE_MAX] = "";
	size_t	i = 0;

	if (a->response.verdict != HTTP_ANSWERED) {
		doctor_wrong(d, "store", "can this machine reach "
		    "archive.s3_endpoint?", "%s", a->response.err.text);
		return;
	}
	if (a->body != NULL)
		(void)s3_xml_text(a->body, "Code", code, sizeof(code));
	if (a->response.status == 200 && strstr(a->body != NULL ? a->body : "",
	    "<ListBucketResult") != NULL)
		doctor_ok(d, "store", "bucket %s at %s", place->bucket,
		    place->host);
	else if (strcmp(code, "AccessDenied") == 0)
		doctor_note(d, "store", "the key may not list the bucket %s "
		    "at %s: only a sweep can tell whether it may write",
		    place->bucket, place->host);
	else {
		while (*store_cures[i].code != '\0' &&
		    strcmp(store_cures[i].code, code) != 0)
			i++;
		doctor_wrong(d, "store", store_cures[i].cure, "%s: HTTP %ld %s",
		    place->host, a->response.status, code);
	}
}

void
doctor_store(struct doctor *d)
{
	const struct conf	*conf = d->conf;
	const struct http_keys	 keys = {
		conf->s3_access_key, conf->s3_secret_key, conf->s3_region
	};
	struct http_answer	 answer;
	struct s3_place		 place;
	struct errbuf		 err;
	char			 url[S3_URL_MAX];

	if (strncmp(conf->archive_url, "s3://", 5) != 0)
		return;
	if (!s3_place_read(&place, conf->archive_url, conf->s3_endpoint,
	    &err)) {
		doctor_wrong(d, "store", "correct the section archive of the "
		    "settings", "%s", err.text);
		return;
	}
	(void)snprintf(url, sizeof(url), "%s?list-type=2&max-keys=1",
	    place.root);
	http_get_signed(url, &keys, &answer);
	store_answer(d, &place, &answer);
	http_answer_free(&answer);
}
