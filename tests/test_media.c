/* Types of files by their first bytes, and files that were cut short. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch/download/media.h"
#include "tests/cunit_main.h"
#include "tests/scratch.h"

#define BYTES(s)	s, sizeof(s) - 1

static const struct {
	const char	*bytes;
	size_t		 len;
	const char	*extension;
} cases[] = {
	{ BYTES("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),	"png" },
	{ BYTES("\x89PNG\r\n\x1a"),			"bin" },
	{ BYTES("\xff\xd8\xff\xe0\0\x10JFIF"),		"jpg" },
	{ BYTES("GIF89a\1\0\1\0"),			"gif" },
	{ BYTES("GIF87a\1\0\1\0"),			"gif" },
	{ BYTES("GIF90a\1\0\1\0"),			"bin" },
	{ BYTES("RIFF\x10\0\0\0WEBPVP8 "),		"webp" },
	{ BYTES("RIFF\x10\0\0\0WAVEfmt "),		"wav" },
	{ BYTES("RIFF\x10\0\0\0AVI LIST"),		"avi" },
	{ BYTES("\0\0\0\x20" "ftypisom\0\0\2\0"),	"mp4" },
	{ BYTES("\0\0\0\x20" "ftypmp42\0\0\0\0"),	"mp4" },
	{ BYTES("\0\0\0\x14" "ftypqt  \0\0\2\0"),	"mov" },
	{ BYTES("\0\0\0\x20" "ftypM4A \0\0\2\0"),	"m4a" },
	{ BYTES("\0\0\0\x20" "ftypavif\0\0\0\0"),	"avif" },
	{ BYTES("\0\0\0\x20" "ftypheic\0\0\0\0"),	"heic" },
	{ BYTES("\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm"), "webm" },
	{ BYTES("\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska"), "mkv" },
	{ BYTES("ID3\4\0\0\0\0\0\0"),			"mp3" },
	{ BYTES("\xff\xfb\x90\x64\0\0"),		"mp3" },
	{ BYTES("\xff\xf3\x84\x64\0\0"),		"mp3" },
	{ BYTES("\xff\xfb\xf0\x64\0\0"),		"bin" },
	{ BYTES("\xff\xf1\x50\x80\0\0"),		"aac" },
	{ BYTES("fLaC\0\0\0\x22"),			"flac" },
	{ BYTES("OggS\0\2\0\0"),			"ogg" },
	{ BYTES("glTF\2\0\0\0\x10\0\0\0"),		"glb" },
	{ BYTES("%PDF-1.7\n"),				"pdf" },
	{ BYTES("PK\3\4\x14\0\0\0"),			"zip" },
	{ BYTES("\x1f\x8b\x08\0\0\0"),			"gz" },
	{ BYTES("ply\nformat ascii 1.0\n"),		"ply" },
	/* a BMP has 26 bytes and more */
	{ BYTES("BM\x46\0\0\0\0\0\0\0\x36\0"),		"bin" },
	{ BYTES("BM\x36\x24\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x40\0\0\0"
	    "\x30\0\0\0\1\0\x18\0\0\0\0\0\0\x24\0\0"),	"bmp" },
	{ BYTES("II*\0\x08\0\0\0"),			"tif" },
	{ BYTES("<svg xmlns=\"http://www.w3.org/2000/svg\"/>"), "svg" },
	{ BYTES("<?xml version=\"1.0\"?>\n<svg width=\"1\"/>"), "svg" },
	{ BYTES("<!DOCTYPE html><title>404</title>"),	"html" },
	{ BYTES("\xef\xbb\xbf \r\n\t<HTML><body>"),	"html" },
	{ BYTES("<?xml version=\"1.0\"?><html xmlns=\"x\">"), "html" },
	{ BYTES("<!-- x --><html>"),			"html" },
	{ BYTES("<Error><Code>AccessDenied</Code></Error>"), "xml" },
	{ BYTES("<?xml version=\"1.0\"?>\n<Error/>"),	"xml" },
	{ BYTES("{\"error\":\"expired\"}"),		"json" },
	{ BYTES("  [1]"),				"json" },
	{ BYTES("Not found\n"),				"txt" },
	{ BYTES("\xe4\xbd\xa0\xe5\xa5\xbd"),		"txt" },
	{ BYTES("\0\0\0\0\0\0\0\0"),			"bin" },
	{ BYTES("plain\0with a NUL"),			"bin" },
	/* what libmagic knows and has other names for */
	{ BYTES("RIFF\x10\0\0\0WEBPVP8X"),		"webp" },
	{ BYTES("RF64\xff\xff\xff\xffWAVEds64"),	"wav" },
	{ BYTES("\0\0\0\x20" "ftypmif1\0\0\0\0mif1heic"), "heic" },
	{ BYTES("\0\0\0\x20" "ftypheix\0\0\0\0"),	"heic" },
	{ BYTES("\0\0\0\x20" "ftypavis\0\0\0\0"),	"avif" },
	{ BYTES("\0\0\0\x20" "ftypM4V \0\0\2\0"),	"mp4" },
	{ BYTES("\0\0\0\x20" "ftypdash\0\0\0\0"),	"mp4" },
	{ BYTES("\0\0\0\x14" "ftyp3gp4\0\0\2\0"),	"mp4" },
	{ BYTES("\0\0\0\x1c" "ftypcmfc\0\0\2\0"),	"mp4" },
	{ BYTES("\0\0\0\x1c" "ftypXXXX\0\0\2\0"),	"mp4" },
	{ BYTES("\0\0\0\x6c" "moov\0\0\0\x6cmvhd"), "mov" },
	{ BYTES("\xff\x0a\xcb\x06\0\x12\x88\x02"),	"jxl" },
	{ BYTES("FORM\0\1\x58\xb6" "AIFFCOMM\0\0\0\x12"), "aif" },
	{ BYTES("MM\0*\0\0\0\x08"),			"tif" },
	{ BYTES("OggS\0\2\0\0\0\0\0\0\0\0\xec\x70\x83\xc0\0\0\0\0\1"
	    "\x0b\x5f\x27\1\x13OpusHead\1\1\x38\1"),	"ogg" },
	{ BYTES("OggS\0\2\0\0\0\0\0\0\0\0\x9f\xca\xec\xdd\0\0\0\0\x86"
	    "\xf8\x0f\x2c\1\x2a\x80theora\3\2\1\0"),	"ogv" },
	/* what it has no name for */
	{ BYTES("ID3\4\0\0\0\0\x1f\x76" "APIC\0\0\x1f\x6c\0\0\0"), "mp3" },
	{ BYTES("\xff\xfb\0\x44\0\1\2\3"),		"mp3" },
	{ BYTES("\xff\xfb\x90\x64\xf6\x5c\0\2\4\1\0\2\0\2\0\0\xf8\1"
	    "\0\0\0\0\0\0"),				"mp3" },
	{ BYTES("\xff\xea\x90\x64\0\1\2\3"),		"bin" },
	{ BYTES("Kaydara FBX Binary  \0\x1a\0\xe8\x1c\0\0"), "fbx" },
	{ BYTES("ply\r\nformat binary_little_endian 1.0\r\n\0\0\xc0\x3f"),
	    "ply" },
	{ BYTES("PK\3\4\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	    "\x08\0\0\0mimetypeapplication/epub+zip"),	"zip" },
	/* pages and texts of data, as servers write them */
	{ BYTES("\r\n\r\n  <!DOCTYPE html><html>"),	"html" },
	{ BYTES("<!-- x --><html><svg width=\"1\"/>"),	"html" },
	{ BYTES("<?xml version=\"1.0\"?><svg><html/></svg>"), "svg" },
	{ BYTES("<title>Sign in</title>"),		"html" },
	{ BYTES("\xff\xfe<\0h\0t\0m\0l\0>\0"),		"html" },
	{ BYTES("<html>\0\1\2"),			"html" },
	{ BYTES("<script>\177"),				"html" },
	{ BYTES("{\"error\":\"cut he"),			"json" },
	{ BYTES("{\"a\":\"<html><svg>%PDF-1.4\"}"),	"json" },
	{ BYTES("<Error>see %PDF-1.4</Error>"),		"xml" },
	/* a text that only speaks of something */
	{ BYTES("<?xml version=\"1.0\"?><!-- > <svg> -->\n<!DOCTYPE x [\n"
	    "<!ENTITY y \"z\">]>\n<x/>"),			"xml" },
	{ BYTES("<?xml version=\"1.0\"?><!-- <html> -->\n<!DOCTYPE x [\n"
	    "<!ENTITY y \"z\">]>\n<svg/>"),		"svg" },
	{ BYTES("<!-- a comment that goes on <svg/>"),	"xml" },
	{ BYTES("<?xml version=\"1.0\"?><Error>an <svg/></Error>"), "xml" },
	{ BYTES("not found\177"),				"txt" },
	{ BYTES("# How to\n<html><title>x</title>"),	"txt" },
	{ BYTES("<p>no</p><svg width=\"1\"/>"),		"txt" },
	{ BYTES("not a %PDF-1.4"),			"txt" },
	{ BYTES("The ftypisom brand"),			"txt" },
	{ BYTES("#!/bin/sh\nexit 1\n"),			"txt" },
	/* UTF-16, with a mark and without */
	{ BYTES("\xff\xfe<\0s\0v\0g\0/\0>\0"),		"svg" },
	{ BYTES("\xfe\xff\0<\0s\0v\0g\0/\0>"),		"svg" },
	{ BYTES("<\0?\0x\0m\0l\0?\0>\0<\0s\0v\0g\0/\0>\0"), "svg" },
	{ BYTES("\0<\0h\0t\0m\0l\0>"),			"html" },
	{ BYTES("\xff\xfe{\0\"\0a\0\"\0:\0"),		"json" },
	/* what stands before the first element */
	{ BYTES("<svg:svg xmlns:svg=\"x\"/>"),		"svg" },
	{ BYTES("<?xml version=\"1.0\"?><!DOCTYPE svg PUBLIC \"a\" \"b\" ["
	    "<!ENTITY c \"<html>\">]><svg/>"),		"svg" },
	{ BYTES("<!DOCTYPE svg><svg/>"),			"svg" },
	{ BYTES("<!DOCTYPE\thtml\n>"),			"html" },
	{ BYTES("<!-- -- > --><!----><svg/>"),		"svg" },
	{ BYTES("<!doctype x><html>"),			"html" },
	{ BYTES("<?xml version=\"1.0\"?><rss><svg/></rss>"), "xml" },
	/* and other files */
	{ BYTES("FLV\1\5\0\0\0\x09\0\0\0\0"),		"flv" },
	{ BYTES("v/1\1\2\0\0\0channels\0chlist\0"),		"exr" },
	{ BYTES("PXR-USDC\0\x08\0\0\0\0\0\0"),		"usd" },
};

static struct mime	*mime;

static const struct media *
sniff(const char *bytes, size_t len)
{
	/* Of the exact size, so that a byte too far is seen. */
	char			*exact = malloc(len > 0 ? len : 1);
	const struct media	*m;

	CU_ASSERT_PTR_NOT_NULL_FATAL(exact);
	memcpy(exact, bytes, len);
	m = media_detect(mime, exact, len);
	free(exact);
	return m;
}

static void
test_types(void)
{
	const struct media	*m;
	size_t			 i, n;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		m = sniff(cases[i].bytes, cases[i].len);
		CU_ASSERT_STRING_EQUAL(m->extension, cases[i].extension);
		if (strcmp(m->extension, cases[i].extension) != 0)
			(void)fprintf(stderr, "\n    row %zu: %s\n", i,
			    m->extension);
		for (n = 0; n < cases[i].len; n++)
			CU_ASSERT_PTR_NOT_NULL(sniff(cases[i].bytes, n));
	}
}

