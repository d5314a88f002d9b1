/* The tables by which an API's answer is about the whole account. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/buf.h"
#include "handlers/api_trouble.h"
#include "handlers/api_words.h"

#define WORDS_MAX	512
#define SHOWN_MAX	100	/* bytes of a text, or of a page's title */

const char *const api_trouble_words[API_TROUBLE__MAX] = {
	[API_NONE]	    = "none",
	[API_DOWN]	    = "down",
	[API_NO_CREDIT] = "no credit",
	[API_WALL]	    = "walled off",
};

/* Where answers have the code of an error, as a word or a number. */
static const char *const trouble_code_paths[] = {
	"reason", "code", "type", "status", "error", "errorCode", "error_code",
	"failCode", "error.code", "error.type", "error.reason", "error.status",
	"data.code", "data.error", "data.failCode", "detail.code",
	"detail.error", "errors.0.code", "base_resp.status_code", NULL
};

/*
 * What says that an account has no credit: the letters and digits of a code
 * (Novita's NOT_ENOUGH_BALANCE; insufficient_user_quota of the One-API that
 * APIMart runs; OpenAI's insufficient_quota), or of the error's words, since
 * the pages of APIXO's models show no code: a 400 "Insufficient credits".
 */
static const char *const trouble_no_credit[] = {
	"notenoughbalance", "insufficientbalance", "balancenotenough",
	"balanceisnotenough", "exhaustedbalance", "insufficientcredit",
	"notenoughcredit", "notenoughquota", "enoughcredits", "outofcredit",
	"creditsexhausted", "insufficientquota", "insufficientuserquota",
	"insufficientfunds", "tokenquotafailed", "paymentrequired",
	"billinghardlimit", "accountoverdue", "arrearage", NULL
};

/* What a server or a proxy says of the request itself, and mostly not in
 * JSON. */
static const int trouble_of_the_request[] = {
	401,	/* the key */
	413,	/* too large: a proxy's own limit */
	414,	/* the URL is too long */
	429,	/* too many: the account pauses by that */
	431	/* headers too large */
};

#define COUNT_OF(a)	(sizeof(a) / sizeof((a)[0]))

int
api_answer_status(int http, struct json_object *doc)
{
	int	status = provider_answer_status(http, doc);
	int64_t	code;

	if (status / 100 == 2 && json_int_at(doc, "error.code", &code) &&
	    code >= 400 && code < 600)
		return (int)code;
	return status;
}

/* Leave of a text its letters and digits, small: "Not-enough balance" and
 * NOT_ENOUGH_BALANCE are then the same. */
static void
trouble_squeeze(char squeezed[WORDS_MAX], const char *text)
{
	size_t	n = 0;

	for (; *text != '\0' && n + 1 < WORDS_MAX; text++)
		if (isalnum((unsigned char)*text))
			squeezed[n++] = (char)tolower((unsigned char)*text);
	squeezed[n] = '\0';
}

static bool
trouble_names_credit(const char *text)
{
	char			 squeezed[WORDS_MAX];
	const char *const	*word;

	if (text == NULL)
		return false;
	trouble_squeeze(squeezed, text);
	for (word = trouble_no_credit; *word != NULL; word++)
		if (strstr(squeezed, *word) != NULL)
			return true;
	return false;
}

/* Is it one of the numbers by which this provider means the same? */
static bool
trouble_is_credit_number(const struct provider *p, int64_t number)
{
	const int64_t	*code;

	for (code = p->no_credit_codes; code != NULL && *code != 0; code++)
		if (*code == number)
			return true;
	return false;
}

static bool
trouble_is_no_credit(const struct provider *p, const struct api_answer *a,
    int status, const struct errbuf *err)
{
	const char *const	*path;
	int64_t			 number;

	if (status == 402)
		return true;
	if (!json_is_object(a->doc) || status / 100 == 2)
		return false;
	for (path = trouble_code_paths; *path != NULL; path++) {
		if (trouble_names_credit(json_string_at(a->doc, *path)))
			return true;
		if (json_int_at(a->doc, *path, &number) &&
		    (number == 402 || trouble_is_credit_number(p, number)))
			return true;
	}
	return trouble_names_credit(err->text);
}

