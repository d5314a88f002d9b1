/*
 * Outputs: small valid media that differ from task to task.  A file is a
 * head, an own part and a tail.  Head and tail are shared by all files of a
 * kind, and the head's checksum is taken once, so that a thousand padded
 * files a second cost little.
 */
#include <stdlib.h>
#include <string.h>

#include "fixtures.h"
#include "media.h"

#define PNG_SIDE	8
#define PNG_ROW		(1 + 3 * PNG_SIDE)	/* filter byte, then RGB */
#define PNG_RAW		(PNG_ROW * PNG_SIDE)
#define WAV_RATE	8000
#define WAV_OWN		128			/* bytes of own samples */
#define WAV_BASE	1600			/* a tenth of a second */

struct bytes {
	uint8_t	*data;
	size_t	 len, size;
};

static struct {
	struct bytes		 head, tail;
	struct sha256_ctx	 head_sum;
} shared[MEDIA__MAX];

static void
put(struct bytes *b, const void *data, size_t len)
{
	if (len > b->size - b->len)
		abort();	/* the sizes below are wrong */
	memcpy(b->data + b->len, data, len);
	b->len += len;
}

static void
put_be32(struct bytes *b, uint32_t n)
{
	uint8_t	 v[4] = { n >> 24, n >> 16, n >> 8, n };

	put(b, v, sizeof(v));
}

static void
put_le32(struct bytes *b, uint32_t n)
{
	uint8_t	 v[4] = { n, n >> 8, n >> 16, n >> 24 };

	put(b, v, sizeof(v));
}

static void
put_le16(struct bytes *b, uint16_t n)
{
	uint8_t	 v[2] = { n & 255, n >> 8 };

	put(b, v, sizeof(v));
}

/* CRC-32 of RFC 1952, section 8, without its table. */
static uint32_t
crc32_of(const uint8_t *p, size_t len)
{
	uint32_t	 crc = 0xffffffff;

	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0xedb88320 & (0 - (crc & 1)));
	}
	return ~crc;
}

static uint32_t
adler32_of(const uint8_t *p, size_t len)
{
	uint32_t	 a = 1, b = 0;

	for (size_t i = 0; i < len; i++) {
		a = (a + p[i]) % 65521;
		b = (b + a) % 65521;
	}
	return b << 16 | a;
}

/* A PNG chunk whose data was put behind its eight bytes of length and type. */
static void
png_chunk_end(struct bytes *b, size_t start)
{
	uint32_t	 len = (uint32_t)(b->len - start - 8);
	struct bytes	 at = { b->data + start, 0, 4 };

	put_be32(&at, len);
	put_be32(b, crc32_of(b->data + start + 4, len + 4));
}

static size_t
png_chunk_start(struct bytes *b, const char *type)
{
	size_t	 start = b->len;

	put_be32(b, 0);
	put(b, type, 4);
	return start;
}

static void
put_zeros(struct bytes *b, size_t len)
{
	if (len > b->size - b->len)
		abort();
	memset(b->data + b->len, 0, len);
	b->len += len;
}

static void
png_shared(struct bytes *head, struct bytes *tail, size_t pad)
{
	static const uint8_t	 magic[] = "\x89PNG\r\n\x1a\n";
	static const uint8_t	 rgb8[5] = { 8, 2, 0, 0, 0 };
	size_t			 at;

	put(head, magic, 8);
	at = png_chunk_start(head, "IHDR");
	put_be32(head, PNG_SIDE);
	put_be32(head, PNG_SIDE);
	put(head, rgb8, sizeof(rgb8));
	png_chunk_end(head, at);
	if (pad > 0) {
		/* Ancillary, private, safe to copy. */
		at = png_chunk_start(head, "gnHk");
		put_zeros(head, pad);
		png_chunk_end(head, at);
	}
	at = png_chunk_start(tail, "IEND");
	png_chunk_end(tail, at);
}

