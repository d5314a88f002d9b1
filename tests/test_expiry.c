/* handlers/expiry: when links end, by what stands in them. */
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
	/* other names, and other forms of a moment */
	{ "https://h/a?sv=2024-05-04&se=2026-11-29T20%3A13%3A31Z&sr=b&sp=r&"
	  "sig=x", 1795983211 },
	{ "https://h/a?se=2026-11-29T20:13:31Z", 0 },
	{ "https://h/a?lk3s=a&x-expires=1795983211&x-signature=x",
	  1795983211 },
	{ "https://h/a?expire=1795983211&sig=x", 1795983211 },
	{ "https://h/a?expires=1795983211000&sig=x", 1795983211 },
	{ "https://h/a?Expires=2026-11-29T20%3A13%3A31Z", 1795983211 },
	{ "https://h/a?expiry=1795983211", 1795983211 },
	{ "https://h/a?expires_at=1795983211", 1795983211 },
	{ "https://h/a?token_expiry=1795983211", 1795983211 },
	{ "https://h/a?exp=1795983211&t=x", 1795983211 },
	{ "https://h/a?deadline=1795983211", 1795983211 },
	{ "https://h/a?e=1795983211&token=x", 1795983211 },
	{ "https://h/a?e=1795983211", 0 },
	{ "https://h/a?st=x&e=1795983211", 1795983211 },
	{ "https://h/a?md5=x&expires=1795983211", 1795983211 },
	{ "https://h/a?expires=17959832110000", 0 },
	{ "https://h/a?expires=253402300799", 0 },
	{ "https://h/a?experiment=1795983211", 0 },
	/* in hexadecimal */
	{ "https://h/a?ex=6b0c4d6b&is=6b0c3f5b&hm=x", 1795968363 },
	{ "https://h/a?ex=6b0c4d6b", 0 },
	{ "https://h/a?ex=6b0c4d&hm=x", 0 },
	{ "https://h/a?txSecret=x&txTime=6B0C876B", 1795983211 },
	/* with more behind or around it */
	{ "https://h/a?auth_key=1795983211-0-0-x", 1795983211 },
	{ "https://h/a?auth_key=x-0-0-1795983211", 0 },
	{ "https://h/a?hdnts=exp=1795983211~acl=/*~hmac=x", 1795983211 },
	{ "https://h/a?hdnts=st=1795979611~exp=1795983211~hmac=x",
	  1795983211 },
	{ "https://h/a?hdnea=exp%3D1795983211~acl%3D%2F*~hmac%3Dx",
	  1795983211 },
	{ "https://h/a?x=1&edge-cache-token=Expires=1795983211~Signature=x",
	  1795983211 },
	{ "https://h/exp=1795983211~acl=/*~hmac=x/a.mp4", 0 },
	{ "https://h/exp=1795983211~acl=*~hmac=x/a.mp4", 1795983211 },
	{ "https://h/bcdn_token=x&expires=1795983211&token_path=%2F/a.mp4",
	  1795983211 },
	/* from HTML */
	{ "https://h/a?X-Amz-Date=20261129T191331Z&amp;X-Amz-Expires=3600"
	  "&amp;X-Amz-Signature=x", 1795983211 },
	{ "https://h/a?x=1&amp;Expires=1795983211", 1795983211 },
	/* CloudFront's policies, one with Base64's odd characters */
	{ "https://h/a?Policy=eyJTdGF0ZW1lbnQiOlt7IkNvbmRpdGlvbiI6eyJEYXRlTGV"
	  "zc1RoYW4iOnsiQVdTOkVwb2NoVGltZSI6MTc5NTk4MzIxMX19fV19&"
	  "Signature=x&Key-Pair-Id=K", 1795983211 },
	{ "https://h/a?Policy=eyJTdGF0ZW1lbnQiOlt7IlJlc291cmNlIjoiaHR0cHM6Ly9o"
	  "Lz8~fiIsIkNvbmRpdGlvbiI6eyJEYXRlTGVzc1RoYW4iOnsiQVdTOkVwb2NoVGltZS"
	  "I6IDE3OTU5ODMyMTF9fX1dfQ__&Signature=x", 1795983211 },
	{ "https://h/a?Policy=nonsense&Signature=x", 0 },
	/* JSON Web Tokens */
	{ "https://h/a?_jwt=eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE3OTU5ODMyMTF9.x",
	  1795983211 },
	{ "https://h/a?token=eyJhbGciOiJIUzI1NiJ9."
	  "eyJzdWIiOiJhIiwiZXhwIjogMTc5NTk4MzIxMSwiaWF0IjoxNzk1OTc5NjExfQ.x",
	  1795983211 },
	{ "https://h/a?token=opaque.text.here", 0 },
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
		got = url_end(urls[i].url).at;
		CU_ASSERT_EQUAL(got, urls[i].at_s * USEC_PER_SEC);
		if (got != urls[i].at_s * USEC_PER_SEC)
			fprintf(stderr, "\n    %s gives %lld\n", urls[i].url,
			    (long long)got);
	}
}

/* A signed link has an end, whether it can be read or not. */
static void
test_signed(void)
{
	static const struct {
		const char	*url;
		bool		 is_signed;
	} rows[] = {
		{ "https://h/a", false },
		{ "https://h/a?width=100&format=png", false },
		{ "https://h/a?Signature=x&Key-Pair-Id=K", true },
		{ "https://h/a?sig=x", true },
		{ "https://h/a?x-id=GetObject&X-Amz-Signature=x", true },
		{ "https://h/a?token=opaque", true },
		{ "https://h/a?wsSecret=x&wsTime=6b0c876b", true },
		{ "https://h/a?hdnts=st=1~hmac=x", true },
		{ "https://h/a?design=1&assign=2", false },
		{ "https://h/exp=1~hmac=x/a", true },
	};
	size_t	i;

	for (i = 0; i < COUNT(rows); i++) {
		CU_ASSERT_EQUAL(url_end(rows[i].url).is_signed,
		    rows[i].is_signed);
		if (url_end(rows[i].url).is_signed != rows[i].is_signed)
			fprintf(stderr, "\n    %s\n", rows[i].url);
	}
}

int
main(void)
{
	static const struct test	tests[] = {
		{ "URLs",	test_urls },
		{ "signed",	test_signed },
		{ NULL,		NULL }
	};

	return cunit_run("expiry", tests);
}