static const struct {
	const char	*bytes;
	const char	*kind;
	bool		 fits;
} kinds[] = {
	{ "GIF89a", "image", true },
	{ "GIF89a", "video", true },	/* a payload may call it what it likes */
	{ "GIF89a", "file", true },
	{ "", "image", false },
	{ "", "file", false },
	{ "<html>", "image", false },
	{ "<html>", "file", false },
	{ "<Error/>", "video", false },
	{ "<Error/>", "file", true },
	{ "{}", "audio", false },
	{ "{}", "file", true },
	{ "{}", "text", true },
	{ "oops", "image", false },
	{ "words", "file", true },
	{ "<svg/>", "image", true },
	{ "\001\002", "image", true },	/* unknown, kept as it is */
};

static void
test_kinds(void)
{
	struct errbuf	err;
	size_t		i, len;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		errbuf_set(&err, "%s", "");
		len = strlen(kinds[i].bytes);
		CU_ASSERT_EQUAL(media_fits(sniff(kinds[i].bytes, len),
		    kinds[i].kind, len, &err), kinds[i].fits);
		CU_ASSERT_EQUAL(err.text[0] == '\0', kinds[i].fits);
	}
}

static const char *const media_kinds[] = { "image", "video", "audio" };

/* How an error page begins, and how much of it. */
static const char *const pages[] = {
	"<!DOCTYPE html>", " \r\n<HTML lang=\"en\">", "\xef\xbb\xbf<head>",
	"<body>", "<script>", "<!-- x -->\n<html>", "<?xml version=\"1.0\"?><html>",
};

