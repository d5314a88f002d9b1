/* What doctor sees of an S3-compatible store: whether it lets itself be
 * listed, which needs everything but the right to write. */
#include <string.h>

#include "archive/s3_protocol.h"
#include "cli/doctor.h"
#include "cli/web.h"

#define CODE_MAX	128

/* The store's own words for what is wrong (error codes of the Amazon S3 API
 * Reference), and what mends it; the last row fits all. */
static const struct {
	const char	*code, *cure;
} cures[] = {
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
answer_look(struct doctor *d, const struct s3_place *place,
    const struct web_answer *a)
{
	char	code[CODE_MAX] = "";
	size_t	i = 0;

	if (a->verdict != HTTP_ANSWERED) {
		doctor_wrong(d, "store", "does this machine reach "
		    "archive.s3_endpoint?", "%s", a->err.text);
		return;
	}
	if (a->body != NULL)
		(void)s3_xml_text(a->body, "Code", code, sizeof(code));
	if (a->status == 200 && strstr(a->body != NULL ? a->body : "",
	    "<ListBucketResult") != NULL)
		doctor_well(d, "store", "bucket %s at %s", place->bucket,
		    place->host);
	else if (strcmp(code, "AccessDenied") == 0)
		doctor_note(d, "store", "the key may not list the bucket %s "
		    "at %s: only a sweep can tell whether it may write",
		    place->bucket, place->host);
	else {
		while (*cures[i].code != '\0' &&
		    strcmp(cures[i].code, code) != 0)
			i++;
		doctor_wrong(d, "store", cures[i].cure, "%s: HTTP %ld %s",
		    place->host, a->status, code);
	}
}

void
doctor_store(struct doctor *d)
{
	const struct conf	*conf = d->conf;
	const struct http_keys	 keys = {
		conf->s3_access_key, conf->s3_secret_key, conf->s3_region
	};
	struct web_answer	 answer;
	struct s3_place		 place;
	struct errbuf		 err;
	char			 url[S3_URL_MAX];

	if (strncmp(conf->archive_url, "s3://", 5) != 0)
		return;
	if (!s3_place_read(&place, conf->archive_url, conf->s3_endpoint,
	    &err)) {
		doctor_wrong(d, "store", "mend the section archive", "%s",
		    err.text);
		return;
	}
	(void)snprintf(url, sizeof(url), "%s?list-type=2&max-keys=1",
	    place.root);
	web_get_signed(url, &keys, &answer);
	answer_look(d, &place, &answer);
	web_answer_free(&answer);
}
