#include <stdio.h>

#include "tests/cunit_main.h"
#include "tests/fixture.h"

static const struct {
	const char	*url;
	int64_t		 at_s;	/* 0: it does not say */
} urls[] = {
	/* AWS SigV4 */
	{ "https://h/a?X-Amz-Date=20250925T091248Z&X-Amz-Expires=3600",
	  1758795168 },
	{ "https://h/a?X-Amz-Expires=3600&x=1&"
	  "X-Amz-Date=20250925T091248Z#f", 1758795168 },
	{ "https://h/a?x-amz-date=20250925T091248Z&x-amz-expires=1",
	  1758791569 },
	{ "https://h/a?X%2DAmz%2dDate=20250925T09124%38Z&"
	  "X-Amz-Expires=%33600", 1758795168 },
	{ "https://h/a?X-Amz-Date=20240229T000000Z&X-Amz-Expires=60",
	  1709164860 },
	{ "https://h/a?X-Amz-Date=20230229T000000Z&X-Amz-Expires=60",
	  0 },
	{ "https://h/a?X-Amz-Date=20250925T0912Z&X-Amz-Expires=60",
	  0 },
	{ "https://h/a?X-Amz-Date=20250925T091248&X-Amz-Expires=60",
	  0 },
	{ "https://h/a?X-Amz-Date=20250925T091248ZZ&X-Amz-Expires=60",
	  0 },
	{ "https://h/a?X-Amz-Date=20250925T091248Z&X-Amz-Expires=-1",
	  0 },
	{ "https://h/a?X-Amz-Date=20250925T091248Z&X-Amz-Expires=0",
	  0 },
	{ "https://h/a?X-Amz-Date=20250925T091248Z&X-Amz-Expires=6s",
	  0 },
	{ "https://h/a?X-Amz-Date=20250925T091248Z", 0 },
	{ "https://h/a?X-Amz-Expires=3600", 0 },
	{ "https://h/a?X-Amz-Date=20250925T091248Z&"
	  "X-Amz-Expires=9999999999999999999", 0 },
	{ "https://h/a?X-Amz-Date=20250925T091248Z&"
	  "X-Amz-Expires=999999999999", 0 },
	/* the same form of others */
	{ "https://h/a?X-Goog-Date=20250925T091248Z&"
	  "X-Goog-Expires=900", 1758792468 },
	{ "https://h/a?x-oss-date=20250925T091248Z&x-oss-expires=900",
	  1758792468 },
	{ "https://h/a?X-Tos-Date=20250925T091248Z&X-Tos-Expires=900",
	  1758792468 },
	{ "https://h/a?X-Amz-Date=20250925T091248Z&x-oss-expires=900",
	  0 },
	/* Aliyun, AWS SigV2, CloudFront */
	{ "https://h/a?OSSAccessKeyId=k&Expires=1764003600&"
	  "Signature=s%3D", 1764003600 },
	{ "https://h/a?AWSAccessKeyId=k&Expires=1764003600&"
	  "Signature=s", 1764003600 },
	{ "https://h/a?Expires=1764003600&Signature=s&Key-Pair-Id=K",
	  1764003600 },
	{ "https://h/a?Expires=3600", 0 },
	{ "https://h/a?Expires=Thu", 0 },
	{ "https://h/a?Expires=", 0 },
	{ "https://h/a?Expires", 0 },
	{ "https://h/a?NotExpires=1764003600", 0 },
	{ "https://h/Expires=1764003600", 0 },
	{ "https://h/a#?Expires=1764003600", 0 },
	{ "https://h/a?x=1#&Expires=1764003600", 0 },
	{ "https://h/a?Expires=1764003600&Expires=1764000000",
	  1764003600 },
	/* Tencent COS */
	{ "https://h/a?q-sign-time=1750392487;1750396087", 1750396087 },
	{ "https://h/a?q-sign-time=1750392487%3B1750396087",
	  1750396087 },
	{ "https://h/a?q-sign-time=1750392487%3b1750396087&q=1",
	  1750396087 },
	{ "https://h/a?q-sign-time=1750392487", 0 },
	{ "https://h/a?q-sign-time=1750392487;", 0 },
	{ "https://h/a?q-sign-time=1;2x", 0 },
	/* the earlier of two */
	{ "https://h/a?Expires=1758795000&"
	  "X-Amz-Date=20250925T091248Z&X-Amz-Expires=3600",
	  1758795000 },
	{ "https://h/a?Expires=1758799999&"
	  "X-Amz-Date=20250925T091248Z&X-Amz-Expires=3600",
	  1758795168 },
	/* none */
	{ "https://h/a", 0 },
	{ "https://h/a?", 0 },
	{ "https://h/a?&&&=&=1", 0 },
	{ "https://h/a?%&%4&Expires=%", 0 },
	{ "", 0 },
};

static void
test_urls(void)
{
	size_t	i;
	usec_t	got;

	for (i = 0; i < COUNT(urls); i++) {
		got = url_expires_at(urls[i].url);
		CU_ASSERT_EQUAL(got, urls[i].at_s * USEC_PER_SEC);
		if (got != urls[i].at_s * USEC_PER_SEC)
			fprintf(stderr, "\n    %s gives %lld\n", urls[i].url,
			    (long long)got);
	}
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "URLs",	test_urls },
		{ NULL,		NULL }
	};

	return cunit_run("expiry", tests);
}