/* Nothing that follows makes it media, nor a file. */
static void
test_polyglots(void)
{
	char		bytes[MEDIA_HEAD];
	struct errbuf	err;
	size_t		p, c, k, n;

	for (p = 0; p < sizeof(pages) / sizeof(pages[0]); p++)
		for (c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
			n = strlen(pages[p]);
			memcpy(bytes, pages[p], n);
			memcpy(bytes + n, cases[c].bytes, cases[c].len);
			n += cases[c].len;
			for (k = 0; k < 3; k++)
				CU_ASSERT_FALSE(media_fits(sniff(bytes, n),
				    media_kinds[k], n, &err));
			CU_ASSERT_FALSE(media_fits(sniff(bytes, n), "file", n,
			    &err));
		}
}

static bool
is_plain(const char *bytes, size_t len)
{
	size_t	i;

	for (i = 0; i < len; i++)
		if ((unsigned char)bytes[i] < ' ' && bytes[i] != '\n')
			return false;
	return true;
}

/* A text that goes on like media stays a text. */
static void
test_texts(void)
{
	static const char *const	starts[] = { "{\"e\":\"", "[ ",
					    "<Error>", "Error: ", "e " };
	char				bytes[MEDIA_HEAD];
	struct errbuf			err;
	size_t				s, c, n, tried = 0;

	for (s = 0; s < sizeof(starts) / sizeof(starts[0]); s++)
		for (c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
			n = (size_t)snprintf(bytes, sizeof(bytes), "%s%.*s",
			    starts[s], (int)cases[c].len, cases[c].bytes);
			if (!is_plain(bytes, n))
				continue;
			tried++;
			CU_ASSERT_FALSE(media_fits(sniff(bytes, n), "image",
			    n, &err));
		}
	CU_ASSERT(tried > 50);
}

