/*
 * libFuzzer: what a store answers.  The first line is an ETag, the second the type of
 * the body, the third a header of encryption; the rest is the body, mostly XML.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "archive/s3_proof.h"
#include "archive/s3_protocol.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define OURS	"0123456789abcdef0123456789abcdef"

/* The next line of *text, which is moved behind it. */
static char *
line_take(char **text)
{
	char	*line = *text, *end = strchr(line, '\n');

	if (end == NULL)
		*text = line + strlen(line);
	else {
		*end = '\0';
		*text = end + 1;
	}
	return line;
}

/* Bytes are there only by an ETag that is their MD5's. */
static void
etag_look(const char *etag, const char *encryption)
{
	char	bare[S3_ETAG_MAX];

	s3_etag_bare(etag, bare);
	if (strlen(bare) >= sizeof(bare))
		abort();
	if (s3_etag_proof(etag, OURS, encryption) == S3_PROVEN &&
	    strcasecmp(bare, OURS) != 0)
		abort();
	if (s3_etag_proof(etag, "", encryption) == S3_PROVEN)
		abort();
}

static void
xml_look(const char *xml)
{
	static const char *const	names[] = {
		"Error", "Code", "UploadId", "Upload", "Key", "Part", "ETag",
		"PartNumber", "Size", "Initiated", "IsTruncated",
	};
	char				text[S3_ID_MAX], *part;
	const char			*at, *words, *before;
	size_t				 i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (s3_xml_text(xml, names[i], text, sizeof(text)) &&
		    (!s3_xml_has(xml, names[i]) ||
		    strlen(text) >= sizeof(text)))
			abort();
		for (at = before = xml; (part = s3_xml_next(&at, names[i])) !=
		    NULL; before = at) {
			if (at <= before || at > xml + strlen(xml))
				abort();
			(void)s3_time(part);
			free(part);
		}
	}
	if (!s3_xml_text(xml, "Code", text, sizeof(text)))
		text[0] = '\0';
	(void)s3_classify(400, text, &words);
	if (words == NULL || words[0] == '\0')
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char	*copy = malloc(len + 1), *text = copy, *etag, *type, *encryption;

	if (copy == NULL)
		abort();
	memcpy(copy, data, len);
	copy[len] = '\0';
	etag = line_take(&text);
	type = line_take(&text);
	encryption = line_take(&text);
	etag_look(etag, encryption);
	/* A page is one by whatever type, and nothing is none. */
	if (s3_is_page("", type) || (strncasecmp(text, "<html", 5) == 0 &&
	    !s3_is_page(text, type)))
		abort();
	xml_look(text);
	free(copy);
	return 0;
}
