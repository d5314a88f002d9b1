/* The page: its files, and what it may load. */
#include <stdlib.h>
#include <string.h>

#include "lib/crypto.h"
#include "lib/hex.h"
#include "archive/s3_protocol.h"
#include "web/page.h"
#include "web/reply.h"

#define PAGE_POLICY_MAX	2048

/* The files of web/page/, found by the program's own address: nothing to find at
 * run time, and nothing to mix with another version. */
#define PAGE_FILE(symbol, file)						\
	__asm__(".section .rodata\n"					\
	    #symbol ":\n"						\
	    ".incbin \"web/page/" file "\"\n"				\
	    #symbol "_end:\n"						\
	    ".byte 0\n"							\
	    ".previous\n");						\
	extern const char symbol[], symbol##_end[];
#include "web/page.def"
#undef PAGE_FILE

/* Which path is which file, and what it is. */
static const struct page_file {
	const char	*path, *type, *start, *end;
	bool		 document;	/* it has the policy */
} page_files[] = {
	{ "/", "text/html; charset=utf-8", page_html, page_html_end, true },
	{ "/page.css", "text/css; charset=utf-8", page_css, page_css_end,
	    false },
	{ "/page.js", "text/javascript; charset=utf-8", page_js, page_js_end,
	    false },
	{ "/views.js", "text/javascript; charset=utf-8", page_views_js,
	    page_views_js_end, false },
	{ "/parts.js", "text/javascript; charset=utf-8", page_parts_js,
	    page_parts_js_end, false },
	{ "/lit-html.js", "text/javascript; charset=utf-8", page_lit_html_js,
	    page_lit_html_js_end, false },
	{ "/icon.svg", "image/svg+xml", page_icon_svg, page_icon_svg_end,
	    false },
};

static const struct page_file *
page_find(const char *path)
{
	size_t	i;

	for (i = 0; i < sizeof(page_files) / sizeof(page_files[0]); i++)
		if (strcmp(page_files[i].path, path) == 0)
			return &page_files[i];
	return NULL;
}

/* A file's ETag: its SHA-256. */
static bool
page_etag(const struct page_file *f, char etag[SHA256_HEX + 2])
{
	unsigned char	digest[SHA256_BYTES];

	if (!sha256(f->start, (size_t)(f->end - f->start), digest))
		return false;
	hex_encode(digest, sizeof(digest), etag + 1);
	etag[0] = etag[SHA256_HEX] = '"';
	etag[SHA256_HEX + 1] = '\0';
	return true;
}

enum web_status
web_page(struct web_call *call)
{
	const struct page_file	*f = page_find(call->path);
	const char		*known = request_get(call->req,
				    "HTTP_IF_NONE_MATCH");
	char			 etag[SHA256_HEX + 2];

	if (f == NULL)
		return WEB_NOT_FOUND;
	web_reply_header(call, "Cache-Control", "no-cache");
	web_reply_header(call, "Content-Security-Policy", "%s", f->document ?
	    call->web->policy : "default-src 'none'");
	if (page_etag(f, etag)) {
		web_reply_header(call, "ETag", "%s", etag);
		if (known != NULL && strcmp(known, etag) == 0)
			return WEB_NOT_MODIFIED;
	}
	call->type = f->type;
	call->fixed = f->start;
	call->len = (size_t)(f->end - f->start);
	return WEB_OK;
}

/* " https://store.example" of an archive in a store, else "". */
static void
page_policy_store(const struct conf *conf, struct buf *policy)
{
	struct s3_place	place;
	struct errbuf	err;
	const char	*host;

	if (strncmp(conf->archive_url, "s3://", 5) != 0 ||
	    !s3_place_read(&place, conf->archive_url, conf->s3_endpoint, &err))
		return;
	host = strstr(place.root, "://") + 3;
	buf_printf(policy, " %.*s", (int)(host - place.root +
	    (long)strcspn(host, "/")), place.root);
}

char *
web_page_policy(const struct conf *conf)
{
	struct buf	policy;

	buf_init(&policy, PAGE_POLICY_MAX);
	buf_text(&policy, "default-src 'none'; script-src 'self'; "
	    "style-src 'self'; connect-src 'self'; img-src 'self'");
	page_policy_store(conf, &policy);
	buf_text(&policy, "; media-src 'self'");
	page_policy_store(conf, &policy);
	buf_text(&policy, "; base-uri 'none'; form-action 'none'; "
	    "frame-ancestors 'none'; require-trusted-types-for 'script'; "
	    "trusted-types lit-html");
	return buf_take(&policy);
}