static const struct {
	const char	*declared;
	const char	*bytes;
	const char	*kind;
	bool		 agrees;
} agreements[] = {
	{ "",				"GIF89a", "image", true },
	{ "image/gif",			"GIF89a", "image", true },
	{ "image/jpg",			"GIF89a", "image", true },
	{ "video/mp4",			"GIF89a", "image", true },
	{ "application/octet-stream",	"GIF89a", "image", true },
	{ "text/plain",			"GIF89a", "image", true },
	{ "nonsense",			"GIF89a", "image", true },
	{ "text/html",			"GIF89a", "image", true },
	{ "Text/HTML; charset=utf-8",	"\1\2",	"image", false },
	{ "text/html;charset=utf-8",	"\1\2",	"video", false },
	{ "text/html",			"\1\2",	"file", true },
	{ "application/xhtml+xml",	"\1\2",	"image", false },
	{ "application/json",		"\1\2",	"audio", false },
	{ "application/json",		"GIF89a", "image", true },
	{ "application/problem+json",	"\1\2",	"image", false },
	{ "application/xml",		"\1\2",	"image", false },
	{ "text/xml",			"\1\2",	"image", false },
	{ "image/png",			"\1\2",	"image", true },
	{ "text/xml",			"<svg/>", "image", true },
	{ "text/html",			"<svg/>", "image", true },
	{ "image/svg+xml",		"<svg/>", "image", true },
	{ "application/json",		"{}",	"file", true },
	{ "application/json",		"{}",	"text", true },
	{ "text/html",			"words", "text", true },
};

static void
test_agreements(void)
{
	struct errbuf	err;
	size_t		i;
	bool		agrees;

	for (i = 0; i < sizeof(agreements) / sizeof(agreements[0]); i++) {
		errbuf_set(&err, "%s", "");
		agrees = media_agrees(sniff(agreements[i].bytes,
		    strlen(agreements[i].bytes)), agreements[i].kind,
		    agreements[i].declared, &err);
		CU_ASSERT_EQUAL(agrees, agreements[i].agrees);
		CU_ASSERT_EQUAL(err.text[0] == '\0', agreements[i].agrees);
	}
}