/* One stored block (RFC 1951, 3.2.4) in a zlib wrapping (RFC 1950). */
static void
png_own(struct bytes *own, const uint8_t *key)
{
	static const uint8_t	 zlib[] = { 0x78, 0x01, 0x01 };
	uint8_t			 raw[PNG_RAW];
	size_t			 at;

	for (size_t i = 0; i < sizeof(raw); i++)
		raw[i] = i % PNG_ROW == 0 ? 0 :
		    key[i % 32] ^ (uint8_t)(i / 32 * 37);
	at = png_chunk_start(own, "IDAT");
	put(own, zlib, sizeof(zlib));
	put_le16(own, PNG_RAW);
	put_le16(own, (uint16_t)~PNG_RAW);
	put(own, raw, sizeof(raw));
	put_be32(own, adler32_of(raw, sizeof(raw)));
	png_chunk_end(own, at);
}

static void
jpeg_shared(struct bytes *head, struct bytes *tail, size_t pad)
{
	(void)pad;
	put(head, fixture_base_jpg, 2);
	put(tail, fixture_base_jpg + 2, fixture_base_jpg_len - 2);
}

static void
jpeg_own(struct bytes *own, const uint8_t *key)
{
	static const uint8_t	 com[] = { 0xff, 0xfe, 0, 2 + 64 };
	char			 hex[HASH_HEX];

	hash_hex(key, 32, hex);
	put(own, com, sizeof(com));
	put(own, hex, 64);
}

static void
mp4_shared(struct bytes *head, struct bytes *tail, size_t pad)
{
	(void)tail;
	put(head, fixture_base_mp4, fixture_base_mp4_len);
	if (pad > 0) {
		put_be32(head, (uint32_t)pad + 8);
		put(head, "free", 4);
		put_zeros(head, pad);
	}
}

static void
mp4_own(struct bytes *own, const uint8_t *key)
{
	put_be32(own, 8 + 32);
	put(own, "free", 4);
	put(own, key, 32);
}

static void
mp3_shared(struct bytes *head, struct bytes *tail, size_t pad)
{
	(void)tail, (void)pad;
	put(head, fixture_base_mp3, fixture_base_mp3_len);
}

/* ID3v1: "TAG", title, artist, album, year, comment, genre; 128 bytes. */
static void
mp3_own(struct bytes *own, const uint8_t *key)
{
	char	 hex[HASH_HEX];

	hash_hex(key, 32, hex);
	put(own, "TAG", 3);
	put(own, hex, 60);
	put_zeros(own, 30 + 4);
	put(own, hex + 34, 30);
	put(own, "\xff", 1);
}

static void
wav_shared(struct bytes *head, struct bytes *tail, size_t pad)
{
	uint32_t	 samples = (uint32_t)(WAV_BASE + pad) & ~1U;
	uint32_t	 data = samples + WAV_OWN;

	(void)tail;
	put(head, "RIFF", 4);
	put_le32(head, 36 + data);
	put(head, "WAVEfmt ", 8);
	put_le32(head, 16);
	put_le16(head, 1);		/* PCM */
	put_le16(head, 1);		/* mono */
	put_le32(head, WAV_RATE);
	put_le32(head, WAV_RATE * 2);
	put_le16(head, 2);
	put_le16(head, 16);
	put(head, "data", 4);
	put_le32(head, data);
	put_zeros(head, samples);
}

static void
wav_own(struct bytes *own, const uint8_t *key)
{
	for (int i = 0; i < WAV_OWN / 32; i++)
		put(own, key, 32);
}

/* One line of a batch's answers. */
static void
jsonl_own(struct bytes *own, const uint8_t *key)
{
	static const char	 head[] = "{\"custom_id\":\"request-1\","
				    "\"error\":null,\"response\":{"
				    "\"status_code\":200,\"body\":\"";
	char			 hex[HASH_HEX];

	hash_hex(key, 32, hex);
	put(own, head, sizeof(head) - 1);
	put(own, hex, 64);
	put(own, "\"}}\n", 4);
}

