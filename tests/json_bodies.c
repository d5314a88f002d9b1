/*
 * Writes damaged JSON and what json_parse() says of it, for PostgreSQL to
 * judge as well: a line each, the body in hex, a tab, and ok, invalid,
 * deep or unfit.
 *
 * usage: json_bodies COUNT SEED FILE...
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hex.h"
#include "lib/json.h"

#define BODY_MAX	400

/* Pieces that parsers trip over. */
static const char *const pieces[] = {
	"\"", "\"\"", "\"abc", "\\", "\\u", "\\u0000", "\\ud800", "\\ud83d\\ude00",
	"{", "}", "[", "]", ",", ":", "0", "01", "-", "-0", "1.", ".5", "1e", "1e+",
	"1E5", "1e999", "99999999999999999999", "true", "tru", "null", "nul", "NaN",
	"Infinity", " ", "\n", "\t", "\r", "\f", "\v", "\xc3\xa9", "\xc3", "\xa9",
	"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xef\xbb\xbf", "/*", "*/", "//", "'a'",
	"{\"a\":1}", "[1,2]", "\"a\":", "\"b\":\"c\",", "\x01", "\x7f",
};
#define NPIECES	(sizeof(pieces) / sizeof(pieces[0]))

struct body {
	char	text[BODY_MAX];
	size_t	len;
};

static uint64_t	state;

/* xorshift64*: the same seed gives the same bodies on every machine. */
static size_t
random_below(size_t n)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (size_t)((state * UINT64_C(2685821657736338717)) >> 33) % n;
}

/* Take out some bytes and put others in their place. */
static void
splice(struct body *b, size_t at, size_t out, const char *in, size_t inlen)
{
	if (b->len - out + inlen > BODY_MAX)
		return;
	memmove(b->text + at + inlen, b->text + at + out, b->len - at - out);
	memcpy(b->text + at, in, inlen);
	b->len += inlen - out;
}

static void
damage(struct body *b)
{
	size_t		 at = random_below(b->len + 1), left = b->len - at;
	size_t		 out = random_below(left < 4 ? left + 1 : 4);
	const char	*piece = pieces[random_below(NPIECES)];
	char		 c = (char)(1 + random_below(255));

	switch (random_below(6)) {
	case 0:
		splice(b, at, 0, piece, strlen(piece));
		break;
	case 1:
		splice(b, at, out, piece, strlen(piece));
		break;
	case 2:
		splice(b, at, out, "", 0);
		break;
	case 3:
		splice(b, at, left > 0 ? 1 : 0, &c, 1);
		break;
	case 4:
		b->len = at;
		break;
	default:
		splice(b, b->len, 0, piece, strlen(piece));
		break;
	}
}

static void
print_verdict(const struct body *b)
{
	static const char *const	words[] = {
		[JSON_OK] = "ok", [JSON_INVALID] = "invalid",
		[JSON_UNFIT] = "unfit", [JSON_NO_MEMORY] = "no memory",
	};
	struct json_object		*doc;
	struct errbuf			 err;
	char				 hex[2 * BODY_MAX + 1];
	enum json_verdict		 v;

	v = json_parse(b->text, b->len, &doc, &err);
	json_free(doc);
	hex_encode((const unsigned char *)b->text, b->len, hex);
	(void)printf("\\\\x%s\t%s\n", hex, v == JSON_INVALID &&
	    strstr(err.text, "nested too deep") != NULL ? "deep" : words[v]);
}

/* The head of a file; an empty one is an empty document. */
static void
body_read(struct body *b, const char *path)
{
	FILE	*fp = fopen(path, "r");

	if (fp == NULL) {
		perror(path);
		exit(2);
	}
	b->len = fread(b->text, 1, BODY_MAX * 3 / 4, fp);
	(void)fclose(fp);
}

int
main(int argc, char **argv)
{
	struct body	b;
	long		count, i, times;

	if (argc < 4) {
		(void)fprintf(stderr, "usage: json_bodies COUNT SEED FILE...\n");
		return 2;
	}
	count = strtol(argv[1], NULL, 10);
	state = strtoull(argv[2], NULL, 10) * 2 + 1;
	for (i = 0; i < count; i++) {
		body_read(&b, argv[3 + i % (argc - 3)]);
		for (times = (long)random_below(3); times >= 0; times--)
			damage(&b);
		/* A text of PostgreSQL's holds no NUL. */
		if (memchr(b.text, '\0', b.len) == NULL)
			print_verdict(&b);
	}
	return ferror(stdout) != 0;
}