/* Bytes of chance, and a head full of files within files: any answer will do,
 * and it comes. */
static void
test_noise(void)
{
	static const char	tag[] = "ID3\3\0\0\0\0\0\0";
	char			bytes[MEDIA_HEAD];
	unsigned		x = 12345;
	size_t			i, turn;

	for (turn = 0; turn < 200; turn++) {
		for (i = 0; i < sizeof(bytes); i++) {
			x = x * 1103515245 + 12345;
			bytes[i] = (char)(x >> 16);
		}
		CU_ASSERT_PTR_NOT_NULL(sniff(bytes, 1 + turn * 2));
		/* Each two bytes begin a file of some kind. */
		CU_ASSERT_PTR_NOT_NULL(sniff(cases[turn % 40].bytes, 2));
	}
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = tag[i % (sizeof(tag) - 1)];
	CU_ASSERT_STRING_EQUAL(sniff(bytes, sizeof(bytes))->extension, "mp3");
}

/* Padding that ends like a boot sector is none. */
static void
test_padding(void)
{
	char	bytes[MEDIA_HEAD];

	memset(bytes, 0x55, sizeof(bytes));
	memcpy(bytes, "\xff\xf3\x38\xc4\0", 5);
	bytes[511] = (char)0xaa;
	CU_ASSERT_STRING_EQUAL(sniff(bytes, sizeof(bytes))->extension, "mp3");
}

/* No database, or an empty one, is told before a file is taken for unknown. */
static void
test_database(void)
{
	char		dir[SCRATCH_PATH], *path;
	struct errbuf	err;

	scratch_make(dir);
	scratch_need(asprintf(&path, "%s/magic", dir) != -1, dir);
	(void)setenv("MAGIC", path, 1);
	CU_ASSERT_PTR_NULL(mime_open(&err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "libmagic-mgc"));
	scratch_write(path, 0600, "# nothing in it\n");
	CU_ASSERT_PTR_NULL(mime_open(&err));
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "empty"));
	(void)unsetenv("MAGIC");
	free(path);
	scratch_remove(dir);
}