static bool
trouble_is_of_the_request(int status)
{
	size_t	i;

	for (i = 0; i < COUNT_OF(trouble_of_the_request); i++)
		if (trouble_of_the_request[i] == status)
			return true;
	return false;
}

/* The first byte that is no blank, behind a byte order mark; "" for none. */
static const char *
answer_begin(const struct api_answer *a, size_t *left)
{
	const char	*p = a->body;
	size_t		 n = a->len;

	if (p == NULL)
		n = 0;
	if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) {
		p += 3;
		n -= 3;
	}
	for (; n > 0 && isspace((unsigned char)*p); p++)
		n--;
	*left = n;
	return n > 0 ? p : "";
}

bool
api_answer_is_page(const struct api_answer *a)
{
	size_t	left;

	return a->doc == NULL && *answer_begin(a, &left) == '<';
}

/* Append text to words: one line of what can be printed, and not too long. */
static void
answer_show(struct buf *words, const char *text, size_t len)
{
	size_t	i, n = 0;
	bool	blank = false;

	for (i = 0; i < len && n < SHOWN_MAX && text[i] != '\0'; i++) {
		if (isspace((unsigned char)text[i])) {
			blank = n > 0;
			continue;
		}
		if (blank)
			buf_text(words, " ");
		buf_bytes(words, &text[i], 1);
		n += blank ? 2 : 1;
		blank = false;
	}
}

/* The title of a page, which tells a block page from an outage; NULL where it
 * has none. */
static const char *
answer_title(const struct api_answer *a, size_t *len)
{
	static const char	 tag[] = "<title";
	const char		*p = a->body, *end = a->body + a->len, *close;

	while ((size_t)(end - p) > strlen(tag) &&
	    strncasecmp(p, tag, strlen(tag)) != 0)
		p++;
	if ((size_t)(end - p) <= strlen(tag) ||
	    (p = memchr(p, '>', (size_t)(end - p))) == NULL)
		return NULL;
	p++;
	close = memchr(p, '<', (size_t)(end - p));
	*len = (size_t)((close != NULL ? close : end) - p);
	return p;
}

/* Say what came in place of JSON. */
static void
answer_say(const struct api_answer *a, struct errbuf *err)
{
	char		 mem[sizeof(err->text)];
	const char	*text;
	size_t		 len = 0;
	struct buf	 words;

	buf_over(&words, mem, sizeof(mem));
	if (api_answer_is_page(a)) {
		buf_printf(&words, "answered %d with a web page", a->http);
		text = answer_title(a, &len);
	} else {
		buf_printf(&words, "answered %d without a JSON object",
		    a->http);
		text = answer_begin(a, &len);
	}
	if (text != NULL && len > 0) {
		buf_text(&words, ": ");
		answer_show(&words, text, len);
	}
	errbuf_set(err, "%s", mem);
}

enum api_trouble
api_trouble_of(const struct provider *p, const struct api_answer *a,
    struct errbuf *err)
{
	int	status = api_answer_status(a->http, a->doc);
	bool	is_page = api_answer_is_page(a);

	if (a->doc == NULL)
		answer_say(a, err);
	if (trouble_is_no_credit(p, a, status, err))
		return API_NO_CREDIT;
	/* 511 is a network's own: it wants a person to sign in. */
	if (status == 511 || status / 100 == 3)
		return API_WALL;
	/* Who gives up half read requests is not well either. */
	if (status / 100 == 5 || status == 408)
		return API_DOWN;
	/* Cloudflare's own answer, in JSON where that is asked for:
	 * developers.cloudflare.com/fundamentals/reference/error-responses */
	if (json_true_at(a->doc, "cloudflare_error"))
		return API_WALL;
	if (a->doc != NULL || (trouble_is_of_the_request(status) &&
	    !(is_page && (status == 401 || status == 429))))
		return API_NONE;
	return API_WALL;
}
