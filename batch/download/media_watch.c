/*
 * Does a file end where its format says?  What is kept of one that streams by
 * (its first and last bytes, and where its boxes end) tells, once all of it
 * has come.
 */
#include <string.h>

#include "batch/download/media_types.h"

#define LENGTH(a)	(sizeof(a) / sizeof((a)[0]))

static uint64_t
media_little_endian_32(const unsigned char *p)
{
	return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 |
	    (uint64_t)p[3] << 24;
}

static uint64_t
media_big_endian(const unsigned char *p, size_t n)
{
	uint64_t	v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

/* Boxes that stand at the top of a file (ISO 14496-12, table 1, QuickTime, DASH,
 * HEIF); free, skip and wide hold nothing, so that one cut short lacks nothing. */
static const char media_boxes[][5] = {
	"ftyp", "styp", "moov", "moof", "mfra", "mdat", "imda", "meta", "meco",
	"uuid", "sidx", "ssix", "prft", "emsg", "pdin", "pnot", "PICT", "udta",
	"jumb", "mpvd", "idat",
};

/* Of these, those that hold what a file is for. */
static const char media_holds[][5] = { "moov", "moof", "mdat", "meta" };

static bool
media_is_box_of(const unsigned char *name, const char (*list)[5], size_t n)
{
	while (n-- > 0)
		if (memcmp(name, list[n], 4) == 0)
			return true;
	return false;
}

/* The header of a box has come: those before it are whole. */
static void
media_note_box(struct media_watch *w)
{
	w->boxes_hold = w->boxes_hold || w->box_holds;
	w->box_holds = media_is_box_of(w->box + 4, media_holds,
	    LENGTH(media_holds));
	w->box_is_known = media_is_box_of(w->box + 4, media_boxes,
	    LENGTH(media_boxes));
}

/*
 * One more byte of a box's header (ISO 14496-12, 4.2): a size of 1 says that
 * a longer one follows, 0 that the box goes on to the end of the file.
 */
static void
media_box_byte(struct media_watch *w, unsigned char byte)
{
	uint64_t	size;

	w->box[w->boxlen++] = byte;
	if (w->boxlen < 8)
		return;
	size = media_big_endian(w->box, 4);
	if (size == 1) {
		if (w->boxlen < 16)
			return;
		size = media_big_endian(w->box + 8, 8);
	}
	media_note_box(w);
	if (size < w->boxlen || size > UINT64_MAX / 2)
		w->boxes_end = true;
	w->box_at += size;
	w->boxlen = 0;
}

static void
media_watch_boxes(struct media_watch *w, const unsigned char *data, size_t len)
{
	uint64_t	skip, at = w->bytes;

	while (len > 0 && !w->boxes_end) {
		if (at < w->box_at) {
			skip = w->box_at - at < len ? w->box_at - at : len;
			data += skip;
			len -= skip;
			at += skip;
			continue;
		}
		media_box_byte(w, *data++);
		len--;
		at++;
	}
}

void
media_watch(struct media_watch *w, const void *bytes, size_t len)
{
	const unsigned char	*data = bytes;
	size_t			 n = sizeof(w->head) - w->headlen, keep;

	if (len == 0)
		return;
	media_watch_boxes(w, data, len);
	prolog_take(&w->prolog, data, len);
	w->bytes += len;

	if (n > len)
		n = len;
	memcpy(w->head + w->headlen, data, n);
	w->headlen += n;

	n = len < sizeof(w->tail) ? len : sizeof(w->tail);
	keep = sizeof(w->tail) - n;
	if (keep > w->taillen)
		keep = w->taillen;
	memmove(w->tail, w->tail + w->taillen - keep, keep);
	memcpy(w->tail + keep, data + len - n, n);
	w->taillen = keep + n;
}

/* Types whose last bytes are always the same. */
static const struct media_end_mark {
	enum media_type	 type;
	const char	*bytes;
	size_t		 len;
} media_end_marks[] = {
	{ MEDIA_PNG, "IEND\xae\x42\x60\x82", 8 },
	{ MEDIA_JPG, "\xff\xd9", 2 },
	{ MEDIA_GIF, ";", 1 },
};

/* Types that say how long they are: a number that many bytes from the
 * beginning, how many bytes it does not count, and how many of those that it
 * counts may be missing all the same (a pad that was left out). */
static const struct media_length {
	enum media_type	type;
	size_t		at;
	uint64_t	more;
	uint64_t	slack;
} media_lengths[] = {
	{ MEDIA_WEBP, 4, 8, 1 },
	{ MEDIA_WAV,  4, 8, 0 },
	{ MEDIA_AVI,  4, 8, 1 },
	{ MEDIA_GLB,  8, 0, 0 },
};

/* A number in a header that stands for "as long as it comes": those who write
 * to a pipe put the greatest that they may. */
#define UNTOLD	UINT64_C(0x7ffff000)

/* A header that was counted in, or once too often. */
#define WAV_SLACK	64

/*
 * A WAV whose RIFF chunk says more than came.  The data chunk is what it is for:
 * if that has come, or was never counted, the server's word is as good as that of
 * a header that is known to be wrong.
 */
static enum media_end
media_wav_end(const struct media_watch *w)
{
	uint64_t	at = 12, size;

	while (at + 8 <= w->headlen) {
		size = media_little_endian_32(w->head + at + 4);
		if (memcmp(w->head + at, "data", 4) != 0) {
			at += 8 + size + size % 2;
			continue;
		}
		if (size == 0 || size >= UNTOLD)
			return MEDIA_WHOLE;
		return at + 8 + size <= w->bytes + WAV_SLACK ? MEDIA_UNSURE :
		    MEDIA_SHORT;
	}
	return MEDIA_SHORT;
}

/* Of a type that says how long it is. */
static enum media_end
media_length_end(const struct media_length *l, const struct media_watch *w)
{
	uint64_t	said;

	if (w->headlen < l->at + 4)
		return MEDIA_WHOLE;
	said = media_little_endian_32(w->head + l->at);
	if (said >= UNTOLD || w->bytes >= said + l->more)
		return MEDIA_WHOLE;
	if (l->type == MEDIA_WAV)
		return media_wav_end(w);
	return w->bytes + l->slack >= said + l->more ? MEDIA_UNSURE :
	    MEDIA_SHORT;
}

/* What begins no box that is known, behind all that the file is for, are bytes
 * that somebody put there. */
static enum media_end
media_boxes_end(const struct media_watch *w)
{
	if (w->boxes_end || w->bytes >= w->box_at)
		return MEDIA_WHOLE;
	return w->box_is_known || !w->boxes_hold ? MEDIA_SHORT : MEDIA_UNSURE;
}

static bool
media_has_end_mark(enum media_type type, const struct media_watch *w)
{
	const struct media_end_mark	*m;
	size_t				 i;

	for (i = 0; i < LENGTH(media_end_marks); i++) {
		m = &media_end_marks[i];
		if (type == m->type)
			return w->taillen >= m->len && memcmp(w->tail +
			    w->taillen - m->len, m->bytes, m->len) == 0;
	}
	return true;
}

enum media_end
media_end(const struct media *media, const struct media_watch *w)
{
	enum media_type	type = media_type_of(media);
	size_t		i;

	for (i = 0; i < LENGTH(media_lengths); i++)
		if (type == media_lengths[i].type)
			return media_length_end(&media_lengths[i], w);
	if (media_is_boxed(type))
		return media_boxes_end(w);
	return media_has_end_mark(type, w) ? MEDIA_WHOLE : MEDIA_UNSURE;
}