static const struct {
	const char	*bytes;
	size_t		 len;
	enum media_end	 end;
} ends[] = {
	{ BYTES("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0IEND\xae\x42\x60\x82"),
	    MEDIA_WHOLE },
	{ BYTES("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0IEND\xae\x42\x60"),
	    MEDIA_UNSURE },
	{ BYTES("\xff\xd8\xff\xe0xx\xff\xd9"), MEDIA_WHOLE },
	{ BYTES("\xff\xd8\xff\xe0xx\xff"), MEDIA_UNSURE },
	{ BYTES("GIF89a\0;"), MEDIA_WHOLE },
	{ BYTES("GIF89a\0"), MEDIA_UNSURE },
	{ BYTES("RIFF\x06\0\0\0WAVExx"), MEDIA_WHOLE },
	{ BYTES("RIFF\x06\0\0\0WAVEx"), MEDIA_SHORT },
	/* written to a pipe: no length */
	{ BYTES("RIFF\xff\xff\xff\xffWAVEx"), MEDIA_WHOLE },
	{ BYTES("RIFF\x24\xf0\xff\x7fWAVEx"), MEDIA_WHOLE },
	{ BYTES("RF64\xff\xff\xff\xffWAVEx"), MEDIA_WHOLE },
	{ BYTES("RIFF\0\xef\xff\x7fWAVEx"), MEDIA_SHORT },
	/* a header that says more than came, though the samples are there; that
	 * counts itself in; that lacks samples; that never knew how many */
	{ BYTES("RIFF\x54\0\0\0WAVEfmt \x02\0\0\0xxdata\4\0\0\0abcd"),
	    MEDIA_UNSURE },
	{ BYTES("RIFF\x40\0\0\0WAVEfmt \x02\0\0\0xxdata\x24\0\0\0abcd"),
	    MEDIA_UNSURE },
	{ BYTES("RIFF\x80\0\0\0WAVEfmt \x02\0\0\0xxdata\x64\0\0\0abcd"),
	    MEDIA_SHORT },
	{ BYTES("RIFF\x80\0\0\0WAVEfmt \x02\0\0\0xxdata\0\0\0\0abcd"),
	    MEDIA_WHOLE },
	{ BYTES("RIFF\x80\0\0\0WAVEfmt \x02\0\0\0xxdata\xff\xff\xff\xff" "ab"),
	    MEDIA_WHOLE },
	{ BYTES("RIFF\0\0\0\0WAVEfmt \x02\0\0\0xxdata\0\0\0\0abcd"),
	    MEDIA_WHOLE },
	{ BYTES("RIFF\x80\0\0\0WAVELIST\1\0\0\0x\0data\4\0\0\0abcd"),
	    MEDIA_UNSURE },
	{ BYTES("RIFF\x80\0\0\0WAVEfmt \xff\xff\xff\xffxx"), MEDIA_SHORT },
	/* a pad that was left out */
	{ BYTES("RIFF\x06\0\0\0WEBPVP8 x"), MEDIA_WHOLE },
	{ BYTES("RIFF\x0a\0\0\0WEBPVP8 x"), MEDIA_UNSURE },
	{ BYTES("RIFF\x0b\0\0\0WEBPVP8 x"), MEDIA_SHORT },
	{ BYTES("glTF\2\0\0\0\x0e\0\0\0xx"), MEDIA_WHOLE },
	{ BYTES("glTF\2\0\0\0\x0e\0\0\0x"), MEDIA_SHORT },
	{ BYTES("%PDF-1.7"), MEDIA_WHOLE },
	/* two boxes; the second whole, cut, and with bytes behind it */
	{ BYTES("\0\0\0\x0c" "ftypisom\0\0\0\x0a" "mdatxx"), MEDIA_WHOLE },
	{ BYTES("\0\0\0\x0c" "ftypisom\0\0\0\x0a" "mdatx"), MEDIA_SHORT },
	{ BYTES("\0\0\0\x0c" "ftypisom\0\0\0\x0a" "mdatxxyyy"), MEDIA_WHOLE },
	/* bytes behind that begin no box, or one that holds nothing; before
	 * there is anything; and one that is cut */
	{ BYTES("\0\0\0\x0c" "ftypisom\0\0\0\x0a" "mdatxxGARBAGE!"),
	    MEDIA_UNSURE },
	{ BYTES("\0\0\0\x0c" "ftypisom\0\0\0\x0a" "mdatxx\0\0\0\x20" "freex"),
	    MEDIA_UNSURE },
	{ BYTES("\0\0\0\x0c" "ftypisomGARBAGE!"), MEDIA_SHORT },
	{ BYTES("\0\0\0\x0c" "ftypisom\0\0\0\x0a" "mdatxx\0\0\0\x20" "moovx"),
	    MEDIA_SHORT },
	{ BYTES("\0\0\0\x0c" "ftypisom\0\0\0\x0a" "mdatxx\0\0\0\0\0\0\0\0"),
	    MEDIA_WHOLE },
	/* a size of 64 bits */
	{ BYTES("\0\0\0\x0c" "ftypisom\0\0\0\1mdat\0\0\0\0\0\0\0\x11x"),
	    MEDIA_WHOLE },
	{ BYTES("\0\0\0\x0c" "ftypisom\0\0\0\1mdat\0\0\0\0\0\0\0\x12x"),
	    MEDIA_SHORT },
	/* up to the end, and no box at all */
	{ BYTES("\0\0\0\x0c" "ftypisom\0\0\0\0mdatx"), MEDIA_WHOLE },
	{ BYTES("\0\0\0\x0c" "ftypisom\0\0\0\3mdatx"), MEDIA_WHOLE },
	{ BYTES("\0\0\0\x0c" "ftypisom\0\0\0\1mdat\xff\xff\xff\xff\xff\xff"
	    "\xff\xff"), MEDIA_WHOLE },
};

/* What stands beyond the head has a say where the head is a comment. */
static void
test_long_comments(void)
{
	static const struct {
		const char	*end;
		const char	*extension;
	}			 rows[] = { { "--><svg/>", "svg" },
				    { "--><html>", "html" },
				    { "--><?xml?><!-- more --><svg/>", "svg" },
				    { "--><Error/>", "xml" },
				    { "--><svg", "svg" },
				    { "", "xml" } };
	static const char	 start[] = "<?xml version=\"1.0\"?>\n<!-- ";
	size_t			 i, n, len;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (n = 450; n < 20000; n += n < 520 ? 1 : 7777) {
			struct media_watch	w = { 0 };

			media_watch(&w, start, sizeof(start) - 1);
			for (len = 0; len < n; len++)
				media_watch(&w, &"-> <svg>"[len % 8], 1);
			CU_ASSERT_TRUE(media_is_open(&w));
			media_watch(&w, rows[i].end, strlen(rows[i].end));
			CU_ASSERT_STRING_EQUAL(media_of(mime, &w)->extension,
			    rows[i].extension);
		}
}