static const struct {
	const char	*extension;
	const char	*type;
	bool		 padded;
	void		(*shared)(struct bytes *, struct bytes *, size_t);
	void		(*own)(struct bytes *, const uint8_t *);
} kinds[MEDIA__MAX] = {
	[MEDIA_PNG] = { "png", "image/png", true, png_shared, png_own },
	[MEDIA_JPEG] = { "jpeg", "image/jpeg", false, jpeg_shared, jpeg_own },
	[MEDIA_MP4] = { "mp4", "video/mp4", true, mp4_shared, mp4_own },
	[MEDIA_MP3] = { "mp3", "audio/mpeg", false, mp3_shared, mp3_own },
	[MEDIA_WAV] = { "wav", "audio/wav", true, wav_shared, wav_own },
	[MEDIA_JSONL] = { "jsonl", "application/octet-stream", false, NULL,
	    jsonl_own },
	[MEDIA_TEXT] = { "txt", "text/plain", false, NULL, NULL },
};

/* The largest fixture and all headers together stay below this. */
#define SHARED_MAX	16384

static bool
bytes_open(struct bytes *b, size_t size)
{
	b->len = 0;
	b->size = size;
	return (b->data = malloc(size)) != NULL;
}

/*
 * Prepares the shared parts; files that can be padded get pad further bytes.
 * Returns false when there is no memory.  media_close() frees, also then.
 */
bool
media_open(size_t pad)
{
	for (int k = 0; k < MEDIA__MAX; k++) {
		size_t	 more = kinds[k].padded ? pad : 0;

		if (!bytes_open(&shared[k].head, SHARED_MAX + more) ||
		    !bytes_open(&shared[k].tail, SHARED_MAX))
			return false;
		if (kinds[k].shared != NULL)
			kinds[k].shared(&shared[k].head, &shared[k].tail,
			    more);
		sha256_init(&shared[k].head_sum);
		sha256_update(&shared[k].head_sum, shared[k].head.len,
		    shared[k].head.data);
	}
	return true;
}

void
media_close(void)
{
	for (int k = 0; k < MEDIA__MAX; k++) {
		free(shared[k].head.data);
		free(shared[k].tail.data);
	}
	memset(shared, 0, sizeof(shared));
}

const char *
media_extension(enum media kind)
{
	return kinds[kind].extension;
}

const char *
media_type(enum media kind)
{
	return kinds[kind].type;
}

/* Makes the file whose own part follows from the 32 bytes of key. */
void
media_make(enum media kind, const uint8_t *key, struct media_file *f)
{
	struct bytes	 own = { f->own, 0, sizeof(f->own) };

	f->kind = kind;
	if (kinds[kind].own != NULL)
		kinds[kind].own(&own, key);
	f->own_len = own.len;
}

uint64_t
media_size(const struct media_file *f)
{
	return shared[f->kind].head.len + f->own_len +
	    shared[f->kind].tail.len;
}

/* Copies up to max bytes from offset at; 0 at the end. */
size_t
media_read(const struct media_file *f, uint64_t at, void *buf, size_t max)
{
	const struct { const uint8_t *data; size_t len; } parts[] = {
		{ shared[f->kind].head.data, shared[f->kind].head.len },
		{ f->own, f->own_len },
		{ shared[f->kind].tail.data, shared[f->kind].tail.len },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (at < parts[i].len) {
			size_t	 n = parts[i].len - (size_t)at;

			n = n < max ? n : max;
			memcpy(buf, parts[i].data + at, n);
			return n;
		}
		at -= parts[i].len;
	}
	return 0;
}

void
media_sha256(const struct media_file *f, char *hex)
{
	struct sha256_ctx	 ctx = shared[f->kind].head_sum;

	sha256_update(&ctx, f->own_len, f->own);
	sha256_update(&ctx, shared[f->kind].tail.len,
	    shared[f->kind].tail.data);
	hash_finish(&ctx, hex);
}