static const struct {
	const char	*bytes;
	size_t		 len;
	const char	*link;
	const char	*declared;
	const char	*extension;
} names[] = {
	{ BYTES("v 0 0 0\n"), "https://h/a.obj", "", "obj" },
	{ BYTES("v 0 0 0\n"), "https://h/a.OBJ?sig=b.c", "", "obj" },
	{ BYTES("v 0 0 0\n"), "https://h/view?filename=a.obj&type=x", "", "obj" },
	{ BYTES("v 0 0 0\n"), "https://h/view", "Model/OBJ; charset=utf-8", "obj" },
	{ BYTES("v 0 0 0\n"), "https://h.obj/view#a.obj", "", "txt" },
	{ BYTES("# only a comment, so far"), "https://h/a.obj", "", "obj" },
	{ BYTES("\n# by hand\r\n\r\nmtllib a.mtl\n"), "https://h/a.obj", "", "obj" },
	{ BYTES("very sorry\n"), "https://h/a.obj", "", "txt" },
	{ BYTES("{\"v\":1}"), "https://h/a.obj", "", "json" },
	{ BYTES("GIF89a\1\0\1\0"), "https://h/a.obj", "model/obj", "gif" },
	{ BYTES("newmtl a\n"), "https://h/a.mtl", "", "mtl" },
	{ BYTES("solid a\n"), "https://h/a.stl", "", "stl" },
	{ BYTES("solidly refused\n"), "https://h/a.stl", "", "txt" },
	{ BYTES("a head\0\0\0\0\1\2\3"), "https://h/a.stl", "", "stl" },
	{ BYTES("a head\0\0\0\0\1\2\3"), "https://h/a", "application/sla", "stl" },
	{ BYTES("{ \"asset\": {"), "https://h/a.gltf", "", "gltf" },
	{ BYTES("{\"scenes\":[]"), "https://h/a", "model/gltf+json", "gltf" },
	{ BYTES("{\"assets\":[]"), "https://h/a.gltf", "", "json" },
	{ BYTES("{\"error\":{"), "https://h/a.gltf", "", "json" },
	{ BYTES("{}"), "https://h/a.gltf", "", "json" },
	{ BYTES("#usda 1.0\n"), "https://h/a.usda", "", "usd" },
	{ BYTES("PK\3\4\x0a\0\0\0"), "https://h/a.usdz", "", "usdz" },
	{ BYTES("PK\3\4\x0a\0\0\0"), "https://h/a.3mf", "", "3mf" },
	{ BYTES("PK\3\4\x0a\0\0\0"), "https://h/a.obj", "", "zip" },
	{ BYTES("<?xml version=\"1.0\"?><COLLADA>"), "https://h/a.dae", "", "dae" },
	{ BYTES("<?xml version=\"1.0\"?><Error/>"), "https://h/a.dae", "", "xml" },
	{ BYTES("<html>"), "https://h/a.dae", "", "html" },
	{ BYTES("; FBX 7.4.0 project file\n"), "https://h/a.fbx", "", "fbx" },
	{ BYTES("no such file\n"), "https://h/a.fbx", "", "txt" },
	{ BYTES("#?RADIANCE\n"), "https://h/a.hdr", "", "hdr" },
	{ BYTES("{\"a\":1}\n{\"a\":2}\n"), "https://h/a.jsonl", "", "jsonl" },
	{ BYTES("{\"a\":1}\n{\"a\":2}\n"), "https://h/a", "application/x-ndjson", "jsonl" },
	{ BYTES("not found\n"), "https://h/a.jsonl", "", "txt" },
	/* quiet sound, and words */
	{ BYTES("\xd5\xd5\xd5\xd5\xd5\xd5\x55\xd4"), "https://h/a.alaw", "", "alaw" },
	{ BYTES("\xd5\xd5\xd5\xd5\xd5\xd5\x55\xd4"), "https://h/a", "audio/PCMA", "alaw" },
	{ BYTES("UUUUUUUUTUUUUUUU"), "https://h/a.alaw", "", "alaw" },
	{ BYTES("\xff\xff\x7f\xff\xfe\x7e"), "https://h/a.ulaw", "", "ulaw" },
	{ BYTES("\1\0\2\0\1\0\xff\xff"), "https://h/a.pcm", "", "pcm" },
	{ BYTES("\1\0\2\0\1\0\xff\xff"), "https://h/a.wav", "", "bin" },
	{ BYTES("\1\0\2\0\1\0\xff\xff"), "https://h/a.tga", "", "tga" },
	{ BYTES("Not found, and nobody knows why"), "https://h/a.alaw", "audio/PCMA", "txt" },
	{ BYTES("Les donn\xe9" "es n'existent pas"), "https://h/a.alaw", "", "txt" },
	{ BYTES("\xe4\xbd\xa0\xe5\xa5\xbd \xe4\xb8\x96\xe7\x95\x8c"), "https://h/a.ulaw", "", "txt" },
	{ BYTES("{\"error\":\"gone\"}"), "https://h/a.alaw", "audio/PCMA", "json" },
	{ BYTES("<html>"), "https://h/a.alaw", "audio/PCMA", "html" },
};

static void
test_names(void)
{
	const struct media	*m;
	size_t			 i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct media_watch	w = { 0 };

		media_watch(&w, names[i].bytes, names[i].len);
		m = media_named(media_of(mime, &w), &w, names[i].link,
		    names[i].declared);
		CU_ASSERT_STRING_EQUAL(m->extension, names[i].extension);
		if (strcmp(m->extension, names[i].extension) != 0)
			(void)fprintf(stderr, "\n    row %zu: %s\n", i,
			    m->extension);
	}
}

/* A stream of packets is one by where they begin, and not a text with a G at
 * three places. */
static void
test_packets(void)
{
	char	bytes[MEDIA_HEAD];

	memset(bytes, 0xff, sizeof(bytes));
	bytes[0] = bytes[188] = bytes[376] = 'G';
	bytes[3] = 0x10;
	CU_ASSERT_STRING_EQUAL(sniff(bytes, sizeof(bytes))->extension, "ts");
	bytes[188] = 'g';
	CU_ASSERT_STRING_EQUAL(sniff(bytes, sizeof(bytes))->extension, "bin");
	memset(bytes, 0, sizeof(bytes));
	bytes[4] = bytes[196] = bytes[388] = 'G';
	CU_ASSERT_STRING_EQUAL(sniff(bytes, sizeof(bytes))->extension, "ts");
	memset(bytes, 'x', sizeof(bytes));
	bytes[0] = bytes[188] = bytes[376] = 'G';
	CU_ASSERT_STRING_EQUAL(sniff(bytes, sizeof(bytes))->extension, "txt");
}

/* However the bytes are cut into pieces, the end is the same. */
static void
test_ends(void)
{
	enum media_end	end;
	size_t		i, step, at, n;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		for (step = 1; step <= ends[i].len; step++) {
			struct media_watch	w = { 0 };

			for (at = 0; at < ends[i].len; at += n) {
				n = ends[i].len - at;
				n = n < step ? n : step;
				media_watch(&w, ends[i].bytes + at, n);
			}
			CU_ASSERT_EQUAL(w.bytes, ends[i].len);
			end = media_end(media_detect(mime, w.head,
			    w.headlen), &w);
			CU_ASSERT_EQUAL(end, ends[i].end);
			if (end != ends[i].end)
				(void)fprintf(stderr, "\n    row %zu\n", i);
		}
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "types by first bytes", test_types },
		{ "what fits a kind", test_kinds },
		{ "pages in disguise", test_polyglots },
		{ "texts in disguise", test_texts },
		{ "what a server declares", test_agreements },
		{ "bytes of chance", test_noise },
		{ "padding", test_padding },
		{ "long comments", test_long_comments },
		{ "what a file is by name", test_names },
		{ "packets", test_packets },
		{ "no database", test_database },
		{ "cut files", test_ends },
		{ NULL, NULL }
	};

	struct errbuf	err;
	int		status;

	if ((mime = mime_open(&err)) == NULL) {
		(void)fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	status = cunit_run("media", tests);
	mime_close(mime);
	return status;
}
